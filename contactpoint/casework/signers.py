"""Who must have signed a letter that came in, by the copy of the register on this desk. The rule itself: `contactpoint.wire.signers`."""

from __future__ import annotations

from contactpoint.casework.context import Casework
from contactpoint.wire.envelope import Letter
from contactpoint.wire.signers import verify_statement


def check_signers(cw: Casework, letter: Letter) -> None:
    """Return if the right people signed the letter's statement. Raises SealError."""
    statement = letter.fields
    stations = cw.register.station_keys(statement.sender, statement.at)
    issuers = cw.register.issuer_keys(statement.sender, statement.at)
    verify_statement(statement, letter.statement, letter.certificates, stations, issuers, cw.catalogue, cw.net)
