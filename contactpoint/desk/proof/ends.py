"""Terms that ran out: what the stations of both States certified of a request's clocks, against what the letters make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.letters import BundledLetter
from contactpoint.desk.proof.register import CourtRegister
from contactpoint.desk.proof.slips import ProvedSlip, of_letter
from contactpoint.domain.calendar import Calendar
from contactpoint.domain.case import Case, Request
from contactpoint.domain.catalogue import Clock
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.clocks import clock_rows, ends_of
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Side, spell_instant
from contactpoint.wire.slip import SlipLevel


@dataclass(frozen=True, slots=True)
class Ended:
    """One term that ran out: when, of which clock, who certified it and when. ``outlived``: a letter signed before then, which came
    later, reaches further."""

    code: str
    due: datetime
    by: tuple[tuple[str, datetime], ...]
    preservation: bool
    outlived: bool

    @property
    def words(self) -> str:
        what = "the preservation ended" if self.preservation else f"the term {self.code} ended"
        who = ", ".join(f"the station of {state} at {spell_instant(at)}" for state, at in self.by)
        more = "; a letter that was signed before then and came later reaches further" if self.outlived else ""
        return f"{what} on {spell_instant(self.due)}, certified by {who}{more}"


def ended(request: Request, letter: BundledLetter, slips: Sequence[ProvedSlip]) -> tuple[Ended, ...]:
    """The terms of one request that were certified to have ended, the earliest first."""
    said: dict[tuple[datetime, str], list[tuple[str, datetime]]] = {}
    for each in of_letter(slips, letter, SlipLevel.ENDED):
        if each.slip.due is not None and each.slip.code is not None:
            said.setdefault((each.slip.due, each.slip.code), []).append((str(each.slip.sender), each.slip.at))
    kept = request.preservation
    found = []
    for (due, code), by in sorted(said.items()):
        clock = _clock(letter, code)
        floor = clock is not None and clock.minimum and kept is not None
        found.append(Ended(code, due, tuple(by), floor, kept is not None and floor and due != kept.ends_at))
    return tuple(found)


def judge_terms(
    case: Case,
    request: Request,
    letter: BundledLetter,
    slips: Sequence[ProvedSlip],
    register: CourtRegister,
    until: datetime,
    findings: Findings,
) -> None:
    """A certificate must name an end that the letters give, and not before it came; an end that came must have its certificates."""
    for each in of_letter(slips, letter, SlipLevel.ENDED):
        due, code = each.slip.due, each.slip.code or ""
        clock = _clock(letter, code)
        if clock is None or not clock.certificate:
            findings.problem(f"a certificate for {letter.title} speaks of a term that the catalogue does not certify")
        elif due is None or due not in _ends(case, request, letter, clock, register, each.slip.at):
            findings.problem(f"a certificate for {letter.title} names another end of {code} than the letters give")
        elif each.slip.at < due:
            findings.problem(f"the end of {code} of {letter.title} was certified before it came")
    for clock in load_catalogue(letter.statement.cat)[letter.statement.kind].clocks:
        if clock.certificate:
            _judge_silence(case, request, clock, letter, slips, register, until, findings)


def _judge_silence(
    case: Case,
    request: Request,
    clock: Clock,
    letter: BundledLetter,
    slips: Sequence[ProvedSlip],
    register: CourtRegister,
    until: datetime,
    findings: Findings,
) -> None:
    for row in clock_rows(case, request, load_catalogue(letter.statement.cat), _calendars(request, register, until)):
        if row.code != clock.code or row.closed_at is not None or row.due is None or row.due >= until:
            continue
        certified = [each.slip for each in of_letter(slips, letter, SlipLevel.ENDED) if each.slip.due == row.due]
        for state in (request.sender, request.recipient):
            if not any(slip.sender == state for slip in certified):
                when = spell_instant(row.due)
                findings.lacks(f"a certificate of {state} that {row.code} of {letter.title} ended on {when}")


def _clock(letter: BundledLetter, code: str) -> Clock | None:
    try:
        clocks = load_catalogue(letter.statement.cat)[letter.statement.kind].clocks
    except CatalogueError:
        return None
    return next((clock for clock in clocks if clock.code == code), None)


def _ends(
    case: Case, request: Request, letter: BundledLetter, clock: Clock, register: CourtRegister, at: datetime
) -> frozenset[datetime | None]:
    if clock.minimum:
        return frozenset() if request.preservation is None else frozenset(ends_of(request.preservation))
    rows = clock_rows(case, request, load_catalogue(letter.statement.cat), _calendars(request, register, at))
    return frozenset(row.due for row in rows if row.code == clock.code)


def _calendars(request: Request, register: CourtRegister, at: datetime) -> dict[Side, Calendar]:
    return {
        Side.REQUESTER: register.calendar(str(request.sender), at),
        Side.ADDRESSEE: register.calendar(str(request.recipient), at),
    }
