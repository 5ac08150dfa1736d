"""Whom a rung calls at an instant, or why nobody; and what is odd about a policy when it is saved."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import (
    EscalationPolicy,
    Hours,
    Milestone,
    Nobody,
    Reachable,
    Rung,
    Target,
    Who,
    called,
    everybody_policy,
    first_called,
    lint,
)
from contactpoint.domain.roll import Person, Roll
from contactpoint.domain.values import Urgency

MONDAY = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
NIGHT = datetime(2027, 3, 1, 22, 0, tzinfo=UTC)


class Shifts:
    """A rota of twelve hours each: the first officer from 8 to 20 o'clock UTC, the second at night."""

    def __init__(self, day: str, night: str) -> None:
        self.both = (day, night)

    def on_duty(self, at):
        shift = at.replace(hour=0) + timedelta(hours=8)
        ends = [shift.replace(minute=0, second=0, microsecond=0) + timedelta(hours=12 * n) for n in range(3)]
        return (self.both[0 if 8 <= at.hour < 20 else 1],), next(end for end in ends if end > at)

    def neighbour(self, at, step):
        return (self.both[1 if 8 <= at.hour < 20 else 0],)


ROLL = Roll(
    officers=(
        Person("A", frozenset({"answer", "supervise"}), frozenset({"en", "fr"}), frozenset({"secret"}), "cyber"),
        Person("B", frozenset({"answer"}), frozenset({"en"}), frozenset(), "cyber"),
        Person("C", frozenset({"answer", "central"}), frozenset({"ru"}), frozenset({"secret"}), "law"),
        Person("D", frozenset({"answer"}), locked=True),
    ),
    rotas={"desk": Shifts("A", "B"), "law": Shifts("C", "C")},
)


def rung(*targets: str, **more) -> Rung:
    return Rung(
        tuple(map(Target.read, targets)), more.pop("channels", ("console", "smtp")), 600, "duty officer", **more
    )


def people(*targets: str, at=MONDAY, roll=ROLL, **more):
    return called(rung(*targets, **more), roll, Urgency.U1, at).people


def test_each_target_means_who_it_means_at_that_instant():
    assert (people("duty desk"), people("duty desk", at=NIGHT)) == (("A",), ("B",))
    assert (people("next desk"), people("previous desk", at=NIGHT)) == (("B",), ("A",))
    assert people("officer C") == ("C",)
    assert people("unit cyber") == ("A", "B")
    assert people("everybody") == ("A", "C")
    assert people("everybody", roll=replace(ROLL, rotas={})) == ("A", "B", "C")
    assert people("right answer") == ("A", "B", "C")
    assert people("holder") == ()
    assert people("holder", roll=ROLL.held_by("B")) == ("B",)
    assert people("duty desk", "officer A", "unit cyber") == ("A", "B")


def test_a_locked_officer_is_never_called_and_an_unknown_one_neither():
    found = called(rung("officer D", "officer Z"), ROLL, Urgency.U1, MONDAY)
    assert (found.people, found.why) == ((), Nobody.NOBODY_THERE)


def test_another_desk_and_a_siren_are_no_people():
    found = called(rung("desk XC", "channel exec"), ROLL, Urgency.U1, MONDAY)
    assert (found.people, found.desks, found.lines, found.why) == ((), ("XC",), ("exec",), None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"right": "supervise"}, ("A",)),
        ({"language": "ru"}, ("C",)),
        ({"clearance": "secret"}, ("A", "C")),
        ({"clearance": "secret", "language": "en"}, ("A",)),
    ],
)
def test_only_who_is_qualified_is_called(asked, expected):
    assert people("right answer", **asked) == expected


def test_nobody_qualified_is_another_answer_than_nobody_there():
    assert called(rung("unit cyber", language="ru"), ROLL, Urgency.U1, MONDAY).why is Nobody.NOBODY_QUALIFIED
    assert called(rung("unit none"), ROLL, Urgency.U1, MONDAY).why is Nobody.NOBODY_THERE
    assert called(rung(), ROLL, Urgency.U1, MONDAY).why is Nobody.NO_TARGET


def test_a_rung_is_climbed_for_its_classes_and_hours_only():
    urgent = rung("officer A", classes=frozenset({Urgency.U0, Urgency.U1}))
    assert called(urgent, ROLL, Urgency.U1, MONDAY).people == ("A",)
    assert called(urgent, ROLL, Urgency.U2, MONDAY).why is Nobody.OTHER_CLASS
    day, night = rung("officer A", hours=Hours.IN), rung("officer B", hours=Hours.OUT)
    assert [called(each, ROLL, Urgency.U1, MONDAY).people for each in (day, night)] == [("A",), ()]
    assert [called(each, ROLL, Urgency.U1, NIGHT).why for each in (day, night)] == [Nobody.OTHER_HOURS, None]
    assert Nobody.OTHER_HOURS.as_planned


def test_office_hours_are_those_of_the_own_state_and_half_open():
    roll = replace(ROLL, calendar=Calendar("Asia/Tokyo"))  # 9 to 17 there is 0 to 8 in UTC
    day = rung("officer A", hours=Hours.IN)
    instants = ["2027-02-28T23:59:59", "2027-03-01T00:00:00", "2027-03-01T07:59:59", "2027-03-01T08:00:00"]
    found = [called(day, roll, Urgency.U1, datetime.fromisoformat(each).replace(tzinfo=UTC)) for each in instants]
    assert [bool(each.people) for each in found] == [False, True, True, False]


def test_a_rung_says_when_its_rota_changes():
    assert called(rung("duty desk"), ROLL, Urgency.U1, MONDAY).until == MONDAY.replace(hour=20)
    assert called(rung("officer A"), ROLL, Urgency.U1, MONDAY).until is None


def test_on_duty_is_whom_the_first_rung_with_somebody_on_it_calls():
    policy = EscalationPolicy(1, (rung("unit none"), rung("desk XC"), rung("duty desk"), rung("everybody")))
    assert first_called(policy, ROLL, None, NIGHT).people == ("B",)


@pytest.mark.parametrize("text", ["", "duty", "everybody XA", "chief A", "officer", "officer " + "x" * 65])
def test_a_target_has_one_spelling(text):
    with pytest.raises(EscalationError):
        Target.read(text)
    assert str(Target.read("next desk")) == "next desk"


FULL = EscalationPolicy(
    3,
    (
        rung(
            "duty desk",
            "desk XC",
            hours=Hours.OUT,
            classes=frozenset({Urgency.U0}),
            acknowledgers=2,
            right="answer",
            language="fr",
            clearance="secret",
        ),
        rung("everybody", channels=()),
    ),
    until_answered=(Milestone(50, (Target(Who.HOLDER),), ("smtp",), "duty officer"),),
    hold_rungs=2,
    remind_percent=10,
    again_percent=20,
    covers=("XC",),
)


def test_an_escalation_policy_survives_being_stored():
    assert EscalationPolicy.from_plain(json.loads(json.dumps(FULL.to_plain()))) == FULL
    short = {"rungs": [{"targets": ["everybody"], "delay_s": 120, "role": "everybody"}]}
    assert EscalationPolicy.from_plain(short) == everybody_policy()


@pytest.mark.parametrize(
    "change",
    [
        {"rungs": 5},
        {"rungs": "officer A"},
        {"rungs": [{}]},
        {"rungs": [{"targets": "officer A", "delay_s": 5, "role": "x"}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 0, "role": "x"}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": True, "role": "x"}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 5, "role": ""}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 5, "role": "x", "delay": 5}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 5, "role": "x", "classes": ["U9"]}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 5, "role": "x", "hours": "lunch"}]},
        {"rungs": [{"targets": ["officer A"], "delay_s": 5, "role": "x"}] * 21},
        {"version": "x"},
        {"until_answered": [{"percent": 80, "targets": [], "role": "a"}, {"percent": 50, "targets": [], "role": "b"}]},
        {"until_answered": [{"percent": 101, "targets": [], "role": "a"}]},
        {"again_percent": 10, "remind_percent": 20},
        {"hold_rungs": -1},
        {"surprise": 1},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(change):
    with pytest.raises(EscalationError):
        EscalationPolicy.from_plain({**FULL.to_plain(), **change})
    with pytest.raises(EscalationError):
        EscalationPolicy.from_plain({})


# --- lint ---

CONTACTS = {
    "A": Reachable(frozenset({"console", "smtp"}), {}),
    "B": Reachable(frozenset({"console"}), {}),
    "C": Reachable(frozenset({"console", "smtp"}), {Urgency.U1: 600}),
}


def findings(*rungs: Rung, roll=ROLL, channels=("console", "smtp"), contacts=None, **more):
    found = lint(EscalationPolicy(1, rungs, **more), roll, MONDAY, channels=channels, contacts=contacts)
    return {(each.code, each.rung) for each in found}


def test_a_policy_that_reaches_somebody_all_the_time_has_no_findings():
    assert findings(rung("duty desk"), rung("everybody")) == set()


def test_lint_names_whatever_could_fail_to_reach_a_human():
    assert ("W-EMPTY-RUNG", 0) in findings(rung("unit none"), rung("officer A"))
    assert ("W-UNKNOWN-TARGET", 0) in findings(rung("duty night"), rung("officer A"))
    assert ("W-UNKNOWN-OFFICER", 0) in findings(rung("officer D"), rung("officer A"))
    assert ("W-UNKNOWN-CHANNEL", 0) in findings(rung("officer A", channels=("exec", "console")))
    assert ("W-UNKNOWN-CHANNEL", 0) in findings(rung("officer A", "channel exec"))
    assert ("W-SHORT-WINDOW", 0) in findings(replace(rung("officer A"), delay_s=59))
    assert ("W-SHORT-WINDOW", 0) not in findings(replace(rung("officer A"), delay_s=60))
    assert ("W-NO-ALTERNATE", None) in findings(rung("officer A", channels=("console",)))
    assert ("W-NO-ALTERNATE", None) not in findings(rung("officer A", "desk XC", channels=("console",)))
    assert ("W-TOO-FEW", 0) in findings(rung("unit cyber", acknowledgers=3))
    assert ("W-TOO-FEW", 0) not in findings(rung("unit cyber", acknowledgers=2))
    assert findings() >= {("E-NOBODY-ON-DUTY", None)}


def test_lint_sees_the_night_and_the_class_in_which_nobody_would_be_there():
    day_only = rung("officer A", hours=Hours.IN)
    found = lint(EscalationPolicy(1, (day_only,)), ROLL, MONDAY, channels=("console", "smtp"))
    assert {each.detail for each in found if each.code == "E-NOBODY-ON-DUTY"} == {
        f"{urgency.value} at 2027-03-01T17:00:00.000Z" for urgency in Urgency
    }
    urgent = rung("officer A", classes=frozenset({Urgency.U0}))
    assert sum(code == "E-NOBODY-ON-DUTY" for code, _ in findings(urgent)) == 1
    details = [each.detail for each in lint(EscalationPolicy(1, (urgent,)), ROLL, MONDAY, channels=("console", "smtp"))]
    assert details == [f"{each} at 2027-03-01T10:00:00.000Z" for each in ("U1", "U2", "U3")]


def test_lint_knows_the_contacts_of_everybody_who_will_be_called_in_these_two_weeks():
    assert findings(rung("duty desk"), contacts=CONTACTS) == {("W-ONE-CHANNEL", 0)}  # B, at night
    assert findings(rung("officer C"), contacts=CONTACTS) == {("W-LATE-REMINDER", 0)}
    assert findings(replace(rung("officer C"), delay_s=601), contacts=CONTACTS) == set()
    assert findings(rung("officer A"), contacts={}) == {("W-ONE-CHANNEL", 0)}
