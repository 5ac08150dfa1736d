"""The State's own card: read from a file, looked over, signed with the keeper's key, handed to the register.

A card is never changed: the next number replaces it, and the register keeps them all. The members' part (telephones, mail) stays
as it is unless the file has a table `[reachability]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contactpoint.casework.context import Casework
from contactpoint.casework.keyring import open_signing_key
from contactpoint.desk.results import NodeError, RefusedByPeerError, UnreachableError
from contactpoint.link.errors import LinkError
from contactpoint.link.register import RegisterClient, RegisterRefusedError
from contactpoint.main.folder import Folder, read_file, write_private
from contactpoint.main.node import Means, draw, open_casework, open_means
from directory.card import Card, Members, PublicCard, Reachability
from directory.documents import read_object
from directory.enrolment import make_card
from keys.certificate import Role

_ANEW = "restore it from a backup, or run `contactpoint init` anew"


@dataclass(frozen=True, slots=True)
class CardShown:
    """The own card as it was signed last; ``outcome`` is what the register said of it, empty when it was not asked."""

    state: str
    number: int
    public: dict[str, Any]
    reachability: dict[str, Any]
    listed: bool
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class CardChecked:
    """Whether a file holds a card, and what other States will miss in it."""

    ok: bool
    gaps: tuple[str, ...]


async def card_show(home: Path) -> CardShown:
    """The card in the node's folder. Raises NodeError."""
    means = await open_means(home)
    return _shown(means, _held(means.folder), _members(means.folder))


async def card_check(home: Path, file: Path) -> CardChecked:
    """Read a file as a card; nothing is signed. Raises NodeError, which names the place that is wrong."""
    public, reachability = read_card(file)
    folder = (await open_means(home)).folder
    return CardChecked(True, tuple(_gaps(public, reachability or _reachability(folder))))


KEPT_BY_THE_NODE = ("closures", "drills", "disputes")
"""Fields of a card that commands of their own write, and the node itself; a card's file does not say them."""


async def card_set(home: Path, file: Path) -> CardShown:
    """Sign the file's card under the next number and hand it in; before this State is listed it waits in the folder for `enrol`.

    Raises NodeError, RefusedByPeerError, UnreachableError; then the card that stands stays.
    """
    public, given = read_card(file)
    means = await open_means(home)
    held = _held(means.folder).public
    public = public.model_copy(update={name: getattr(held, name) for name in KEPT_BY_THE_NODE})
    async with open_casework(means) as cw, RegisterClient(means.settings.directory.url) as client:
        return await hand_in_card(means, cw, client, public, given)


async def hand_in_card(
    means: Means, cw: Casework, client: RegisterClient, public: PublicCard, given: Reachability | None = None
) -> CardShown:
    """Sign this public part under the next number with the keeper's key, hand it in, and keep it in the folder.

    ``given``: telephones and mail, where they change. Raises RefusedByPeerError, UnreachableError; then the card that stands stays.
    """
    reachability = given or _reachability(means.folder)
    old = _members(means.folder)
    salt = old.salt if old is not None and old.reachability == reachability else draw(16)
    try:
        # Another process may have handed one in since this folder's copy was fetched.
        means.register.copy = await client.update(means.register.copy, means.clock())
        contact = means.register.contact(cw.state)
        number = 1 if contact is None or contact.card is None else contact.card.number + 1
        now = means.clock()
        keeper = await cw.db.read(lambda tx: open_signing_key(tx, cw.keyring.secret, Role.KEEPER, now))
        card, members = make_card(keeper, cw.state, number, public, reachability, salt, now, cw.net)
        outcome = "" if contact is None else (await client.submit(card.to_bytes())).outcome
    except RegisterRefusedError as error:
        raise RefusedByPeerError(error.code, error.text, "mend what it says, then set the card again") from error
    except LinkError as error:
        raise UnreachableError(
            error.code, str(error), "check directory.url in node.toml, then set the card again"
        ) from error
    # Only now: the running node hands the members' part in, and the register knows it by the card.
    write_private(means.folder.documents / "card", card.to_bytes())
    if members is not None:
        write_private(means.folder.documents / "members", members.to_content())
    return _shown(means, _held(means.folder), members, outcome)


def held_card(folder: Folder) -> Card:
    """The card as it was signed last, from the folder. Raises NodeError."""
    return _held(folder)


def read_card(file: Path) -> tuple[PublicCard, Reachability | None]:
    """The card that a TOML file states: the fields of ``directory.card.PublicCard`` and, if it is there, a table `[reachability]`.

    Raises NodeError with the place and what is wrong with it.
    """
    try:
        said = tomllib.loads(read_file(file, "name the card's TOML file").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NodeError("E-CARD", f"{file} is no TOML: {error}", "mend the line that it names") from error
    reach = said.pop("reachability", None)
    if kept := sorted(set(KEPT_BY_THE_NODE) & said.keys()):
        what = "leave them out: `contactpoint drill` and the node write them"
        raise NodeError("E-CARD", f"{file}: {', '.join(kept)} do not stand in a card's file", what)
    try:
        return PublicCard.model_validate(said), None if reach is None else Reachability.model_validate(reach)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)[:5]
        )
        raise NodeError(
            "E-CARD", f"{file}: {wrong}", "mend each place; `contactpoint directory card show` prints one that fits"
        ) from error


def _gaps(public: PublicCard, reach: Reachability | None) -> Iterator[str]:
    """What a card may leave open and other States will miss."""
    roles = {each.role for each in public.authorities}
    for role, itself in (("central", public.mla_authority), ("extradition", public.extradition_authority)):
        if role not in roles and not itself:
            yield f"authorities: nobody is named as {role} authority (Articles 37(19), 40(12))"
    if public.status == "party" and public.party_since is None:
        yield "party_since: since when the State is a Party is not said"
    if not any(each.at_night for each in public.languages):
        yield "languages: none is read at night"
    for family in type(public.own_help).model_fields:
        help_ = getattr(public.own_help, family)
        if help_.how == "passes-on" and not help_.to:
            yield f"own_help.{family}: who does it is not named"
    if public.legal.reservation_42_5 and not public.legal.reservation_42_5_text:
        yield "legal.reservation_42_5_text: the reservation is held, its text is not given"
    if not public.legal.preservation_law:
        yield "legal.preservation_law: the provision for a domestic order is not named"
    if not public.legal.offences:
        yield "legal.offences: no offence code is mapped to the State's own law"
    if reach is None:
        yield "reachability: no telephone; when the network is down nobody can ring this State"
    elif len({line.carrier for line in reach.telephones}) < 2:
        yield "reachability.telephones: one carrier; it fails alone"


def _held(folder: Folder) -> Card:
    document, _ = read_object(read_file(folder.documents / "card", _ANEW), Card.TYPE)
    if not isinstance(document, Card):
        raise NodeError("E-FOLDER", "documents/card is no card", _ANEW)
    return document


def _members(folder: Folder) -> Members | None:
    path = folder.documents / "members"
    return Members.from_content(read_file(path, _ANEW)) if path.exists() else None


def _reachability(folder: Folder) -> Reachability | None:
    members = _members(folder)
    return None if members is None else members.reachability


def _shown(means: Means, card: Card, members: Members | None, outcome: str = "") -> CardShown:
    contact = means.register.contact(means.settings.state)
    listed = contact is not None and contact.card is not None and contact.card.number >= card.number
    reach = {} if members is None else members.reachability.model_dump(mode="json", exclude_none=True)
    public = card.public.model_dump(mode="json", exclude_none=True)
    return CardShown(card.state, card.number, public, reach, listed, outcome)
