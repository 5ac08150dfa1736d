"""Whatever the instants at which a worker looks, each step happens once."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.escalation import LAST_RESORT, EscalationPolicy, Rung, Target, Who
from contactpoint.domain.ladder import (
    Acknowledged,
    Alarm,
    Answered,
    Held,
    Ladder,
    Noted,
    Opened,
    Page,
    Received,
    Refused,
    SayRung,
    SaySlip,
    SayTwin,
    Tick,
    TwinHeard,
    Withdrawn,
    decide,
    open_incoming,
    open_outgoing,
)
from contactpoint.domain.policy import load
from contactpoint.domain.roll import Person, Roll
from contactpoint.domain.values import Level, Twin, Urgency
from tests.domain.domain_examples import T0, XA, XB, Desk

TERMS = load("demo-1").terms[Urgency.U1]
LIFE = timedelta(seconds=40)
CYCLE = 6
ROLL = Roll(tuple(map(Person, "abc")))

rungs = st.lists(
    st.builds(
        Rung,
        targets=st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True).map(
            lambda people: tuple(Target(Who.OFFICER, each) for each in people)
        ),
        channels=st.just(("console",)),
        delay_s=st.integers(1, 6),
        role=st.just("duty officer"),
    ),
    max_size=4,
)
looks = st.lists(st.integers(0, 60_000), max_size=30).map(sorted)


def policy_of(steps):
    """The first ladder alone: the second one has its own tests."""
    return EscalationPolicy(1, tuple(steps), until_answered=(), remind_percent=0)


def after(milliseconds: int):
    return T0 + timedelta(milliseconds=milliseconds)


def incoming(policy: EscalationPolicy, taken: int = 0):
    statement = Desk(XA, XB).write("PRES-NEW", expires=T0 + LIFE)
    return open_incoming(statement, TERMS, policy, Calendar(), T0, ROLL, after(taken))


def run(policy: EscalationPolicy, instants, until: int = 60_000):
    """All effects of looking at these instants and at the end."""
    ladder, effects = incoming(policy)
    for instant in [*instants, until]:
        ladder, more = decide(ladder, Tick(), ROLL, after(instant))
        effects += more
    return ladder, effects


def run_on_wakes(policy: EscalationPolicy):
    """All effects of a worker that sleeps until `next_at` each time."""
    ladder, effects = incoming(policy)
    rounds = 0
    while ladder.next_at is not None:
        ladder, more = decide(ladder, Tick(), ROLL, ladder.next_at)
        assert more, "next_at named an instant at which nothing happened"
        effects += more
        rounds += 1
        assert rounds < 200
    return ladder, effects


@given(rungs, looks)
def test_each_step_fires_once_whenever_the_worker_looks(steps, instants):
    _, effects = run(policy_of(steps), instants)
    pages = [(effect.cycle, effect.rung) for effect in effects if isinstance(effect, Page)]
    assert pages == sorted(set(pages))
    twins = [effect.twin for effect in effects if isinstance(effect, SayTwin)]
    assert sorted(twins) == sorted({Twin.NOT_OPENED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED})
    assert sum(isinstance(effect, SaySlip) for effect in effects) == 1
    for code in ("W-LADDER-EXHAUSTED", "E-EXPIRED", "E-NOBODY-ON-DUTY"):
        assert effects.count(Alarm(code)) <= 1


@given(rungs, looks)
def test_a_worker_that_looks_often_enough_pages_what_one_that_sleeps_well_pages(steps, instants):
    policy = policy_of(steps)
    every_second = sorted({*instants, *range(0, 60_000, 500)})
    often_ladder, often = run(policy, every_second)
    wakes_ladder, on_wakes = run_on_wakes(policy)
    assert often_ladder == wakes_ladder
    assert often == on_wakes


@given(rungs, st.integers(0, 39_000))
def test_a_late_worker_pages_everyone_it_should_have_paged(steps, look):
    policy = policy_of(steps)
    _, sleeping_well = run_on_wakes(policy)
    ladder, effects = incoming(policy, taken=look)
    due = {
        effect.rung: effect
        for effect, begins in zip_begins(policy, sleeping_well)
        if isinstance(effect, Page) and begins <= timedelta(milliseconds=look)
    }
    pages = [effect for effect in effects if isinstance(effect, Page)]
    called = [officer for page in pages for officer in page.officers]
    assert set(called) == {officer for page in due.values() for officer in page.officers}
    assert len(called) == len(set(called)), "nobody is called twice in one instant"
    assert {(page.cycle, page.rung) for page in pages} <= {(page.cycle, page.rung) for page in due.values()}
    said = {(effect.cycle, effect.rung) for effect in effects if isinstance(effect, SayRung)}
    assert not any(rung.targets for rung in steps) or said == {(page.cycle, page.rung) for page in due.values()}
    assert ladder.next_at is None or ladder.next_at > after(look)


def zip_begins(policy, effects):
    """Each page with the time at which its rung begins, computed the slow way: by walking."""
    begins, walked = {}, timedelta(0)
    live = [(index, rung) for index, rung in enumerate(policy.rungs) if rung.targets] or [
        (len(policy.rungs), LAST_RESORT)
    ]
    for cycle in range(60):
        for index, rung in live:
            begins[cycle, index] = walked
            walked += timedelta(seconds=rung.delay_s)
    return [(effect, begins[effect.cycle, effect.rung]) for effect in effects if isinstance(effect, Page)]


@given(rungs, st.integers(0, 39_999), looks)
def test_nobody_is_paged_after_somebody_took_charge(steps, taken, instants):
    ladder, _ = incoming(policy_of(steps))
    for instant in [instant for instant in instants if instant <= taken]:
        ladder, _ = decide(ladder, Tick(), ROLL, after(instant))
    ladder, _ = decide(ladder, Acknowledged(after(taken), "a"), ROLL, after(taken))
    assert not ladder.rings
    assert (ladder.late_by(Level.ACKNOWLEDGED) is not None) == (taken > 6000)
    assert (Twin.NOT_ACKNOWLEDGED in ladder.said) == (taken > 6000)
    for instant in [*[instant for instant in instants if instant > taken], 60_000]:
        ladder, effects = decide(ladder, Tick(), ROLL, after(instant))
        assert not any(isinstance(effect, Page | SayRung | Alarm) for effect in effects)


instants = st.integers(0, 60_000).map(after)
events = st.one_of(
    st.just(Tick()),
    *(st.builds(kind, at=instants) for kind in (Held, Received, Opened, Acknowledged, Answered, Withdrawn, Noted)),
    st.builds(TwinHeard, twin=st.sampled_from(Twin), at=instants),
    st.builds(Refused, code=st.just("E-SUITE"), at=instants),
)


@given(st.booleans(), rungs, st.lists(st.tuples(events, st.integers(0, 4000)), max_size=25))
def test_no_history_breaks_a_ladder(own, steps, history):
    statement = Desk(XA, XB).write("PRES-NEW", expires=T0 + LIFE)
    if own:
        ladder, effects = open_outgoing(statement, TERMS, T0)
    else:
        ladder, effects = incoming(policy_of(steps))
    everything, now = list(effects), 0
    for event, wait in history:
        now += wait
        before = ladder
        ladder, effects = decide(ladder, event, ROLL, after(now))
        everything += effects
        assert Ladder.from_plain(ladder.to_plain()) == ladder
        assert ladder.next_at is None or ladder.next_at > after(now)
        assert set(before.said) <= set(ladder.said)
        assert ladder.level.rank >= before.level.rank
        again, nothing = decide(ladder, Tick(), ROLL, after(now))
        assert (again, nothing) == (ladder, ())
    twins = [effect.twin for effect in everything if isinstance(effect, SayTwin)]
    assert len(twins) == len(set(twins))
    pages = [(effect.cycle, effect.rung) for effect in everything if isinstance(effect, Page)]
    assert len(pages) == len(set(pages))
