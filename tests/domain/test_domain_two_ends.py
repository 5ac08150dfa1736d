"""Two ends over a network that loses, repeats and reorders; both sides may speak at any time, so moves cross."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contactpoint.domain.case import Case, fold, permitted
from contactpoint.domain.catalogue import Opens
from contactpoint.domain.statement import Statement
from contactpoint.domain.transitions import FINAL, Status
from contactpoint.domain.values import Side, Urgency
from tests.domain.domain_examples import CATALOGUE, XA, XB, Desk

ENDS = [f"20{year}-01-01T00:00Z" for year in range(28, 90)]


class TwoEnds(RuleBasedStateMachine):
    """Statements lie in `on_the_way` of each receiver until they are delivered; nothing is ever lost for good."""

    @initialize(kind=st.sampled_from([("PRES-NEW", Urgency.U1), ("PRES-NEW", Urgency.U0), ("EMERG-DATA", Urgency.U0)]))
    def open(self, kind) -> None:
        self.asking, self.asked = Desk(XA, XB), Desk(XB, XA)
        self.opener = self.asking.say(kind[0], urgency=kind[1])
        self.on_the_way: dict[str, list[Statement]] = {XA: [], XB: [self.opener]}
        self.delivered: dict[str, list[Statement]] = {XA: [], XB: []}
        self.extended = 0

    def other(self, desk: Desk) -> Desk:
        return self.asked if desk is self.asking else self.asking

    def speak(self, desk: Desk, data) -> None:
        if desk.case is None or not desk.case.opened:
            return
        side = Side.REQUESTER if desk is self.asking else Side.ADDRESSEE
        request = data.draw(st.sampled_from(sorted(desk.case.requests)))
        kinds = permitted(desk.case, request, side, CATALOGUE)
        if not kinds:
            return
        kind = data.draw(st.sampled_from(kinds))
        about = desk.case.requests[request]
        body = {}
        if kind == "EXTENDED":
            self.extended += 1
            body = {"body": {"new_expiry": ENDS[self.extended]}}
        said = desk.say(kind, re=about.digest, urgency=about.urgency, **body)
        self.on_the_way[desk.other].append(said)

    @rule(data=st.data())
    def asking_speaks(self, data) -> None:
        self.speak(self.asking, data)

    @rule(data=st.data())
    def asked_speaks(self, data) -> None:
        self.speak(self.asked, data)

    @rule(data=st.data(), to=st.sampled_from([XA, XB]), lose=st.booleans())
    def deliver_any(self, data, to, lose) -> None:
        waiting = self.on_the_way[to]
        if not waiting or lose:
            return
        statement = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
        (self.asking if to == XA else self.asked).take(statement)
        self.delivered[to].append(statement)

    @rule(data=st.data(), to=st.sampled_from([XA, XB]))
    def repeat(self, data, to) -> None:
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


def check_case(case: Case) -> None:
    for request in case.requests.values():
        offered = {answer.code for answer in CATALOGUE[request.kind].answers}
        kinds = [step.kind for step in request.steps]
        assert set(kinds) <= offered | {"WITHDRAW"}
        assert sum(kind in ("ACKNOWLEDGED", "ACK-DEGRADED") for kind in kinds) <= 1
        assert kinds.count("WITHDRAW") <= 1
        assert request.withdrawn == ("WITHDRAW" in kinds)
        assert request.status is not Status.OPEN or not any(step.word for step in request.steps)
        finals = [step for step in request.steps if step.status in FINAL and step.side is Side.ADDRESSEE]
        assert len(finals) <= 1
        if finals:
            assert request.status is finals[0].status
        elif request.withdrawn:
            assert request.status is Status.WITHDRAWN
        if request.kind == "EMERG-DATA" and "EXECUTED" in kinds:
            assert kinds.index("CALLED-BACK") < kinds.index("EXECUTED")
        preservation = request.preservation
        if request.kind == "PRES-NEW" and request.status is Status.EXECUTED:
            assert preservation is not None
        if preservation is not None:
            assert preservation.until >= preservation.earliest_expiry
            ends = [extension.new for extension in preservation.extensions]
            assert ends == sorted(set(ends))
        open_to = {
            kind
            for side in Side
            for kind in permitted(case, request.id, side, CATALOGUE)
            if kind not in CATALOGUE or CATALOGUE[kind].opens is Opens.MOVE
        }
        assert bool(open_to) == (request.status not in FINAL)


TwoEnds.TestCase.settings = settings(stateful_step_count=30, deadline=None)
TestTwoEnds = TwoEnds.TestCase
