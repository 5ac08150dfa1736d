"""Who must have signed a letter that came in, by the copy of the register on this desk. The rule itself: `contactpoint.wire.signers`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from contactpoint.casework.context import Casework
from contactpoint.wire.envelope import Letter
from contactpoint.wire.errors import SealError
from contactpoint.wire.signers import verify_statement
from keys.signing import PublicKey


def check_signers(cw: Casework, letter: Letter, witnessed: datetime) -> None:
    """Return if the right people signed the letter's statement. ``witnessed``: when a gateway held it. Raises SealError.

    Windows are judged at the statement's own time, revocations at the witnessed one: who stole a key can date a letter back, but
    cannot have had it held before.
    """
    statement = letter.fields
    stations = _unrevoked(cw, statement.sender, cw.register.station_keys(statement.sender, statement.at), witnessed)
    issuers = _unrevoked(cw, statement.sender, cw.register.issuer_keys(statement.sender, statement.at), witnessed)
    if any(cw.register.ended(statement.sender, key_id, witnessed) for key_id in letter.statement.signers):
        raise SealError(f"{statement.sender} revoked a key that signed this before it was held")
    verify_statement(statement, letter.statement, letter.certificates, stations, issuers, cw.catalogue, cw.net)


def _unrevoked(cw: Casework, state: str, keys: Sequence[PublicKey], witnessed: datetime) -> list[PublicKey]:
    return [key for key in keys if not cw.register.ended(state, key.id, witnessed)]
