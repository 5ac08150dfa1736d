"""Stories of one case: what may be said when, and what both ends make of moves that crossed.

Longer than four hundred lines: every story is told on the same two halves.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from contactpoint.domain.case import Case, admit, fold, permitted
from contactpoint.domain.errors import MoveError
from contactpoint.domain.values import Side, Urgency, parse_instant
from tests.domain.domain_examples import CATALOGUE, T0, XA, XB, XC, Desk, Pair, with_digest


def case_of(desk: Desk) -> Case:
    assert desk.case is not None
    return desk.case


def refused_with(code: str, desk: Desk, statement) -> None:
    before = desk.case
    with pytest.raises(MoveError) as caught:
        admit(desk.case, statement, CATALOGUE)
    assert caught.value.code == code
    assert desk.case == before


def test_a_preservation_goes_from_request_to_execution():
    pair = Pair.opened()
    assert pair.status() == "OPEN"
    pair.exchange(pair.asked, "ACKNOWLEDGED")
    assert pair.status() == "ACKNOWLEDGED"
    assert case_of(pair.asking).requests[pair.opener.id].answer is None
    pair.exchange(pair.asked, "ACCEPTED")
    pair.exchange(pair.asked, "EXECUTED")
    assert pair.status() == "EXECUTED"
    request = case_of(pair.asking).requests[pair.opener.id]
    assert request == case_of(pair.asked).requests[pair.opener.id]
    assert request.acknowledged_by == "XB-OFF-1"
    assert [step.kind for step in request.steps] == ["ACKNOWLEDGED", "ACCEPTED", "EXECUTED"]
    assert request.answer is not None
    assert request.answer.kind == "EXECUTED"


def test_a_preservation_lasts_sixty_days_at_both_ends():
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED")
    for desk in (pair.asking, pair.asked):
        preservation = case_of(desk).requests[pair.opener.id].preservation
        assert preservation is not None
        assert preservation.preserved_from == parse_instant("2027-03-04T15:00Z")
        assert preservation.earliest_expiry == preservation.until == parse_instant("2027-05-03T15:00Z")


def test_an_end_before_the_sixty_days_is_refused():
    pair = Pair.opened()
    body = {"preserved_from": "2027-03-04T15:00Z", "reference": "P", "held_until": "2027-05-03T14:59Z"}
    refused_with("E-FIELD-INVALID", pair.asked, pair.asked.write("EXECUTED", re=pair.opener.digest, body=body))
    pair.exchange(pair.asked, "EXECUTED", body=body | {"held_until": "2027-05-03T15:00Z"})


@pytest.mark.parametrize("start", ["9999-12-31T00:00Z", "soon", "2027-03-04", "0001-01-01T00:00+23:00", 7, None])
def test_an_unreadable_start_of_preservation_moves_nothing(start):
    pair = Pair.opened()
    statement = pair.asked.write("EXECUTED", re=pair.opener.digest, body={"preserved_from": start, "reference": "P"})
    with pytest.raises(MoveError):
        admit(pair.asked.case, statement, CATALOGUE)
    assert pair.status() == "OPEN"


def test_an_extension_keeps_the_old_and_the_new_end_and_leaves_room_for_a_second():
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED")
    for new, old in (("2027-07-01T00:00Z", "2027-05-03T15:00Z"), ("2027-08-01T00:00Z", "2027-07-01T00:00Z")):
        assert "PRES-EXT" in permitted(case_of(pair.asking), pair.opener.id, Side.REQUESTER, CATALOGUE)
        extension = pair.exchange(pair.asking, "PRES-EXT")
        pair.exchange(pair.asked, "ACCEPTED", on=extension)
        pair.exchange(pair.asked, "EXTENDED", on=extension, body={"new_expiry": new})
        assert pair.status(extension) == "EXTENDED"
        preservation = case_of(pair.asking).requests[pair.opener.id].preservation
        assert preservation == case_of(pair.asked).requests[pair.opener.id].preservation
        assert preservation is not None
        assert preservation.extensions[-1].old == parse_instant(old)
        assert preservation.extensions[-1].new == preservation.until == parse_instant(new)
    assert len(preservation.extensions) == 2
    assert preservation.earliest_expiry == parse_instant("2027-05-03T15:00Z")


def test_an_extension_that_shortens_is_refused():
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED")
    extension = pair.exchange(pair.asking, "PRES-EXT")
    body = {"new_expiry": "2027-05-03T15:00Z"}
    refused_with("E-FIELD-INVALID", pair.asked, pair.asked.write("EXTENDED", re=extension.digest, body=body))


def test_nothing_is_extended_before_it_is_preserved():
    pair = Pair.opened()
    refused_with("E-MOVE-ILLEGAL", pair.asking, pair.asking.write("PRES-EXT", re=pair.opener.digest))


def test_an_extension_asked_for_before_the_execution_was_seen_is_refused_at_both_ends():
    pair = Pair.opened()
    blind = pair.asking.write("PRES-EXT", re=pair.opener.digest)
    refused_with("E-MOVE-ILLEGAL", pair.asking, blind)
    pair.asked.say("EXECUTED", re=pair.opener.digest)
    refused_with("E-MOVE-ILLEGAL", pair.asked, blind)


def test_a_later_execution_never_shortens_what_was_extended():
    pair = Pair.opened()
    pair.exchange(pair.asked, "PARTIAL")
    extension = pair.exchange(pair.asking, "PRES-EXT")
    pair.exchange(pair.asked, "EXTENDED", on=extension, body={"new_expiry": "2027-09-01T00:00Z"})
    pair.exchange(pair.asked, "EXECUTED")
    preservation = case_of(pair.asking).requests[pair.opener.id].preservation
    assert preservation is not None
    assert preservation.until == parse_instant("2027-09-01T00:00Z")
    assert len(preservation.extensions) == 1


def test_the_asked_state_cannot_ask_itself_for_an_extension():
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED")
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("PRES-EXT", re=pair.opener.digest))


def test_emergency_data_are_not_given_before_the_call_back():
    pair = Pair.opened("EMERG-DATA", Urgency.U0)
    early = pair.asked.write("EXECUTED", re=pair.opener.digest, urgency=Urgency.U0)
    refused_with("E-MOVE-ILLEGAL", pair.asked, early)
    pair.exchange(pair.asked, "ACCEPTED")
    assert "EXECUTED" not in permitted(case_of(pair.asked), pair.opener.id, Side.ADDRESSEE, CATALOGUE)
    pair.exchange(pair.asked, "CALLED-BACK")
    assert pair.status() == "ACCEPTED"
    pair.exchange(pair.asked, "EXECUTED")
    assert pair.status() == "EXECUTED"


@pytest.mark.parametrize("kind", ["LOC-SUSP", "EVID-COLL", "MLA-FWD", "MLA-TRAF-RT", "MLA-CONT-RT"])
def test_no_type_hands_anything_over_in_an_emergency_before_the_call_back(kind):
    pair = Pair.opened(kind, Urgency.U0)
    early = pair.asked.write("EXECUTED", re=pair.opener.digest, urgency=Urgency.U0)
    refused_with("E-MOVE-ILLEGAL", pair.asked, early)
    refused_with("E-MOVE-ILLEGAL", pair.asking, early)
    pair.exchange(pair.asked, "CALLED-BACK")
    pair.exchange(pair.asked, "EXECUTED")
    assert pair.status() == "EXECUTED"
    calm = Pair.opened(kind, Urgency.U2)
    calm.exchange(calm.asked, "EXECUTED")
    assert calm.status() == "EXECUTED"


def test_a_call_back_before_acceptance_is_a_state_of_its_own():
    pair = Pair.opened("EMERG-DATA", Urgency.U0)
    pair.exchange(pair.asked, "CALLED-BACK")
    assert pair.status() == "CALLED-BACK"


def test_data_are_not_disclosed_on_one_officers_word():
    pair = Pair.opened("EMERG-DATA", Urgency.U0)
    pair.exchange(pair.asked, "CALLED-BACK")
    about = {"re": pair.opener.digest, "urgency": Urgency.U0}
    refused_with("E-SIGNERS", pair.asked, pair.asked.write("EXECUTED", approver=None, **about))
    refused_with("E-SAME-OFFICER", pair.asked, pair.asked.write("EXECUTED", approver="XB-OFF-1", **about))


def test_lowering_the_urgency_of_an_answer_does_not_save_a_signature():
    pair = Pair.opened("EMERG-DATA", Urgency.U0)
    pair.exchange(pair.asked, "CALLED-BACK")
    refused_with("E-URGENCY", pair.asked, pair.asked.write("EXECUTED", re=pair.opener.digest, urgency=Urgency.U1))


def test_the_station_says_nothing_but_the_degraded_acknowledgement():
    pair = Pair.opened()
    refused_with("E-SIGNERS", pair.asked, pair.asked.write("ACCEPTED", re=pair.opener.digest, by=""))
    pair.exchange(pair.asked, "ACK-DEGRADED")
    request = case_of(pair.asking).requests[pair.opener.id]
    assert request.degraded
    assert request.acknowledged_by == "XB-OFF-9"
    assert request.status.code == "ACKNOWLEDGED"


def test_charge_is_taken_once():
    pair = Pair.opened()
    pair.exchange(pair.asked, "ACKNOWLEDGED")
    pair.exchange(pair.asked, "ACCEPTED")
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("ACKNOWLEDGED", re=pair.opener.digest))


def test_more_information_reopens_the_way_to_an_answer():
    pair = Pair.opened()
    refused_with("E-MOVE-ILLEGAL", pair.asking, pair.asking.write("INFO", re=pair.opener.digest))
    pair.exchange(pair.asked, "NEED-INFO")
    pair.exchange(pair.asking, "INFO")
    assert pair.status() == "INFO"
    pair.exchange(pair.asked, "NEED-INFO")
    assert pair.status() == "NEED-INFO"
    pair.exchange(pair.asking, "INFO")
    pair.exchange(pair.asked, "EXECUTED")
    assert pair.status() == "EXECUTED"


def test_after_a_warning_nothing_is_preserved_before_the_requester_has_chosen():
    pair = Pair.opened()
    pair.exchange(pair.asked, "WARN-42-7")
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("EXECUTED", re=pair.opener.digest))
    pair.exchange(pair.asking, "CONFIRMED-BY-REQUESTER")
    assert pair.status() == "CONFIRMED-BY-REQUESTER"
    pair.exchange(pair.asked, "EXECUTED")


def test_a_redirected_request_can_still_be_accepted_by_the_authority_behind_the_desk():
    pair = Pair.opened()
    pair.exchange(pair.asked, "REDIRECTED")
    pair.exchange(pair.asked, "ACCEPTED")
    assert pair.status() == "ACCEPTED"


def test_nobody_answers_in_the_others_name():
    pair = Pair.opened()
    refused_with("E-MOVE-ILLEGAL", pair.asking, pair.asking.write("ACCEPTED", re=pair.opener.digest))
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("WITHDRAW", re=pair.opener.digest))


def test_an_answer_that_the_type_does_not_offer_is_refused():
    pair = Pair.opened()
    foreign = replace(pair.asked.write("ACCEPTED", re=pair.opener.digest), kind="NOT-EMERGENCY")
    refused_with("E-URGENCY", pair.asked, foreign)
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("EXTENDED", re=pair.opener.digest))
    refused_with(
        "E-UNKNOWN-KIND", pair.asked, replace(pair.asked.write("ACCEPTED", re=pair.opener.digest), kind="SELF-DESTRUCT")
    )


@pytest.mark.parametrize(
    ("answer", "status"),
    [("ACCEPTED", "WITHDRAWN"), ("NEED-INFO", "WITHDRAWN"), ("PARTIAL", "WITHDRAWN"), ("ACKNOWLEDGED", "WITHDRAWN"),
     ("EXECUTED", "EXECUTED"), ("REFUSED", "REFUSED"), ("NO-DATA", "NO-DATA")],
)  # fmt: skip
def test_a_withdrawal_that_crossed_an_answer_ends_alike_at_both_ends(answer, status):
    pair = Pair.opened()
    withdrawal = pair.asking.say("WITHDRAW", re=pair.opener.digest)
    said = pair.asked.say(answer, re=pair.opener.digest)
    pair.asked.take(withdrawal)
    pair.asking.take(said)
    assert pair.status() == status
    assert case_of(pair.asking).requests[pair.opener.id].withdrawn
    assert case_of(pair.asking).requests == case_of(pair.asked).requests


def test_information_that_crossed_an_acceptance_does_not_undo_it():
    pair = Pair.opened()
    pair.exchange(pair.asked, "NEED-INFO")
    information = pair.asking.say("INFO", re=pair.opener.digest)
    accepted = pair.asked.say("ACCEPTED", re=pair.opener.digest)
    pair.asked.take(information)
    pair.asking.take(accepted)
    assert pair.status() == "ACCEPTED"


def test_a_recorded_step_does_not_hide_that_a_question_was_answered():
    pair = Pair.opened()
    pair.exchange(pair.asked, "NEED-INFO")
    information = pair.asking.say("INFO", re=pair.opener.digest)
    taken = pair.asked.say("ACKNOWLEDGED", re=pair.opener.digest)
    pair.asked.take(information)
    pair.asking.take(taken)
    assert pair.status() == "INFO"


def test_a_move_after_an_unseen_withdrawal_is_legal_in_its_authors_view():
    pair = Pair.opened()
    pair.asking.say("WITHDRAW", re=pair.opener.digest)
    accepted = pair.asked.say("ACCEPTED", re=pair.opener.digest)
    pair.asking.take(accepted)
    refused_with("E-MOVE-ILLEGAL", pair.asking, pair.asking.write("WITHDRAW", re=pair.opener.digest))


def test_after_a_withdrawal_was_seen_nothing_more_is_said():
    pair = Pair.opened()
    pair.exchange(pair.asking, "WITHDRAW")
    refused_with("E-MOVE-ILLEGAL", pair.asked, pair.asked.write("ACCEPTED", re=pair.opener.digest))
    allowed = permitted(case_of(pair.asked), pair.opener.id, Side.ADDRESSEE, CATALOGUE)
    assert all(CATALOGUE[kind].opens.may_follow for kind in allowed), "only a request of its own may follow"


def test_what_was_once_seen_cannot_be_unseen():
    pair = Pair.opened()
    pair.exchange(pair.asked, "NEED-INFO")
    pair.exchange(pair.asking, "INFO")
    pair.exchange(pair.asked, "ACCEPTED")
    back = pair.asked.write("EXECUTED", re=pair.opener.digest, seen=pair.opener.digest)
    refused_with("E-MOVE-ILLEGAL", pair.asked, back)


def test_a_statement_waits_for_its_predecessor():
    pair = Pair.opened()
    late = Desk(XA, XB)
    late.take(pair.opener)
    first = pair.asked.say("ACKNOWLEDGED", re=pair.opener.digest)
    second = pair.asked.say("ACCEPTED", re=pair.opener.digest)
    late.take(second)
    assert case_of(late).waiting == (second,)
    assert case_of(late).requests[pair.opener.id].status.code == "OPEN"
    late.take(first)
    assert case_of(late).waiting == ()
    assert case_of(late).requests == case_of(pair.asked).requests


def test_an_answer_that_overtakes_its_request_waits():
    pair = Pair.opened()
    taken = pair.asked.say("ACKNOWLEDGED", re=pair.opener.digest)
    late = Desk(XA, XB)
    late.take(taken)
    assert not case_of(late).opened
    late.take(pair.opener)
    assert case_of(late) == case_of(pair.asked)
    assert case_of(late).initiator == XA


def test_a_move_that_waited_and_is_illegal_is_set_aside_with_its_code():
    pair = Pair.opened()
    withdrawal = pair.asking.say("WITHDRAW", re=pair.opener.digest)
    illegal = replace(pair.asked.write("ACCEPTED", re=pair.opener.digest), seen=withdrawal.digest)
    pair.asked.take(illegal)
    assert case_of(pair.asked).waiting == (illegal,)
    pair.asked.take(withdrawal)
    assert case_of(pair.asked).waiting == ()
    assert [(row.statement, row.code) for row in case_of(pair.asked).rejected] == [(illegal, "E-MOVE-ILLEGAL")]
    assert case_of(pair.asked).halves[XB] == ()


def test_the_same_statement_twice_changes_nothing():
    pair = Pair.opened()
    said = pair.exchange(pair.asked, "ACKNOWLEDGED")
    assert admit(pair.asking.case, said, CATALOGUE) is pair.asking.case


def test_two_histories_of_one_half_are_refused_as_a_fork():
    pair = Pair.opened()
    first = pair.asked.write("ACKNOWLEDGED", re=pair.opener.digest)
    second = pair.asked.write("REFUSED", re=pair.opener.digest)
    pair.asking.take(first)
    refused_with("E-FORK", pair.asking, second)


def test_one_id_with_two_contents_is_refused():
    pair = Pair.opened()
    first = pair.asked.write("ACKNOWLEDGED", re=pair.opener.digest)
    pair.asking.take(first)
    refused_with("E-ID-CONFLICT", pair.asking, with_digest(replace(first, lang="fr")))


def test_a_third_state_cannot_speak_in_a_case():
    pair = Pair.opened()
    intruder = pair.asked.write("ACKNOWLEDGED", re=pair.opener.digest, sender=XC)
    refused_with("E-UNKNOWN-CASE", pair.asking, intruder)


def test_a_case_is_opened_once_and_only_by_a_type_that_opens_one():
    pair = Pair.opened()
    refused_with("E-MOVE-ILLEGAL", pair.asking, pair.asking.write("PRES-NEW"))
    with pytest.raises(MoveError):
        admit(None, Desk(XA, XB).write("WITHDRAW"), CATALOGUE)


def test_a_type_that_opens_a_case_cannot_be_slipped_into_another():
    with pytest.raises(MoveError) as caught:
        admit(None, replace(Desk(XA, XB).write("PRES-NEW"), case="of-somebody-else"), CATALOGUE)
    assert caught.value.code == "E-MOVE-ILLEGAL"


def test_a_type_is_refused_at_an_urgency_that_it_does_not_know():
    statement = replace(Desk(XA, XB).write("EMERG-DATA", urgency=Urgency.U0), urgency=Urgency.U2)
    with pytest.raises(MoveError) as caught:
        admit(None, statement, CATALOGUE)
    assert caught.value.code == "E-URGENCY"


def test_a_move_about_a_request_that_its_author_had_not_seen_is_refused():
    pair = Pair.opened()
    pair.exchange(pair.asked, "EXECUTED")
    extension = pair.asking.say("PRES-EXT", re=pair.opener.digest)
    guess = pair.asked.write("ACCEPTED", re=extension.digest)
    pair.asked.take(extension)
    refused_with("E-UNKNOWN-CASE", pair.asked, guess)


def test_replaying_the_statements_in_any_order_rebuilds_the_case():
    pair = Pair.opened()
    pair.exchange(pair.asked, "NEED-INFO")
    pair.exchange(pair.asking, "INFO")
    pair.exchange(pair.asked, "EXECUTED")
    everything = [statement for half in case_of(pair.asking).halves.values() for statement in half]
    assert fold(everything, CATALOGUE) == fold(reversed(everything), CATALOGUE) == pair.asking.case == pair.asked.case


def test_a_replay_of_nothing_or_of_two_cases_is_refused():
    one, two = Pair.opened(), Pair.opened()
    for statements in ([], [one.opener, two.opener]):
        with pytest.raises(MoveError):
            fold(statements, CATALOGUE)


def test_what_is_permitted_is_admitted_and_nothing_else():
    pair = Pair.opened()
    pair.exchange(pair.asked, "ACKNOWLEDGED")
    kinds = {answer.code for answer in CATALOGUE["PRES-NEW"].answers} | {"WITHDRAW", "PRES-EXT"}
    for desk, side in ((pair.asking, Side.REQUESTER), (pair.asked, Side.ADDRESSEE)):
        allowed = set(permitted(case_of(desk), pair.opener.id, side, CATALOGUE))
        for kind in kinds:
            statement = desk.write(kind, re=pair.opener.digest, at=T0 + timedelta(hours=1))
            if kind in allowed:
                admit(desk.case, statement, CATALOGUE)
            else:
                refused_with("E-MOVE-ILLEGAL", desk, statement)
