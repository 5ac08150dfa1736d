"""Slips and receipts of others: who may have signed them, and what they mean for a request's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contactpoint.casework.context import Casework
from contactpoint.domain.ladder import Event, Opened, Received, Refused, TwinHeard
from contactpoint.domain.values import Twin
from contactpoint.wire.errors import SealError
from contactpoint.wire.slip import Slip, SlipLevel, may_sign, read_slip, verify_slip
from keys.certificate import Role


@dataclass(frozen=True, slots=True)
class HeardSlip:
    """A slip or receipt of another signer, verified. ``who``: gateway or station; ``signed`` are the bytes that prove it."""

    slip: Slip
    content: bytes
    signed: bytes
    who: str


def check_slip(cw: Casework, data: bytes, now: datetime) -> HeardSlip:
    """The slip, signed by a key of the State that speaks, in a role that may say this. Raises WireError.

    A gateway speaks for the mailbox it keeps: the key stands in the charter of its host.
    """
    slip, signed = read_slip(data)
    speakers = (
        (Role.STATION, cw.register.station_keys(slip.sender, now)),
        (Role.GATEWAY, cw.register.gateway_keys(cw.register.host_of(slip.sender), now)),
    )
    for role, keys in speakers:
        key = next((key for key in keys if key.id in signed.signers), None)
        if key is not None and may_sign(slip.level, role):
            verify_slip(signed, key, cw.net)
            return HeardSlip(slip, signed.content, data, role.value)
    raise SealError(f"a slip {slip.level.value} of {slip.sender} is signed by no key of its charter that may say so")


def slip_event(slip: Slip) -> Event | None:
    """What a request's ladder must hear of this slip; None where it only stands in the evidence."""
    match slip.level:
        case SlipLevel.RECEIVED:
            return Received(slip.at)
        case SlipLevel.OPENED:
            return Opened(slip.at)
        case SlipLevel.REJECTED:
            return Refused(slip.code or "E-MOVE-ILLEGAL", slip.at)
    if slip.level.value in set(Twin):
        return TwinHeard(Twin(slip.level.value), slip.at)
    return None
