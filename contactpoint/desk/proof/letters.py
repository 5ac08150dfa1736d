"""The letters of a bundle: what officers signed, the envelope it travelled in, and who was entitled to sign either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.names import LETTERS
from contactpoint.desk.proof.register import CourtRegister
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.statement import Statement
from contactpoint.wire.envelope import Envelope, commitment, read_envelope
from contactpoint.wire.errors import SealError, WireError
from contactpoint.wire.signers import verify_statement
from contactpoint.wire.statement import STATEMENT_TYPE, decode_statement
from keys.certificate import Role, read_officer
from keys.errors import KeysError
from keys.signed import Signed, parse, verify


@dataclass(frozen=True, slots=True)
class BundledLetter:
    """One statement with all that travelled beside it; well spelled, and nothing more is known yet."""

    statement: Statement
    signed: Signed
    salt: bytes
    certificates: tuple[bytes, ...]
    envelopes: tuple[Envelope, ...]

    @property
    def title(self) -> str:
        """How every finding names it."""
        return f"{self.statement.kind} {self.statement.id}"


def read_letters(members: Mapping[str, bytes], net: bytes, findings: Findings) -> tuple[BundledLetter, ...]:
    """The letters that can be read, in the order of their own times. What cannot is a problem."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, data in members.items():
        if name.startswith(LETTERS):
            _, folder, part = name.split("/")
            folders.setdefault(folder, {})[part] = data
    letters = []
    for folder in sorted(folders):
        try:
            letters.append(_read(folder, folders[folder], net))
        except (WireError, KeysError) as error:
            findings.problem(f"letter {folder[:16]} does not hold: {error}")
    return tuple(sorted(letters, key=lambda letter: (letter.statement.at, letter.statement.id)))


def _read(folder: str, parts: Mapping[str, bytes], net: bytes) -> BundledLetter:
    signed = parse(parts.get("statement", b""), STATEMENT_TYPE)
    if signed.digest.hex() != folder:
        raise SealError("its folder bears the name of another statement")
    return BundledLetter(
        statement=decode_statement(signed.content, net),
        signed=signed,
        salt=parts.get("salt", b""),
        certificates=tuple(parts[name] for name in sorted(parts) if name.startswith("certificate-")),
        envelopes=tuple(read_envelope(parts[name], net) for name in sorted(parts) if name.startswith("envelope-")),
    )


def judge_letter(
    letter: BundledLetter, case_id: str, register: CourtRegister, witnessed: datetime | None, findings: Findings
) -> None:
    """The right people signed it, with keys good at the witnessed time, and each envelope commits to exactly it."""
    statement = letter.statement
    if statement.case != case_id:
        findings.problem(f"{letter.title} belongs to another case, {statement.case}")
    at = witnessed or statement.at
    try:
        _judge_signers(letter, register, at)
    except (WireError, KeysError, CatalogueError) as error:
        findings.problem(f"{letter.title}: {error}")
    for envelope in letter.envelopes:
        try:
            _judge_envelope(letter, envelope, register, at)
        except (WireError, KeysError) as error:
            findings.problem(f"the envelope of {letter.title}, seal {envelope.core.seal}: {error}")
    if not letter.envelopes:
        findings.lacks(f"the envelope of {letter.title}: nothing shows what the carriers were given")


def _judge_signers(letter: BundledLetter, register: CourtRegister, witnessed: datetime) -> None:
    statement = letter.statement
    sender = str(statement.sender)
    stations = register.keys_of(sender, Role.STATION, statement.at, witnessed)
    issuers = register.keys_of(sender, Role.ISSUER, statement.at, witnessed)
    catalogue = load_catalogue(statement.cat)
    verify_statement(statement, letter.signed, letter.certificates, stations, issuers, catalogue, register.net)
    for data in letter.certificates:
        paper = read_officer(data, issuers, register.net, statement.at)
        if paper.key.public.id in letter.signed.signers and register.ended(sender, paper.key.public.id, witnessed):
            raise SealError(f"{sender} had revoked the key of officer {paper.number} before another State saw this")


def _judge_envelope(letter: BundledLetter, envelope: Envelope, register: CourtRegister, witnessed: datetime) -> None:
    statement, core = letter.statement, envelope.core
    outside = (core.id, core.sender, core.recipient, core.urgency, core.expires)
    if outside != (statement.id, statement.sender, statement.recipient, statement.urgency, statement.expires):
        raise SealError("it says another id, sender, recipient, class or end than the statement")
    if commitment(letter.salt, statement.digest) != core.commitment:
        raise SealError("it does not commit to this statement with this salt")
    keys = register.keys_of(str(core.sender), Role.STATION, core.at, witnessed)
    station = next((key for key in keys if key.id in envelope.signed.signers), None)
    if station is None:
        raise SealError(f"it is signed by no station key of {core.sender} that was good at that time")
    verify(envelope.signed, [station], register.net)


def parties_of(letters: Iterable[BundledLetter]) -> frozenset[str]:
    return frozenset(
        str(party) for letter in letters for party in (letter.statement.sender, letter.statement.recipient)
    )
