"""Every type of request, between two ends over a network that loses, repeats and reorders; both may speak at any time, so moves cross.

Half of the moves are drawn from everything that any type knows, so that most are illegal; the other half from what is permitted.
"""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contactpoint.domain.case import Case, Request, admit, fold, permitted
from contactpoint.domain.catalogue import Opens, check_body
from contactpoint.domain.errors import CatalogueError, MoveError
from contactpoint.domain.stages import Status
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Side
from tests.conftest import ALL
from tests.domain.domain_examples import CATALOGUE, T0, XA, XB, Desk
from tests.domain.filled import filled, fitting

OPENING = sorted(kind for kind, entry in CATALOGUE.entries.items() if entry.opens.may_open_case)
EVERY_KIND = sorted(
    {*CATALOGUE.entries, *(each.code for entry in CATALOGUE.entries.values() for each in entry.answers)}
)


class TwoEnds(RuleBasedStateMachine):
    """Statements lie in `on_the_way` of each receiver until they are delivered; nothing is ever lost for good."""

    @initialize(kind=st.sampled_from(OPENING), data=st.data())
    def open(self, kind: str, data: st.DataObject) -> None:
        self.asking, self.asked = Desk(XA, XB), Desk(XB, XA)
        self.hours = 0
        urgency = data.draw(st.sampled_from(CATALOGUE[kind].urgencies))
        self.opener = self.asking.say(kind, urgency=urgency, body=filled(CATALOGUE[kind], T0))
        self.on_the_way: dict[str, list[Statement]] = {XA: [], XB: [self.opener]}
        self.delivered: dict[str, list[Statement]] = {XA: [], XB: []}

    def speak(self, desk: Desk, data: st.DataObject) -> None:
        if desk.case is None or not desk.case.opened:
            return
        about = desk.case.requests[data.draw(st.sampled_from(sorted(desk.case.requests)))]
        kinds = permitted(desk.case, about.id, about.side_of(desk.address), CATALOGUE)
        if not kinds:
            return
        said = self.write(desk, about, data.draw(st.sampled_from(kinds)), data)
        desk.take(said)
        desk.written.append(said)
        self.on_the_way[desk.other].append(said)

    def write(self, desk: Desk, about: Request, kind: str, data: st.DataObject) -> Statement:
        at = T0 + timedelta(hours=self.hours)
        form = CATALOGUE.move(kind, about.kind) or CATALOGUE.entries.get(kind)
        body = fitting(form, about, at, self.hours) if form else {}
        urgency = about.urgency
        if kind in CATALOGUE and CATALOGUE[kind].opens is not Opens.MOVE and urgency not in CATALOGUE[kind].signers:
            urgency = CATALOGUE[kind].urgencies[0]
        return desk.write(kind, re=about.digest, urgency=urgency, at=at, body=body)

    @rule(data=st.data())
    def asking_speaks(self, data: st.DataObject) -> None:
        self.speak(self.asking, data)

    @rule(data=st.data())
    def asked_speaks(self, data: st.DataObject) -> None:
        self.speak(self.asked, data)

    @rule(hours=st.sampled_from([1, 24, 24 * 70]))
    def time_passes(self, hours: int) -> None:
        self.hours += hours

    @rule(data=st.data(), kind=st.sampled_from(EVERY_KIND), asking=st.booleans())
    def another_product_says_anything(self, data: st.DataObject, kind: str, asking: bool) -> None:
        """What is not permitted is refused with a code by the author's own desk and by the other, and changes nothing."""
        desk, other = (self.asking, self.asked) if asking else (self.asked, self.asking)
        if desk.case is None or not desk.case.opened or desk.case.waiting or other.case is None:
            return
        about = desk.case.requests[data.draw(st.sampled_from(sorted(desk.case.requests)))]
        if kind in permitted(desk.case, about.id, about.side_of(desk.address), CATALOGUE):
            return
        try:
            said = self.write(desk, about, kind, data)
        except CatalogueError:  # this class knows no such letter: there is nobody who could sign it
            return
        for end in (desk, other):
            before = end.case
            if end is other and self.on_the_way[other.address]:
                continue  # it would wait for its predecessors there
            code = refusal(end.case, said)
            assert code is not None, (
                f"{kind} was not permitted on {about.kind} in {about.status.code}, and was admitted"
            )
            assert code.startswith("E-")
            assert end.case == before

    @rule(data=st.data(), to=st.sampled_from([XA, XB]), lose=st.booleans())
    def deliver_any(self, data: st.DataObject, to: str, lose: bool) -> None:
        waiting = self.on_the_way[to]
        if not waiting or lose:
            return
        statement = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
        (self.asking if to == XA else self.asked).take(statement)
        self.delivered[to].append(statement)

    @rule(data=st.data(), to=st.sampled_from([XA, XB]))
    def repeat(self, data: st.DataObject, to: str) -> None:
        if self.delivered[to]:
            desk = self.asking if to == XA else self.asked
            before = desk.case
            desk.take(data.draw(st.sampled_from(self.delivered[to])))
            assert desk.case == before

    @invariant()
    def replay_rebuilds_each_end(self) -> None:
        for desk in (self.asking, self.asked):
            if desk.case is not None:
                everything = [s for half in desk.case.halves.values() for s in half] + list(desk.case.waiting)
                assert fold(reversed(everything), CATALOGUE) == desk.case
                assert desk.case.rejected == ()

    @invariant()
    def no_state_is_illegal(self) -> None:
        for desk in (self.asking, self.asked):
            if desk.case is not None:
                check_case(desk.case)

    def teardown(self) -> None:
        if not hasattr(self, "on_the_way"):
            return
        for to, desk in ((XA, self.asking), (XB, self.asked)):
            for statement in reversed(self.on_the_way[to]):
                desk.take(statement)
        assert self.asking.case is not None
        assert self.asked.case is not None
        assert self.asking.case.waiting == self.asked.case.waiting == ()
        assert [self.asking.case.head(end) for end in (XA, XB)] == [self.asked.case.head(end) for end in (XA, XB)]
        assert self.asking.case == self.asked.case


def refusal(case: Case | None, statement: Statement) -> str | None:
    """The code with which a case refuses a statement, or None where it takes it."""
    try:
        admit(case, statement, CATALOGUE)
    except MoveError as error:
        return error.code
    return None


def check_case(case: Case) -> None:
    for request in case.requests.values():
        entry = CATALOGUE[request.kind]
        kinds = [step.kind for step in request.steps]
        moves = [CATALOGUE.move(kind, request.kind) for kind in kinds]
        assert None not in moves
        assert sum(kind in ("ACKNOWLEDGED", "ACK-DEGRADED") for kind in kinds) <= 1
        assert request.status in [Status(code, stage) for code, stage in entry.stages.items()]
        check_ends(request)
        for place, (step, move) in enumerate(zip(request.steps, moves, strict=True)):
            assert move is not None
            before = {earlier.kind for earlier in request.steps[:place] if earlier.side is step.side}
            assert set(move.needs) <= before
        check_preservation(request)
        if not request.status.final:
            open_to = [kind for side in Side for kind in permitted(case, request.id, side, CATALOGUE)]
            assert any(CATALOGUE.move(kind, request.kind) for kind in open_to)


def check_ends(request: Request) -> None:
    """Each side ends a request once at most; what the asked State ended stands before what the asking State did."""
    ends = {side: [s for s in request.steps if s.side is side and s.word and s.status.final] for side in Side}
    assert all(len(found) <= 1 for found in ends.values())
    deciding = ends[Side.ADDRESSEE] or ends[Side.REQUESTER]
    if deciding:
        assert request.status == deciding[0].status
    # An answer that came another way ends the request, and withdraws nothing.
    assert request.withdrawn == any(each.kind != "ANSWERED-ELSEWHERE" for each in ends[Side.REQUESTER])


def check_preservation(request: Request) -> None:
    kept = request.preservation
    if kept is None:
        return
    assert kept.until >= kept.earliest_expiry
    ends = [extension.new for extension in kept.extensions]
    assert ends == sorted(set(ends))
    assert (
        kept.released_at is not None
        or kept.held == any(hold.decided is None and hold.since <= kept.until for hold in kept.holds)
        or len(kept.holds) > 1
    )


TwoEnds.TestCase.settings = settings(max_examples=1500 if ALL else 100, stateful_step_count=30, deadline=None)
TestTwoEnds = TwoEnds.TestCase


def test_what_is_filled_in_from_the_catalogue_has_no_problem_for_any_type_and_any_answer():
    for entry in CATALOGUE.entries.values():
        for form in (entry, *entry.answers):
            for everything in (False, True):
                blocking = [
                    each for each in check_body(form, filled(form, T0, everything=everything), T0) if each.blocks
                ]
                assert blocking == [], (entry.code, form.code)
