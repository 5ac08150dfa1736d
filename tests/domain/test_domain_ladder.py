"""Stories of the clocks, with fast-forward: nothing at 29:59, exactly one page at 30:00."""

import json
from datetime import timedelta

import pytest

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.errors import EscalationError
from contactpoint.domain.escalation import EscalationPolicy, Rung, Target, Who
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
    Ring,
    SayRung,
    SaySlip,
    SayTwin,
    StopRinging,
    Tick,
    TwinHeard,
    Until,
    Withdrawn,
    decide,
    open_incoming,
    open_outgoing,
)
from contactpoint.domain.policy import load
from contactpoint.domain.roll import NOBODY, Person, Roll
from contactpoint.domain.values import Level, Twin, Urgency, parse_instant
from tests.domain.domain_examples import T0, XA, XB, Desk

TERMS = load("standard-1").terms[Urgency.U1]  # unreachable 5, received 10, acknowledged 30, decision 480 minutes
ROLL = Roll(tuple(Person(f"XB-OFF-{number}") for number in (1, 2, 3)))


def rung(officers, channels, delay_s, role, **more):
    return Rung(tuple(Target(Who.OFFICER, each) for each in officers), channels, delay_s, role, **more)


RUNGS = (
    rung(("XB-OFF-1",), ("console",), 15 * 60, "duty officer"),
    rung(("XB-OFF-2", "XB-OFF-3"), ("console", "smtp"), 15 * 60, "deputy"),
)
ESCALATION = EscalationPolicy(1, RUNGS)
ONE_LADDER = EscalationPolicy(1, RUNGS, until_answered=(), remind_percent=0)


def clock(text: str) -> timedelta:
    """`29:59` as minutes and seconds."""
    minutes, seconds = text.split(":")
    return timedelta(minutes=int(minutes), seconds=float(seconds))


class End:
    """One end with its own time; each step returns the effects and checks that the ladder survives being stored."""

    def __init__(self, ladder: Ladder, effects, roll=ROLL) -> None:
        self.ladder, self.opening, self.roll = ladder, list(effects), roll

    @classmethod
    def incoming(cls, escalation=ESCALATION, taken="0:00", terms=TERMS, lives=timedelta(days=7), roll=ROLL):
        statement = Desk(XA, XB).write("PRES-NEW", expires=T0 + lives)
        return cls(*open_incoming(statement, terms, escalation, Calendar(), T0, roll, T0 + clock(taken)), roll)

    @classmethod
    def outgoing(cls, terms=TERMS, lives=timedelta(days=7), held="0:00"):
        statement = Desk(XA, XB).write("PRES-NEW", expires=T0 + lives)
        end = cls(*open_outgoing(statement, terms, T0))
        if held is not None:
            end.at(held, Held(T0))
        return end

    def at(self, text: str, event=None):
        before = self.ladder
        self.ladder, effects = decide(before, event or Tick(), self.roll, T0 + clock(text))
        assert Ladder.from_plain(json.loads(json.dumps(self.ladder.to_plain()))) == self.ladder
        return list(effects)

    def fact(self, kind, text: str, *, heard: str | None = None):
        return self.at(heard or text, kind(T0 + clock(text)))


def pages(effects):
    """Those of the ladder until *acknowledged*."""
    found = [effect for effect in effects if isinstance(effect, Page)]
    return [(effect.cycle, effect.rung) for effect in found if effect.until is Until.ACKNOWLEDGED]


def test_a_received_request_says_so_and_pages_the_first_rung_at_once():
    end = End.incoming()
    assert end.opening == [
        SaySlip(Level.RECEIVED),
        Page(0, 0, ("XB-OFF-1",), ("console",), "duty officer"),
        SayRung(0, 0, "duty officer", T0 + clock("15:00")),
    ]
    assert end.ladder.level is Level.RECEIVED
    assert end.ladder.rings
    assert end.ladder.next_at == T0 + clock("15:00")


def test_nothing_at_14_59_and_exactly_one_page_for_the_whole_rung_at_15_00():
    end = End.incoming()
    assert end.at("14:59.999") == []
    assert end.at("15:00") == [
        Page(0, 1, ("XB-OFF-2", "XB-OFF-3"), ("console", "smtp"), "deputy"),
        SayRung(0, 1, "deputy", T0 + clock("30:00")),
    ]
    assert end.at("15:00") == []
    assert (end.ladder.cycle, end.ladder.rung) == (0, 1)


def test_nothing_at_29_59_and_at_30_00_the_twins_and_exactly_one_page():
    end = End.incoming()
    end.at("15:00")
    assert end.at("29:59.999") == []
    assert end.at("30:00") == [
        SayTwin(Twin.NOT_OPENED, T0 + clock("30:00")),
        SayTwin(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00")),
        Alarm("W-LADDER-EXHAUSTED"),
        Page(1, 0, ("XB-OFF-1",), ("console",), "duty officer"),
        SayRung(1, 0, "duty officer", T0 + clock("45:00")),
    ]
    assert pages(end.at("45:00")) == [(1, 1)]
    assert end.at("60:00") == [
        Page(2, 0, ("XB-OFF-1",), ("console",), "duty officer"),
        SayRung(2, 0, "duty officer", T0 + clock("75:00")),
    ]


def test_an_opened_request_still_rings():
    end = End.incoming()
    assert end.fact(Opened, "1:00") == [SaySlip(Level.OPENED)]
    assert end.fact(Opened, "2:00") == []
    assert end.ladder.rings
    assert pages(end.at("15:00")) == [(0, 1)]
    assert SayTwin(Twin.NOT_OPENED, T0 + clock("30:00")) not in end.at("30:00")


def test_an_acknowledgement_stops_everything_and_leaves_the_decision_clock():
    end = End.incoming(ONE_LADDER)
    assert end.at("2:00", Acknowledged(T0 + clock("2:00"), "XB-OFF-1")) == [StopRinging()]
    assert not end.ladder.rings
    assert end.ladder.acknowledged_by == "XB-OFF-1"
    assert end.ladder.next_at == T0 + clock("480:00")
    assert end.at("479:59.999") == []
    assert end.at("480:00") == [SayTwin(Twin.LAPSED, T0 + clock("480:00"))]
    assert end.ladder.next_at is None


def test_acknowledging_exactly_at_the_deadline_counts():
    for looked_first in (False, True):
        end = End.incoming()
        end.at("15:00")
        if looked_first:
            end.at("29:59.999")
        effects = end.fact(Acknowledged, "30:00")
        assert effects == [StopRinging()]
        assert end.at("31:00") == []
        assert end.ladder.late_by(Level.ACKNOWLEDGED) is None


def test_a_late_acknowledgement_stands_beside_its_twin():
    end = End.incoming()
    end.at("30:00")
    assert end.fact(Acknowledged, "42:00") == [StopRinging()]
    assert Twin.NOT_ACKNOWLEDGED in end.ladder.said
    assert end.ladder.late_by(Level.ACKNOWLEDGED) == clock("12:00")


def test_a_slow_worker_says_the_twin_that_was_due_before_the_acknowledgement_and_pages_nobody():
    end = End.incoming()
    effects = end.fact(Acknowledged, "30:01")
    assert [effect.twin for effect in effects if isinstance(effect, SayTwin)] == [
        Twin.NOT_OPENED,
        Twin.NOT_ACKNOWLEDGED,
    ]
    assert pages(effects) == []


def test_the_first_officer_who_took_charge_stays_in_charge():
    end = End.incoming()
    end.at("2:00", Acknowledged(T0 + clock("2:00"), "XB-OFF-1"))
    assert end.at("3:00", Acknowledged(T0 + clock("3:00"), "XB-OFF-2")) == []
    assert end.ladder.acknowledged_by == "XB-OFF-1"
    assert end.ladder.levels[Level.ACKNOWLEDGED] == T0 + clock("2:00")


def test_an_empty_rung_falls_through_at_once_and_is_reported():
    nobody = rung((), ("console",), 600, "second line")
    end = End.incoming(EscalationPolicy(1, (nobody, *RUNGS, nobody)))
    assert Alarm("W-EMPTY-RUNG", 0) in end.opening
    assert Alarm("W-EMPTY-RUNG", 3) not in end.opening
    assert pages(end.opening) == [(0, 1)]
    assert pages(end.at("15:00")) == [(0, 2)]
    later = end.at("30:00")
    assert pages(later) == [(1, 1)]
    assert Alarm("W-EMPTY-RUNG", 3) in later


@pytest.mark.parametrize("rungs", [(), (rung((), ("console",), 60, "duty officer"),)])
def test_nobody_on_duty_is_an_alarm_and_the_twins_are_still_said(rungs):
    end = End.incoming(EscalationPolicy(1, rungs), roll=Roll())
    assert Alarm("E-NOBODY-ON-DUTY") in end.opening
    assert pages(end.opening) == []
    assert end.ladder.next_at == T0 + clock("2:00")  # somebody may come on duty any time
    assert SayTwin(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00")) in end.at("30:00")


def test_a_desk_that_takes_late_pages_everyone_it_should_have_paged():
    end = End.incoming(taken="16:00")
    assert pages(end.opening) == [(0, 0), (0, 1)]
    assert end.ladder.late_by(Level.RECEIVED) == clock("6:00")


def test_after_a_long_stop_one_tick_pages_each_rung_once_and_reports_it():
    end = End.incoming()
    effects = end.at("301:00")
    assert pages(effects) == [(9, 1), (10, 0)]
    assert Alarm("W-CATCH-UP") in effects
    assert Alarm("W-LADDER-EXHAUSTED") in effects
    assert [effect.twin for effect in effects if isinstance(effect, SayTwin)] == [
        Twin.NOT_OPENED,
        Twin.NOT_ACKNOWLEDGED,
    ]
    assert end.at("301:00") == []
    assert pages(end.at("315:00")) == [(10, 1)]


def test_ten_years_of_standing_still_are_caught_up_in_one_step():
    end = End.incoming(lives=timedelta(days=4000))
    assert len(pages(end.at(f"{60 * 24 * 3650}:00"))) == 2


def test_the_ladder_stops_when_the_request_expires():
    end = End.incoming(lives=clock("20:00"))
    end.at("15:00")
    assert end.at("19:59.999") == []
    assert end.at("20:00") == [StopRinging(), Alarm("E-EXPIRED")]
    assert not end.ladder.rings
    assert pages(end.at("30:00")) == []
    assert SayTwin(Twin.LAPSED, T0 + clock("480:00")) in end.at("480:00")
    assert end.ladder.next_at is None


def test_a_rung_that_would_begin_at_the_expiry_is_not_paged():
    end = End.incoming(lives=clock("15:00"))
    assert end.at("15:00") == [StopRinging(), Alarm("E-EXPIRED")]


def test_a_withdrawal_stops_everything_at_both_ends():
    for end in (End.incoming(), End.outgoing()):
        effects = end.fact(Withdrawn, "5:00")
        assert effects == ([StopRinging()] if end.opening else [])
        assert end.ladder.next_at is None
        assert end.at("1000:00") == []


def test_an_answer_without_an_acknowledgement_stops_the_ringing_too():
    end = End.incoming()
    assert end.fact(Answered, "5:00") == [StopRinging()]
    assert end.ladder.level is Level.ANSWERED
    assert end.at("1000:00") == []


def test_a_later_policy_does_not_touch_a_request_that_stands():
    end = End.incoming()
    plain = end.ladder.to_plain()
    assert plain["escalation"] == ESCALATION.to_plain()
    assert Ladder.from_plain(plain).escalation == ESCALATION


def test_ladders_of_one_policy_share_it_and_a_torn_text_is_refused():
    text = End.incoming().ladder.to_text()
    assert Ladder.from_text(text) == End.incoming().ladder
    assert Ladder.from_text(text).escalation is Ladder.from_text(text).escalation
    for torn in (
        "",
        "{}",
        "[]",
        text[:-1],
        text.replace("rungs", "wrungs"),
        text.replace('"urgency":"U1"', '"urgency":"U9"'),
    ):
        with pytest.raises(EscalationError):
            Ladder.from_text(torn)


def test_the_next_working_day_is_the_recipients():
    terms = load("standard-1").terms[Urgency.U3]
    statement = Desk(XA, XB).write("PRES-NEW", urgency=Urgency.U3)
    calendar = Calendar("Asia/Tokyo")
    ladder, _ = open_outgoing(statement, terms, T0, calendar=calendar)
    ladder, _ = decide(ladder, Held(T0), NOBODY, T0)
    theirs, _ = open_incoming(statement, terms, ESCALATION, calendar, T0, ROLL, T0)
    assert ladder.deadlines[Twin.NOT_ACKNOWLEDGED] == parse_instant("2027-03-05T17:00+09:00")
    assert ladder.deadlines[Twin.NOT_ACKNOWLEDGED] == theirs.deadlines[Twin.NOT_ACKNOWLEDGED]


# --- the sender's end ---


def test_a_gateway_that_cannot_be_reached_is_said_at_its_minute_and_not_before():
    end = End.outgoing(held=None)
    assert end.at("4:59.999") == []
    assert end.at("5:00") == [SayTwin(Twin.UNREACHABLE, T0 + clock("5:00")), Ring("unreachable")]
    assert end.ladder.rings
    assert end.at("6:00") == []
    assert end.fact(Held, "7:00") == [StopRinging()]
    assert not end.ladder.rings
    assert end.ladder.late_by(Level.HELD) == clock("2:00")
    assert end.ladder.next_at == T0 + clock("17:00")


def test_both_ends_count_from_the_same_signed_instant():
    sender, recipient = End.outgoing(), End.incoming(taken="3:00")
    for twin in (Twin.NOT_RECEIVED, Twin.NOT_OPENED, Twin.NOT_ACKNOWLEDGED, Twin.LAPSED):
        assert sender.ladder.deadlines[twin] == recipient.ladder.deadlines[twin]


def test_the_sender_rings_its_own_officer_once_for_each_deadline_missed():
    end = End.outgoing()
    assert end.at("9:59.999") == []
    assert end.at("10:00") == [SayTwin(Twin.NOT_RECEIVED, T0 + clock("10:00")), Ring("not-received")]
    assert end.fact(Received, "11:00") == [StopRinging()]
    assert not end.ladder.rings
    assert end.ladder.late_by(Level.RECEIVED) == clock("1:00")
    assert end.at("30:00") == [SayTwin(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00")), Ring("not-acknowledged")]
    assert end.at("30:00", TwinHeard(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00"))) == []
    assert end.fact(Acknowledged, "31:00") == [StopRinging()]
    assert end.at("480:00") == [SayTwin(Twin.LAPSED, T0 + clock("480:00")), Ring("lapsed")]


def test_a_twin_heard_first_rings_once_and_the_own_one_is_still_signed():
    end = End.outgoing()
    end.fact(Received, "1:00")
    # the recipient's clock is a second fast
    assert end.at("29:59", TwinHeard(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00"))) == [Ring("not-acknowledged")]
    assert end.at("30:00") == [SayTwin(Twin.NOT_ACKNOWLEDGED, T0 + clock("30:00"))]


def test_a_noted_overdue_stops_its_ring_and_not_the_next():
    end = End.outgoing()
    end.at("10:00")
    assert end.fact(Noted, "10:30") == [StopRinging()]
    assert not end.ladder.rings
    assert Ring("not-acknowledged") in end.at("30:00")


def test_facts_in_any_order_give_the_same_ladder():
    facts = [Received(T0 + clock("1:00")), Opened(T0 + clock("2:00")), Acknowledged(T0 + clock("3:00"), "XB-OFF-1")]
    one, two = End.outgoing(), End.outgoing()
    for fact in facts:
        assert one.at("5:00", fact) == []
    for fact in reversed(facts):
        assert two.at("5:00", fact) == []
    assert one.ladder == two.ladder
    assert one.ladder.level is Level.ACKNOWLEDGED


def test_an_acknowledgement_in_time_that_is_heard_late_is_not_called_missed():
    end = End.outgoing()
    end.fact(Received, "1:00")
    effects = end.fact(Acknowledged, "29:00", heard="45:00")
    assert effects == []
    assert end.ladder.late_by(Level.ACKNOWLEDGED) is None


def test_a_receipt_that_overtakes_held_proves_that_the_gateway_was_reached():
    end = End.outgoing(held=None)
    end.fact(Received, "1:00")
    assert end.at("60:00") == []
    end.at("61:00", Held(T0 + clock("0:30")))
    assert end.ladder.level is Level.RECEIVED
    assert end.ladder.deadlines[Twin.NOT_ACKNOWLEDGED] == T0 + clock("30:30")


def test_the_earliest_held_counts_whatever_the_mailbox():
    end = End.outgoing(held=None)
    end.at("2:00", Held(T0 + clock("2:00")))
    end.at("2:01", Held(T0 + clock("1:00")))
    end.at("2:02", Held(T0 + clock("1:30")))
    assert end.ladder.held_at == T0 + clock("1:00")


def test_expiry_without_receipt_is_said_by_the_sender():
    end = End.outgoing(lives=clock("12:00"))
    end.at("10:00")
    assert end.at("12:00") == [SayTwin(Twin.EXPIRED, T0 + clock("12:00")), Ring("expired")]
    received = End.outgoing(lives=clock("12:00"))
    received.fact(Received, "1:00")
    assert received.at("12:00") == []


def test_a_refusal_rings_and_a_later_held_takes_it_back():
    end = End.outgoing(held=None)
    assert end.at("1:00", Refused("E-DIRECTORY-BEHIND", T0 + clock("1:00"))) == [Ring("refused")]
    assert end.ladder.rings
    assert end.ladder.next_at is None
    end.fact(Held, "2:00")
    assert not end.ladder.rings
    assert end.ladder.refused == ""
    assert end.ladder.next_at == T0 + clock("12:00")


def test_a_peers_fast_clock_makes_no_deadline_come_early():
    end = End.outgoing()
    assert end.fact(Acknowledged, "100:00", heard="5:00") == []
    assert end.ladder.said == {}


@pytest.mark.parametrize("plain", [{}, {"way": "sideways"}, {"way": "incoming", "terms": 5}, []])
def test_a_ladder_that_cannot_be_read_is_an_error_with_a_name(plain):
    with pytest.raises(EscalationError):
        Ladder.from_plain(plain)
