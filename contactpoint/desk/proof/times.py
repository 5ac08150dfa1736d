"""The clocks of a request, computed again from the receipts and the network policy that the statement names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.letters import BundledLetter
from contactpoint.desk.proof.register import CourtRegister
from contactpoint.desk.proof.slips import ProvedSlip, of_letter
from contactpoint.domain.case import Request
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.policy import Terms
from contactpoint.domain.policy import load as load_policy
from contactpoint.domain.request import ACKNOWLEDGEMENTS
from contactpoint.domain.values import Level, Side, Twin
from contactpoint.wire.slip import SlipLevel


@dataclass(frozen=True, slots=True)
class Reached:
    """One level of a request: when it was due, when it was reached (None: never, as far as is proved here), and who says so."""

    level: Level
    due: datetime | None
    at: datetime | None
    by: str
    digest: bytes | None = None  # of the statement that reached it; None where a slip did

    @property
    def late(self) -> timedelta | None:
        """How long after its deadline it was reached; None when in time, without a deadline, or not reached."""
        if self.at is None or self.due is None or self.at <= self.due:
            return None
        return self.at - self.due


def levels_of(
    request: Request, letter: BundledLetter, slips: Sequence[ProvedSlip], register: CourtRegister
) -> tuple[Reached, ...]:
    """Every level of the request in rising order. Deadlines count from the earliest *held*, whatever seal or mailbox."""
    dues = deadlines(request, letter, slips, register)
    rings = load_catalogue(letter.statement.cat)[request.kind].rings
    reached = []
    for level, said, twin in (
        (Level.HELD, SlipLevel.HELD, None),
        (Level.RECEIVED, SlipLevel.RECEIVED, Twin.NOT_RECEIVED),
        (Level.OPENED, SlipLevel.OPENED, Twin.NOT_OPENED),
    ):
        first = next(iter(of_letter(slips, letter, said)), None)
        by = "" if first is None else f"{first.role.value} of {first.slip.sender}"
        reached.append(Reached(level, dues.get(twin) if twin else None, first.slip.at if first else None, by))
    taken = next((step for step in request.steps if step.kind in ACKNOWLEDGEMENTS), None)
    answered = next(
        (step for step in request.steps if step.side is Side.ADDRESSEE and _decides(letter, step.kind)), None
    )
    for level, step, twin in (
        (Level.ACKNOWLEDGED, taken, Twin.NOT_ACKNOWLEDGED),
        (Level.ANSWERED, answered, Twin.LAPSED),
    ):
        by = "" if step is None else (f"officer {step.by}" if step.by else "station") + f" of {request.recipient}"
        reached.append(Reached(level, dues.get(twin), step.at if step else None, by, step.digest if step else None))
    # What rings nobody is awaited by nobody: beyond received only what was said all the same is a level of it.
    return tuple(each for each in reached if rings or each.level.rank <= Level.RECEIVED.rank or each.at is not None)


def _decides(letter: BundledLetter, kind: str) -> bool:
    try:
        return load_catalogue(letter.statement.cat)[letter.statement.kind].answer(kind).decides
    except CatalogueError:
        return False


def deadlines(
    request: Request, letter: BundledLetter, slips: Sequence[ProvedSlip], register: CourtRegister
) -> Mapping[Twin, datetime]:
    """The deadlines that follow from the earliest *held*, and the end of the statement itself."""
    dues = {Twin.EXPIRED: request.expires}
    held = of_letter(slips, letter, SlipLevel.HELD)
    if held:
        dues |= _from(held[0].slip.at, _terms(request), register, request)
    return dues


def _terms(request: Request) -> Terms:
    """Those of the class that its sender gave; a class lowered by the addressee leaves more time for the decision, and changes no other."""
    terms = load_policy(request.pol).terms
    decision = max(terms[request.urgency].decision, terms[request.weight].decision)
    return replace(terms[request.urgency], decision=decision)


def _from(held_at: datetime, terms: Terms, register: CourtRegister, request: Request) -> dict[Twin, datetime]:
    taken = terms.acknowledge_by(held_at, register.calendar(str(request.recipient), held_at))
    return {
        Twin.NOT_RECEIVED: held_at + terms.received,
        Twin.NOT_OPENED: taken,
        Twin.NOT_ACKNOWLEDGED: taken,
        Twin.LAPSED: held_at + terms.decision,
    }


def judge_twins(
    request: Request, letter: BundledLetter, slips: Sequence[ProvedSlip], register: CourtRegister, findings: Findings
) -> None:
    """A twin that names a deadline must name the one that follows from *held* and the policy, and may not be signed before it."""
    # A lapse may have been signed before the class was lowered, by its first term.
    terms, first = _terms(request), load_policy(request.pol).terms[request.urgency]
    held = of_letter(slips, letter, SlipLevel.HELD)
    for each in slips:
        level, due = each.slip.level, each.slip.due
        if each.letter is not letter or level.value not in set(Twin):
            continue
        if due is not None and each.slip.at < due:
            findings.problem(f"{level.value} of {letter.title} was signed before the time that it speaks of")
        possible = {
            _from(receipt.slip.at, each_terms, register, request).get(Twin(level.value))
            for receipt in held
            for each_terms in (terms, first)
        }
        if due is None or level is SlipLevel.UNREACHABLE or not held:
            continue  # before *held* only the sender's own clock runs, and nobody can compute it again
        if level is SlipLevel.EXPIRED:
            possible = {request.expires}
        if due not in possible:
            findings.problem(
                f"{level.value} of {letter.title} names another deadline than the policy {request.pol} gives"
            )


def judge_levels(
    levels: Sequence[Reached], letter: BundledLetter, slips: Sequence[ProvedSlip], until: datetime, findings: Findings
) -> None:
    """What is not proved of one request: a level without its proof, a deadline that passed without its signed twin."""
    said = {each.slip.level.value for each in slips if each.letter is letter}
    twins = {Level.RECEIVED: Twin.NOT_RECEIVED, Level.ACKNOWLEDGED: Twin.NOT_ACKNOWLEDGED, Level.ANSWERED: Twin.LAPSED}
    for reached in levels:
        if reached.level is Level.OPENED and reached.at is None:
            findings.lacks(f"an opened slip for {letter.title}")
        if reached.at is None and reached.level in (Level.ACKNOWLEDGED, Level.ANSWERED):
            findings.lacks(f"the letter that makes {letter.title} {reached.level.value}")
        twin = twins.get(reached.level)
        if twin and reached.at is None and reached.due and reached.due < until and twin.value not in said:
            findings.lacks(f"a signed {twin.value} for {letter.title}, whose deadline was {reached.due.isoformat()}")
