"""First run: make every key of a State in an empty folder, and hand its documents to the register.

No ceremony: one root, one custodian (k = n = 1). What to change before real use is written beside the keys, in custody/READ-ME.txt.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.keyring import create_keys, open_keyring
from contactpoint.desk.officers import RIGHTS, add_officer, make_key
from contactpoint.desk.results import (
    EnrolResult,
    InitResult,
    NodeAnswers,
    NodeError,
    RefusedByPeerError,
    UnreachableError,
)
from contactpoint.link.errors import LinkError
from contactpoint.link.register import RegisterClient, RegisterRefusedError
from contactpoint.main.clock import Clock, system_clock
from contactpoint.main.folder import Folder, read_file, write_private
from contactpoint.main.node import database_url, draw, open_means
from contactpoint.settings import write_settings
from contactpoint.store.database import Database
from contactpoint.store.desk_schema import metadata as desk_metadata
from directory.card import Calendar, Language, Line, PublicCard, Reachability
from directory.contact import GatewayAddress
from directory.documents import Charter, read_object
from directory.enrolment import StationKeys, make_card, make_charter
from directory.words import fingerprint_words
from keys import cbor
from keys.certificate import Role
from keys.custody import NodeSecret, seal_under_passphrase
from keys.signing import SigningKey
from keys.tls import make_server_certificate, spki_pin
from keys.xwing import SealingKey

_TALK = re.compile(r"[\s().-]")  # what people write between digits
KEY_LIFE = timedelta(days=395)  # thirteen months
_READ_ME = """These files hold the State's root key and archive key, sealed under the first officer's signing secret.

Carry this folder away from this machine and delete it here: the node runs without it. Before real use:
 - make the root key with several custodians, and keep each share in another place;
 - give custody a passphrase of its own;
 - read the twelve words of the fingerprint to the registrar over the telephone, at a number you already know.
"""


@dataclass(frozen=True, slots=True)
class _Made:
    """What init has made in memory, before it is written."""

    root: SigningKey
    archive: SealingKey
    gateway: SigningKey
    pin: bytes


async def init_node(home: Path, answers: NodeAnswers, clock: Clock = system_clock, **settings: Any) -> InitResult:
    """Make a node in ``home``. Nothing is left half made: when it fails, what was written is taken away again.

    ``settings``: further dotted settings for node.toml. Raises NodeError (not an empty node folder), StoreError.
    """
    with _whole(home):
        return await _make(Folder(home), answers, clock(), settings)


@contextmanager
def _whole(home: Path) -> Iterator[None]:
    """A fresh folder, or what there was before: half a node would look like one."""
    if (home / "node.toml").exists():
        raise NodeError("E-EXISTS", f"there is a node in {home} already", "choose an empty folder with --home")
    created = not home.exists()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = set(home.iterdir())
    try:
        yield
    except BaseException:
        for path in set(home.iterdir()) - before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if created:
            home.rmdir()
        raise


async def _make(folder: Folder, answers: NodeAnswers, now: datetime, settings: Mapping[str, Any]) -> InitResult:
    net = bytes.fromhex(answers.genesis)[:16]
    key = await make_key(answers.officer_secret, draw)
    made = await _make_keys(folder, answers, now)
    path = write_settings(folder.home, {**_settings(answers), **settings})
    until = now + KEY_LIFE
    secret = NodeSecret(draw(32))
    write_private(folder.desk_secret, secret.secret32)
    db = await Database.open(database_url(folder.home, "sqlite:///desk.sqlite3"), desk_metadata, "desk")

    async def work(tx: AsyncConnection) -> tuple[dict[Role, SigningKey], str]:
        keys = await create_keys(tx, secret, made.archive.public, draw, now, until)
        await open_keyring(tx, answers.state, net, secret, now)
        token = await add_officer(
            tx,
            draw,
            number=answers.officer,
            name=answers.officer_name,
            rights=RIGHTS,
            mail=answers.officer_mail,
            key=key,
            language="en",
            now=now,
        )
        return keys, token

    try:
        keys, token = await db.write(work)
    finally:
        await db.close()
    _sign_documents(folder, answers, made, keys, now, until, net)
    link = f"{_inside_url(answers, settings)}/first/{token}"
    words = tuple(fingerprint_words(made.root.public.id).split())
    return InitResult(words, answers.officer, link, (path, folder.custody, folder.tls, folder.documents))


def _settings(answers: NodeAnswers) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": answers.state,
        "name": answers.name,
        "public.host": answers.host,
        "public.port": answers.public_port,
        "inside.port": answers.inside_port,
        "directory.url": answers.register_url,
        "directory.genesis": answers.genesis,
    }
    if (mail := answers.mail) is not None:
        values |= {
            "mail.host": mail.host,
            "mail.port": mail.port,
            "mail.security": mail.security,
            "mail.sender": mail.sender,
            "mail.recipient": mail.recipient,
            "mail.username": mail.username,
            "mail.password_file": None if mail.password_file is None else str(mail.password_file),
        }
    return values


def _inside_url(answers: NodeAnswers, settings: Mapping[str, Any]) -> str:
    scheme = "https" if settings.get("inside.tls", True) else "http"
    return f"{scheme}://{settings.get('inside.host', 'localhost')}:{answers.inside_port}"


async def _make_keys(folder: Folder, answers: NodeAnswers, now: datetime) -> _Made:
    root, archive = SigningKey.from_seed(draw(64)), SealingKey.from_seed(draw(32))
    gateway = SigningKey.from_seed(draw(64))
    secret = NodeSecret(draw(32))
    write_private(folder.gateway_secret, secret.secret32)
    write_private(folder.gateway_key, secret.seal("gateway", gateway.seed))
    start = now - timedelta(days=1)
    certificate, key = make_server_certificate((answers.host, "localhost", "127.0.0.1"), start, now + KEY_LIFE)
    write_private(folder.tls / "public.crt", certificate)
    write_private(folder.tls / "public.key", key)
    inside, inside_key = make_server_certificate(("localhost", answers.host, "127.0.0.1"), start, now + KEY_LIFE)
    write_private(folder.tls / "inside.crt", inside)
    write_private(folder.tls / "inside.key", inside_key)
    sealed = cbor.encode({"root": root.seed, "archive": archive.seed, "state": answers.state})
    locked = await asyncio.to_thread(
        seal_under_passphrase, answers.officer_secret, sealed, salt=draw(16), nonce=draw(12)
    )
    write_private(folder.custody / "root-and-archive.sealed", locked)
    write_private(folder.custody / "READ-ME.txt", _READ_ME.encode())
    return _Made(root, archive, gateway, spki_pin(ssl.PEM_cert_to_DER_cert(certificate.decode())))


def _sign_documents(
    folder: Folder,
    answers: NodeAnswers,
    made: _Made,
    keys: Mapping[Role, SigningKey],
    now: datetime,
    until: datetime,
    net: bytes,
) -> None:
    """The State's charter under its root, and its card under its keeper, ready to be handed in."""
    four = StationKeys(keys[Role.STATION], keys[Role.KEEPER], keys[Role.ISSUER], made.gateway)
    records = four.records(answers.state, now, until, net)
    address = GatewayAddress(f"wss://{_host(answers.host)}:{answers.public_port}/", made.pin)
    charter = make_charter([made.root], answers.state, 1, records, [address], now, net)
    public = PublicCard(body=answers.name, languages=(Language(tag="en"),), calendar=Calendar(zone="UTC"))
    card, members = make_card(four.keeper, answers.state, 1, public, _reachability(answers), draw(16), now, net)
    write_private(folder.documents / "charter", charter.to_bytes())
    write_private(folder.documents / "card", card.to_bytes())
    if members is not None:
        write_private(folder.documents / "members", members.to_content())


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _reachability(answers: NodeAnswers) -> Reachability | None:
    """How to ring this State when the network is down. Two telephones, or none at all: one line is a line that fails alone."""
    phones = tuple(_TALK.sub("", phone) for phone in answers.phones)
    if not phones:
        return None
    if len(phones) == 1:
        raise NodeError("E-TELEPHONE", "one telephone fails alone", "give two numbers, on separate carriers, or none")
    try:
        lines = tuple(Line(number=phone, carrier=f"carrier {n}") for n, phone in enumerate(phones, start=1))
    except ValidationError as error:
        raise NodeError("E-TELEPHONE", "a telephone number is not international", "write it as +999 100 200") from error
    mail = answers.mail.recipient if answers.mail is not None else answers.officer_mail
    return Reachability(duty_line=phones[0], telephones=lines, mail=mail or f"desk@{answers.state.lower()}.example")


async def enrol(home: Path) -> EnrolResult:
    """Hand charter and card to the register. What waits there is listed when the registrar has heard the twelve words.

    The members' part and the key sheet follow by themselves, from the running node, once the State is listed.
    """
    means = await open_means(home)
    charter = read_file(means.folder.documents / "charter", "run `contactpoint init`")
    document, _ = read_object(charter, Charter.TYPE)
    if not isinstance(document, Charter):
        raise NodeError("E-FOLDER", "documents/charter is no charter", "restore it, or run `contactpoint init` anew")
    words = tuple(fingerprint_words(document.roots[0].id).split())
    async with RegisterClient(means.settings.directory.url) as client:
        try:
            handed_in = await client.submit(charter)
            card = await client.submit(read_file(means.folder.documents / "card", "run `contactpoint init`"))
        except RegisterRefusedError as error:
            raise RefusedByPeerError(error.code, error.text, "mend what it says, then enrol again") from error
        except LinkError as error:
            raise UnreachableError(
                error.code, str(error), "check directory.url in node.toml, then try again"
            ) from error
    return EnrolResult(means.settings.state, words, {handed_in.outcome, card.outcome} != {"known"})
