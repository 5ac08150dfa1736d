"""What `init` must know, from a TOML file or from a person at the terminal."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from contactpoint.cli.errors import AnswersError, CommandError
from contactpoint.cli.options import signing_secret
from contactpoint.desk.results import MailAnswers, NodeAnswers
from contactpoint.settings import nearest
from contactpoint.settings.lines import lines_of

_NODE = {
    "state": str,
    "name": str,
    "host": str,
    "public_port": int,
    "inside_port": int,
    "register_url": str,
    "genesis": str,
    "officer": str,
    "officer_name": str,
    "officer_secret_file": str,
    "officer_mail": str,
    "phones": list,
    "mail": dict,
}
_MAIL = {
    "host": str,
    "port": int,
    "security": str,
    "sender": str,
    "recipient": str,
    "username": str,
    "password_file": str,
}
_OPTIONAL = {"officer_mail", "phones", "mail", "username", "password_file"}


def read_answers(path: Path, genesis: str | None = None) -> NodeAnswers:
    """The answers from a file; relative paths in it are beside it. AnswersError names the line.

    ``genesis`` stands in place of the file's: the digest is known only when the registrar has made the register.
    """
    try:
        text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except OSError as error:
        raise AnswersError(f"{path} cannot be read: {error.strerror}.", "Look at the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnswersError(f"{path} is not TOML: {error}.", "Mend that line.") from error
    lines = lines_of(text)
    if genesis is not None:
        given["genesis"] = genesis
    _check(given, _NODE, "", lines)
    if "mail" in given:
        _check(given["mail"], _MAIL, "mail.", lines)
    secret = signing_secret(path.parent / given["officer_secret_file"], given["officer"])
    mail = dict(given["mail"]) if "mail" in given else None
    if mail is not None and "password_file" in mail:
        mail["password_file"] = (path.parent / mail["password_file"]).resolve()
    return _answers(given, secret, MailAnswers(**mail) if mail else None)


def ask() -> NodeAnswers:
    """The answers from a person. CommandError when nobody is there."""
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask.", "Give --answers FILE.")
    given: dict[str, Any] = {
        "state": _asked("Code of the State, such as XA", _state),
        "name": _asked("Name of the contact point", _some),
        "host": _asked("Host name or address that other States dial", _some),
        "public_port": _asked("Public port", _port, "4141"),
        "inside_port": _asked("Console port", _port, "8141"),
        "register_url": _asked("Address of the register (https://...)", _url),
        "genesis": _asked("Digest of the register's genesis (64 hexadecimal digits)", _digest),
    }
    given["phones"] = [
        p.strip() for p in _asked("Telephone numbers of the desk, by comma", str, "").split(",") if p.strip()
    ]
    given["officer"] = _asked("Number of the first officer", _some, f"{given['state']}-OFF-001")
    given["officer_name"] = _asked("Name of the first officer (stays here)", _some)
    given["officer_mail"] = _asked("Mail address of the first officer, empty for none", str, "")
    secret = typer.prompt(f"Signing secret of {given['officer']}", hide_input=True, confirmation_prompt=True, err=True)
    return _answers(given, secret, _ask_mail())


def _ask_mail() -> MailAnswers | None:
    host = _asked("Mail server for notices, empty for none", str, "")
    if not host:
        return None
    security = _asked("Its security: starttls, tls or none", _security, "starttls")
    username = _asked("User name there, empty for none", str, "")
    return MailAnswers(
        host=host,
        port=_asked("Its port", _port, {"starttls": "587", "tls": "465", "none": "25"}[security]),
        security=security,
        sender=_asked("Sender's address", _mail),
        recipient=_asked("The desk's own address", _mail),
        username=username,
        password_file=Path(_asked("File with the password", _some)).resolve() if username else None,
    )


def _answers(given: Mapping[str, Any], secret: str, mail: MailAnswers | None) -> NodeAnswers:
    try:
        _state(given["state"])
        for key in ("name", "host", "officer", "officer_name"):
            _some(given[key])
        for key in ("public_port", "inside_port"):
            _port(str(given[key]))
        _url(given["register_url"])
        if mail is not None:
            _security(mail.security)
        return NodeAnswers(
            state=given["state"],
            name=given["name"],
            host=given["host"],
            public_port=given["public_port"],
            inside_port=given["inside_port"],
            register_url=given["register_url"],
            genesis=_digest(given["genesis"]),
            officer=given["officer"],
            officer_name=given["officer_name"],
            officer_secret=secret,
            officer_mail=given.get("officer_mail", ""),
            phones=tuple(str(phone) for phone in given.get("phones", ())),
            mail=mail,
        )
    except ValueError as error:
        raise AnswersError(f"{error}.", "Mend that answer.") from error


def _check(given: Mapping[str, Any], known: Mapping[str, type], prefix: str, lines: Mapping[str, int]) -> None:
    for key, value in given.items():
        place = f"line {lines.get(prefix + key, 1)}: "
        if key not in known:
            raise AnswersError(f"{place}unknown key {key!r}.", nearest(key, known))
        if not isinstance(value, known[key]) or isinstance(value, bool):
            raise AnswersError(f"{place}{key!r} is not of the kind that is asked.", f"Write a {known[key].__name__}.")
    missing = [key for key in known if key not in given and key not in _OPTIONAL]
    if missing:
        told = "Give --genesis DIGEST." if missing == ["genesis"] else "Add what is missing."
        raise AnswersError(f"{prefix or 'The file '}has no {', '.join(missing)}.", told)


def _asked(question: str, check: Callable[[str], Any], default: str | None = None) -> Any:
    while True:
        text = typer.prompt(question, default=default, show_default=bool(default), err=True)
        try:
            return check(text)
        except ValueError as error:
            typer.echo(f"{error}.", err=True)


def _state(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,8})?", text):
        raise ValueError("a State is two capital letters, such as XA, or a territory, XA-T1")
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise ValueError("this cannot be empty")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s]+", text):
        raise ValueError("the register's address starts with https:// or http://")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError("the genesis digest is 64 hexadecimal digits; the registrar publishes it")
    return text.lower()


def _mail(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("a mail address is name@host")
    return text


def _security(text: str) -> str:
    if text not in ("none", "starttls", "tls"):
        raise ValueError("mail security is none, starttls or tls")
    return text
