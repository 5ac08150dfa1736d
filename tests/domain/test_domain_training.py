"""The scripts of a training and how an officer's work is judged: purely, second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.training import (
    OWN,
    Mark,
    OwnRequest,
    Seen,
    Sight,
    body_of,
    closed,
    due,
    is_over,
    judge,
    load,
)

START = datetime(2027, 3, 4, 13, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize("name", load())
def test_every_request_and_every_word_of_a_script_is_one_of_the_catalogue_and_passes_its_form(name: str) -> None:
    script, catalogue = load()[name], catalogues.load()
    for act in script.acts:
        problems = catalogues.check_body(catalogue[act.kind], body_of(act.body, START), START)
        assert [each for each in problems if each.blocks] == []
    for reply in script.replies:
        answer = catalogue["PRES-NEW"].answer(reply.say)
        assert [each for each in catalogues.check_body(answer, body_of(reply.body, START), START) if each.blocks] == []
    said = {word for each in script.expects for word in each.among}
    assert all(any(entry.offered(word) for entry in catalogue.entries.values()) for word in said)
    names = {act.name for act in script.acts} | {OWN}
    assert {each.of for each in script.expects} <= names


def test_the_invented_state_asks_at_its_second_and_once() -> None:
    script = load()["quick"]
    assert due(script, START, (), (), 1, after(3.9)) == ()
    [act] = due(script, START, (), (), 1, after(4))
    assert (act.name, act.kind, act.request) == ("preserve", "PRES-NEW", "")
    assert due(script, START, {"preserve"}, (), 1, after(900)) == ()
    assert due(script, START, (), (), 10, after(0.4)), "ten times as fast"


def test_its_replies_follow_one_another_and_wait_for_the_officers_word() -> None:
    script = load()["slow"]
    fresh = OwnRequest("r", after(0), (), ())
    assert due(script, START, (), [fresh], 1, after(239)) == ()
    assert [each.kind for each in due(script, START, (), [fresh], 1, after(240))] == ["ACKNOWLEDGED"]
    asked = OwnRequest("r", after(0), (("ACKNOWLEDGED", after(240)), ("NEED-INFO", after(300))), ())
    assert due(script, START, (), [asked], 1, after(9000)) == (), "it asked, and waits"
    told = OwnRequest("r", after(0), asked.said, (("INFO", after(400)),))
    assert due(script, START, (), [told], 1, after(429)) == ()
    assert [each.kind for each in due(script, START, (), [told], 1, after(430))] == ["ACCEPTED"]


def test_what_is_done_at_the_last_second_is_met_and_a_second_later_late() -> None:
    script = load()["emergency"]
    arrived = Seen("life", Sight.ARRIVED, after(5))
    for second, mark in ((120, Mark.MET), (121, Mark.LATE)):
        taken = Seen("life", Sight.ACKNOWLEDGED, after(5 + second))
        line = judge(script, START, [arrived, taken], after(5 + second))[0]
        assert (line.mark, line.took_s) == (mark, second)
    assert judge(script, START, [arrived], after(125))[0].mark is Mark.WAITING
    assert judge(script, START, [arrived], after(126))[0].mark is Mark.MISSED
    assert judge(script, START, [], after(9000))[0].mark is Mark.WAITING, "what never arrived is nobody's fault"


def test_an_abusive_request_is_flagged_or_refused_and_nothing_is_preserved() -> None:
    script = load()["abusive"]
    arrived, taken = Seen("speech", Sight.ARRIVED, after(4)), Seen("speech", Sight.ACKNOWLEDGED, after(9))
    for done in (Seen("speech", Sight.FLAGGED, after(60)), Seen("speech", Sight.SAID, after(60), "REFUSED")):
        lines = judge(script, START, [arrived, taken, done], after(61))
        assert is_over(lines)
        assert [each.mark for each in closed(lines)] == [Mark.MET] * 3
    preserved = Seen("speech", Sight.SAID, after(30), "EXECUTED")
    lines = judge(script, START, [arrived, taken, preserved, Seen("speech", Sight.FLAGGED, after(60))], after(61))
    assert [each.mark for each in closed(lines)] == [Mark.MET, Mark.MET, Mark.MISSED]


def test_an_exercise_that_is_broken_off_counts_what_was_not_done_as_missed() -> None:
    script = load()["quick"]
    lines = judge(script, START, [Seen("preserve", Sight.ARRIVED, after(4))], after(10))
    assert not is_over(lines)
    assert [each.mark for each in closed(lines)] == [Mark.MISSED] * 3


def test_the_time_of_an_answer_runs_from_the_word_that_asked_for_it() -> None:
    script = load()["slow"]
    sent = Seen(OWN, Sight.SENT, after(100))
    early = Seen(OWN, Sight.SAID, after(200), "INFO")
    asked, told = Seen(OWN, Sight.HEARD, after(400), "NEED-INFO"), Seen(OWN, Sight.SAID, after(460), "INFO")
    lines = judge(script, START, [sent, early, asked, told], after(500))
    assert [(each.mark, each.took_s) for each in lines] == [(Mark.MET, 100), (Mark.MET, 60)]


def test_an_instant_of_a_body_is_counted_from_now() -> None:
    body = body_of("life", START)
    assert (body["data"]["from"], body["answer_needed_by"]) == (
        "2027-03-04T05:00:00.000Z",
        "2027-03-04T15:00:00.000Z",
    )
    assert body_of("", START) == {}
