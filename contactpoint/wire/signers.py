"""Who must have signed a statement: officers with certificates under an issuer of their State, or its station.

A letter names its officers, and exactly those sign it: a station key under anything but ACK-DEGRADED is refused, and so is the same
officer twice. How many officers a kind and class may have is the catalogue's; how many an answer needs depends on the request it
answers and is judged with its case. A desk and a court ask the same function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contactpoint.domain.catalogue import signers_open
from contactpoint.domain.catalogue.model import Catalogue
from contactpoint.domain.catalogue.words import Signers
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.statement import Statement
from contactpoint.wire.errors import SealError
from keys.certificate import OfficerCertificate, read_officer
from keys.errors import KeysError
from keys.signed import Signed, verify
from keys.signing import PublicKey


def verify_statement(
    statement: Statement,
    signed: Signed,
    certificates: Sequence[bytes],
    stations: Sequence[PublicKey],
    issuers: Sequence[PublicKey],
    catalogue: Catalogue,
    net: bytes,
) -> None:
    """The same rule for a desk and for a court: nothing here needs a node. ``stations`` and ``issuers`` are the sender's keys that
    were good when the statement was written. Raises SealError."""
    try:
        allowed = signers_open(catalogue, statement.kind, statement.urgency)
    except CatalogueError as error:
        raise SealError(f"who must sign {statement.kind} at {statement.urgency} is not known here: {error}") from error
    needed = _named(statement)
    if needed not in allowed:
        raise SealError(f"{statement.kind} at {statement.urgency} is signed by {' or '.join(sorted(allowed))}")
    if needed is Signers.STATION:
        keys = [key for key in stations if key.id in signed.signers]
    else:
        keys = _officer_keys(statement, needed, certificates, issuers, net)
    try:
        verify(signed, sorted(keys, key=lambda key: key.id), net)
    except KeysError as error:
        raise SealError(f"the statement is not signed by exactly those who must sign it: {error}") from error


def _named(statement: Statement) -> Signers:
    """Who signs, as the letter itself says: it names its officers. How many the request needs is the case's gate."""
    if not statement.by and not statement.approver:
        return Signers.STATION
    return Signers.TWO if statement.approver is not None else Signers.ONE


def _officer_keys(
    statement: Statement, needed: Signers, certificates: Sequence[bytes], issuers: Sequence[PublicKey], net: bytes
) -> list[PublicKey]:
    people = [statement.by]
    if needed is Signers.TWO:
        people.append(statement.approver or "")
    if "" in people or len(set(people)) != len(people):
        raise SealError(f"{statement.kind} at {statement.urgency} needs {len(people)} different officers")
    papers = _read_papers(statement, certificates, issuers, net)
    missing = [number for number in people if number not in papers]
    if missing:
        raise SealError("no certificate of this State for " + ", ".join(missing))
    return [papers[number].key.public for number in people]


def _read_papers(
    statement: Statement, certificates: Sequence[bytes], issuers: Sequence[PublicKey], net: bytes
) -> Mapping[str, OfficerCertificate]:
    papers = {}
    for data in certificates:
        try:
            paper = read_officer(data, issuers, net, statement.at)
        except KeysError as error:
            raise SealError(f"a certificate does not hold: {error}") from error
        if paper.state == statement.sender:
            papers[paper.number] = paper
    return papers
