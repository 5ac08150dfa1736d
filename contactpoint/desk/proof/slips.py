"""Receipts and slips of a bundle: who may say what of which letter, and when another State is proved to have known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.letters import BundledLetter
from contactpoint.desk.proof.names import SLIPS
from contactpoint.desk.proof.register import CourtRegister
from contactpoint.wire.errors import SealError, WireError
from contactpoint.wire.slip import Slip, SlipLevel, may_sign, read_slip, verify_slip
from keys.certificate import Role
from keys.signed import Signed
from keys.signing import PublicKey

# Of a letter its recipient says how far it came, its sender that nobody answered the door, and either that time passed.
_SENDER_SAYS = frozenset((SlipLevel.UNREACHABLE,))
_EITHER_SAYS = frozenset(
    (SlipLevel.NOT_RECEIVED, SlipLevel.NOT_ACKNOWLEDGED, SlipLevel.LAPSED, SlipLevel.EXPIRED, SlipLevel.ENDED)
)


@dataclass(frozen=True, slots=True)
class ProvedSlip:
    """A slip whose signature holds and that speaks of a letter of this bundle. ``role``: of the key that signed it."""

    slip: Slip
    letter: BundledLetter
    role: Role


def judge_slips(
    members: Mapping[str, bytes], letters: Iterable[BundledLetter], register: CourtRegister, findings: Findings
) -> tuple[ProvedSlip, ...]:
    """The slips that hold, in the order of their times. Every other one is a problem, and proves nothing."""
    by_id = {letter.statement.id: letter for letter in letters}
    proved = []
    for name in sorted(name for name in members if name.startswith(SLIPS)):
        try:
            slip, signed = read_slip(members[name])
            if signed.digest.hex() != name.removeprefix(SLIPS):
                raise SealError("it bears the name of another")
            letter = _letter(slip, by_id, findings)
            proved.append(ProvedSlip(slip, letter, _judge(slip, signed, letter, register)))
        except WireError as error:
            findings.problem(f"slip {name.removeprefix(SLIPS)[:16]} does not hold: {error}")
    return tuple(sorted(proved, key=lambda each: (each.slip.at, each.slip.level.value, each.slip.journal_head or b"")))


def _letter(slip: Slip, by_id: Mapping[str, BundledLetter], findings: Findings) -> BundledLetter:
    letter = by_id.get(slip.id or "")
    if letter is None:
        raise SealError(f"a slip {slip.level.value} of another letter, {slip.id}")
    envelopes = {envelope.digest: envelope for envelope in letter.envelopes}
    if slip.envelope not in envelopes:
        if slip.seal in {envelope.core.seal for envelope in letter.envelopes}:
            raise SealError(f"a slip {slip.level.value} of another envelope than that of {letter.title}")
        findings.lacks(f"the envelope of {letter.title}, seal {slip.seal}, of which a slip {slip.level.value} speaks")
    return letter


def _judge(slip: Slip, signed: Signed, letter: BundledLetter, register: CourtRegister) -> Role:
    """The role of the key that signed, if it may say this of this letter. Raises SealError."""
    sender, recipient = str(letter.statement.sender), str(letter.statement.recipient)
    speakers = [sender] if slip.level in _SENDER_SAYS else [recipient]
    if slip.level in _EITHER_SAYS:
        speakers = [sender, recipient]
    if str(slip.recipient) not in (sender, recipient):
        raise SealError(f"a slip {slip.level.value} told to neither State of the letter")
    for key, role in _candidates(slip, speakers, register):
        if key.id in signed.signers:
            verify_slip(signed, key, register.net)
            return role
    raise SealError(
        f"a slip {slip.level.value} of {slip.sender} is signed by no key that may say this of {letter.title}"
    )


def _candidates(slip: Slip, speakers: Iterable[str], register: CourtRegister) -> Iterable[tuple[PublicKey, Role]]:
    said = str(slip.sender)
    for state in speakers:
        if said == state and may_sign(slip.level, Role.STATION):
            for key in register.keys_of(state, Role.STATION, slip.at, slip.at):
                yield key, Role.STATION
        host = register.host_of(state, slip.at)
        if said in (state, host) and may_sign(slip.level, Role.GATEWAY):
            for key in register.keys_of(host, Role.GATEWAY, slip.at, slip.at):
                yield key, Role.GATEWAY


def of_letter(slips: Iterable[ProvedSlip], letter: BundledLetter, level: SlipLevel) -> tuple[ProvedSlip, ...]:
    """The slips of one level about one letter, the earliest first."""
    return tuple(each for each in slips if each.letter is letter and each.slip.level is level)


def witnessed(slips: Iterable[ProvedSlip], letter: BundledLetter) -> datetime | None:
    """The earliest instant at which a key that is not the sender's covered this very envelope; None where there is none."""
    sender = str(letter.statement.sender)
    known = {envelope.digest for envelope in letter.envelopes}
    times = [
        each.slip.at
        for each in slips
        if each.letter is letter and str(each.slip.sender) != sender and each.slip.envelope in known
    ]
    return min(times, default=None)
