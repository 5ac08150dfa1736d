"""The options that many commands share, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from contactpoint.cli.errors import CommandError, MissingSecretError
from contactpoint.cli.output import Output

Result = TypeVar("Result")

Home = Annotated[Path, typer.Option("--home", help="The node's folder.", show_default="current folder")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on standard output.")]
Officer = Annotated[str, typer.Option("--as", help="Number of the officer who acts.", metavar="OFFICER")]
SecretFile = Annotated[
    Path | None,
    typer.Option("--secret-file", help="File with the signing secret on its first line; - reads standard input."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

HERE = Path()
_LONGEST_SECRET = 1024  # characters


def output(as_json: bool) -> Output:
    """How this run speaks. Colour only on a terminal, and not where NO_COLOR is set (no-color.org)."""
    if as_json or not sys.stdout.isatty():
        return Output(json=as_json, colour=False)
    from rich.console import Console

    return Output(json=False, colour=not Console().no_color)


def run(use_case: Coroutine[Any, Any, Result]) -> Result:
    """Carry out one use case to its end."""
    import asyncio

    return asyncio.run(use_case)


def signing_secret(file: Path | None, officer: str) -> str:
    """The officer's signing secret: from a file, standard input, or typed unseen. Never from an argument or a variable,
    where other users of the machine could read it. Raises MissingSecretError when there is nobody to ask.
    """
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise MissingSecretError(
            f"This signs as {officer}, and there is no terminal to type the signing secret.",
            "Give --secret-file FILE, or --secret-file - to read it from standard input.",
        )
    secret = typer.prompt(f"Signing secret of {officer}", hide_input=True, err=True)
    return str(secret)


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone. Raises CommandError when there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"This must be confirmed: {question}", "Say --yes: there is no terminal to ask.")
    typer.confirm(question, abort=True, err=True)


def write_text(file: Path, text: str) -> None:
    """Write what was asked for where it was asked for. CommandError when it cannot be."""
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.", "Choose another place.") from error


def _first_line(file: Path) -> str:
    try:
        if str(file) == "-":
            line = sys.stdin.readline(_LONGEST_SECRET + 1)
        else:
            with file.open(encoding="utf-8") as opened:
                line = opened.readline(_LONGEST_SECRET + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CommandError(
            f"{file} cannot be read as a secret: {reason}.", "Look at the path, and at the file's rights."
        ) from error
    secret = line.rstrip("\r\n")
    if not secret or len(secret) > _LONGEST_SECRET:
        raise CommandError(
            f"{file} holds no secret on its first line.", "Write the signing secret there, and nothing else."
        )
    return secret
