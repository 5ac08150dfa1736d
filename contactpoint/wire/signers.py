"""Who must have signed a statement: officers with certificates under an issuer of their State, or its station.

Signers are a function of kind and class, exactly those: a station key under anything but ACK-DEGRADED is refused, a second officer
missing where the catalogue asks for two is refused, and so is the same officer twice. A desk and a court ask the same function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contactpoint.domain.catalogue import signers_needed
from contactpoint.domain.catalogue.model import Catalogue, Signers
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
        needed = signers_needed(catalogue, statement.kind, statement.urgency)
    except CatalogueError as error:
        raise SealError(f"who must sign {statement.kind} at {statement.urgency} is not known here: {error}") from error
    if needed is Signers.STATION:
        if statement.by or statement.approver:
            raise SealError(f"{statement.kind} is the station's to say, not an officer's")
        keys = [key for key in stations if key.id in signed.signers]
    else:
        keys = _officer_keys(statement, needed, certificates, issuers, net)
    try:
        verify(signed, sorted(keys, key=lambda key: key.id), net)
    except KeysError as error:
        raise SealError(f"the statement is not signed by exactly those who must sign it: {error}") from error


def _officer_keys(
    statement: Statement, needed: Signers, certificates: Sequence[bytes], issuers: Sequence[PublicKey], net: bytes
) -> list[PublicKey]:
    people = [statement.by]
    if needed is Signers.TWO:
        people.append(statement.approver or "")
    elif statement.approver is not None:
        raise SealError(f"{statement.kind} is signed by one officer, and names an approver")
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
