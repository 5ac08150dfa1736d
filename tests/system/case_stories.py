"""The published requests that stand in no process test, each played over real nodes: what `check` says is asserted, line by line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contactpoint.cli.errors import CaseFileError
from contactpoint.desk.views import SentTo
from contactpoint.domain.catalogue import FieldType
from contactpoint.domain.catalogue.personal import holds_personal_data
from contactpoint.domain.values import parse_instant
from tests.fixtures.many_states import CATALOGUE, ManyStates, Seat, published, until
from tests.system.story import refused, story, tasks


@story(
    "A02",
    Seat("QO", ("QO-OFF-003",)),
    Seat("QP", card='[legal]\nuser_notification = "delayed"\nuser_notification_days = 30\n'),
)
async def the_asked_state_warns_before_anything_is_done(net: ManyStates) -> None:
    qo, qp = net["QO"], net["QP"]
    warned = [each for each in await qo.check("A02") if each.code == "W-USER-NOTICE"]
    assert "after 30 days" in warned[0].message and "42(7)" in warned[0].message
    sent = await qo.send("A02")
    await qp.acknowledge(sent)
    [task] = await tasks(qp, "W-WARN-FIRST", sent.id)  # QP's own desk is reminded that the warning comes first
    assert "WARN-42-7 (30 days)" in task.note
    await qp.say(sent, "WARN-42-7", warning="The provider must tell its user after 30 days.")
    assert await tasks(qp, "W-WARN-FIRST", sent.id) == []
    await net.agree(sent, "QO", "QP")

    # Nothing is done, and no clock of the execution runs, before QO has chosen.
    assert "EXECUTION-REPORT" not in {**await qo.clocks(sent), **await qp.clocks(sent)}
    done = {"preserved_from": "2027-04-10T08:00:00Z", "reference": "QP-P-1"}
    await refused(qp.try_to_say(sent, "EXECUTED", **done), "E-MOVE-ILLEGAL")
    await refused(qp.try_to_say(sent, "ACCEPTED"), "E-MOVE-ILLEGAL")
    assert {"CONFIRMED-BY-REQUESTER", "WITHDRAW"} <= set((await qo.view(sent)).permitted)
    chosen = await qo.say(sent, "CONFIRMED-BY-REQUESTER")
    await net.agree(sent, "QO", "QP")
    said_at = next(each.at for each in (await qp.case(sent)).statements if each.id == chosen.id)
    assert (await qp.clocks(sent))["EXECUTION-REPORT"].starts == said_at

    await qp.say(sent, "EXECUTED", **done)
    await net.wanted(sent, "A02", "QO", "QP")


@story("A04", Seat("QR"), Seat("QS"), Seat("XA"))
async def the_provider_stands_in_another_state_and_the_next_request_is_half_written(net: ManyStates) -> None:
    qr, qs, xa = net["QR"], net["QS"], net["XA"]
    sent = await qr.send("A04")
    await qs.acknowledge(sent)
    assert (await qr.view(sent)).next_steps == ()  # nothing is offered before the answer
    await qs.say(sent, "EXECUTED", provider="Example Origin XA", state="XA", place="Example City")
    await net.wanted(sent, "A04", "QR", "QS")
    body = (await qr.said(sent, "EXECUTED")).body
    assert (body["provider"], body["state"]) == ("Example Origin XA", "XA")

    [step] = (await qr.view(sent)).next_steps
    assert (step.kind, step.recipient, step.inside) == ("PRES-NEW", "XA", False)
    draft = await qr.desk.joint.prefilled(sent.id, "PRES-NEW", qr.now())
    case = published("A04")
    assert draft.recipient == "XA"
    assert {name: draft.body[name] for name in ("authority", "offences", "facts")} == {
        name: case[name] for name in ("authority", "offences", "facts")
    }
    assert draft.body["custodian"] == {"name": "Example Origin XA", "place": "Example City"}  # not the proxy's address
    typed = {
        "data": {
            "classes": ["subscriber"],
            "what": "contract",
            "from": "2027-05-01T00:00Z",
            "until": "2027-06-02T00:00Z",
        },
        "link_to_offence": "it runs the site",
        "necessity": "the site moves",
        "mla_intent": True,
    }
    request = {**draft.body, **typed, "type": "PRES-NEW", "from": "QR", "to": "XA", "urgency": "U2", "parent": "A04"}
    next_one = await qr.send_map("A04", {**dict.fromkeys(case), **request, "id": "A04-next"})
    await xa.here(next_one.id)
    assert (await xa.view(next_one)).sender == "QR"
    there, here = await xa.case(next_one), await qr.case(next_one)
    assert here.thread == (await qr.case(sent)).thread and here.parent_request == sent.id
    assert there.parent_request == ""  # which request it came from stays with QR


@story("A08 A16", Seat("QV", ("QV-OFF-100",)), Seat(
    "QW", ("QW-OFF-001", "QW-OFF-002"),
    rights={"QW-OFF-002": ("answer", "approve", "send")},
    card='[[authorities]]\nrole = "extradition"\nname = "Ministry of Justice of QW, extradition unit"\n',
))  # fmt: skip
async def a_suspect_is_located_and_custody_is_the_extradition_authoritys(net: ManyStates) -> None:
    qv, qw = net["QV"], net["QW"]
    for words in ("Arrest the person on arrival.", "placer en garde à vue", "请逮捕此人", "القبض على الشخص"):
        no = await refused(qv.send("A08", what_is_sought=words), "E-WRONG-TYPE", "what_is_sought")
        assert [offer.kind for each in no.problems for offer in each.offers] == ["EXTR-PROV"]
    sent = await qv.send("A08")
    await qw.acknowledge(sent)
    await qw.say(sent, "ACCEPTED")
    waits = await qw.try_to_say(sent, "EXECUTED", result="Entered on 14 May; stays in Example City.")
    assert waits.state == "WAITING-FOR-APPROVAL"  # a disclosure is signed by two
    await qw.release(waits)
    await net.wanted(sent, "A08", "QV", "QW")
    steps = {step.kind: step for step in (await qv.view(sent)).next_steps}
    assert steps["EXTR-PROV"].inside
    draft = await qv.desk.joint.prefilled(sent.id, "EXTR-PROV", qv.now())
    assert draft.body["person"]["identifiers"] == published("A08")["person"]["identifiers"]

    await net.move_to(parse_instant(published("A16")["at"]))
    asked = await qv.send("A16")
    await qw.acknowledge(asked, qw.second)
    assert (await qv.case(asked)).id == (await qv.case(sent)).id
    night = qw.second  # acts for no authority: coordinates, names who decides, and does not decide
    await refused(qw.try_to_say(asked, "ACCEPTED", night), "E-RIGHT")
    named = await qw.desk.joint.authority(asked.id, qw.now())
    assert named == "Ministry of Justice of QW, extradition unit"
    await qw.say(asked, "REDIRECTED", night, reason="This desk is not the extradition authority.", authority=named)
    await qw.say(asked, "ACCEPTED")
    await net.wanted(asked, "A16", "QV", "QW")
    assert (await qv.said(asked, "REDIRECTED")).body["authority"] == named


@story("A09", Seat("XD"), Seat("QP"))
async def law_and_technique_are_asked_in_one_thread_without_personal_data(net: ManyStates) -> None:
    xd, qp = net["XD"], net["QP"]
    who = "write to someone@mail.example"
    await refused(xd.send("A09", question_legal=f"May the account be read? {who}"), "E-PERSONAL-DATA", "question_legal")
    sent = await xd.send("A09")
    case = published("A09")
    second = await xd.send("A09", id="A09-also", type=case["also"], parent="A09", question_legal=None)
    for each in (sent, second):
        await qp.acknowledge(each)
        await qp.say(each, "EXECUTED", result="A judge's order; SHA-256, raw or E01.", **_published(each is sent))
        await net.wanted(each, "A09", "XD", "QP")
    assert (await xd.case(second)).id == (await xd.case(sent)).id  # one thread
    for statement in (await qp.case(sent)).statements:
        assert not any(holds_personal_data(text) for text in _texts(statement.body))
        assert not {"person", "custodian", "persons_or_accounts", "data"} & set(statement.body)
    assert [s.body["publish"] for s in (await xd.case(sent)).statements if "publish" in s.body] == [True]


def _published(may: bool) -> dict[str, bool]:
    return {"publish": True} if may else {}


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


@story("A11 A22", Seat("QM", ("QM-OFF-017",)), Seat("QN"), begins="2027-03-04T13:00Z")
async def the_formal_request_holds_what_is_preserved_and_the_evidence_follows(net: ManyStates) -> None:
    """A01 stands at the beginning and is not extended: without A11 its term would end on 3 May."""
    qm, qn = net["QM"], net["QN"]
    kept = await qm.send("A01")
    await qn.acknowledge(kept)
    await qn.say(kept, "ACCEPTED")
    await qn.say(kept, "EXECUTED", preserved_from="2027-03-04T13:00:00Z", reference="QN-P-1")
    await net.agree(kept, "QM", "QN")

    await net.move_to(parse_instant(published("A11")["at"]))
    asked = set(published("A11")) - {"id", "title", "at", "type", "from", "to", "urgency", "parent", "want", "check"}
    draft = await qm.desk.joint.prefilled(kept.id, "MLA-FWD", qm.now())
    assert len(asked - set(draft.body)) <= 5, asked - set(draft.body)
    sent = await qm.send("A11")
    await qn.acknowledge(sent)
    await qn.say(sent, "ACCEPTED")
    await net.wanted(sent, "A11", "QM", "QN")
    assert (await qm.case(sent)).id == (await qm.case(kept)).id
    for state in (qm, qn):
        view = await state.view(kept)
        assert view.preservation is not None and view.preservation.state == "HELD-UNTIL-DECISION"
        clock = (await state.clocks(kept))["PRES-60"]
        assert (clock.due, clock.next_at, clock.alarms) == (None, None, "[]")  # open-ended, and nothing more is told
    fired = {state.code: (await state.clocks(kept))["PRES-60"].fired for state in (qm, qn)}

    await net.move_to(parse_instant(published("A22")["at"]))  # seventeen days after the term that no longer counts
    evidence = await qm.send("A22")
    await qn.acknowledge(evidence)
    await qn.say(evidence, "ACCEPTED")
    waits = await qn.try_to_say(evidence, "EXECUTED", result="Image handed over on a sealed medium.")
    assert waits.state == "WAITING-FOR-APPROVAL"
    await qn.release(waits)
    await net.wanted(evidence, "A22", "QM", "QN")
    assert (await qm.case(evidence)).id == (await qm.case(kept)).id
    for state in (qm, qn):  # open-ended: no reminder since, no lapse, and the data are still held
        view = await state.view(kept)
        assert view.preservation is not None and view.preservation.state == "HELD-UNTIL-DECISION"
        assert (await state.clocks(kept))["PRES-60"].fired == fired[state.code]
        assert not await tasks(state, "W-CLOCK-ENDED", kept.id)
        assert "ended" not in {fact.level for fact in view.facts}


@story("A12", Seat("QO", ("QO-CA-001",)), Seat("QP", ("QP-CA-001", "QP-OFF-002"), rights={"QP-OFF-002": (
    "answer", "approve", "send", "review")}))  # fmt: skip
async def collection_ends_at_its_time_and_an_end_report_is_sent(net: ManyStates) -> None:
    qo, qp = net["QO"], net["QP"]
    sent = await qo.send("A12")
    await qp.acknowledge(sent, qp.second)
    await refused(qp.try_to_say(sent, "ACCEPTED", qp.second), "E-RIGHT")  # the desk moves it and does not decide it
    await qp.say(sent, "ACCEPTED")
    await net.agree(sent, "QO", "QP")
    end = parse_instant(published("A12")["data"]["until"])
    clock = (await qp.clocks(sent))["COLLECTION-END"]
    assert (clock.due, clock.closed_at) == (end, None)

    await net.move_to(end + timedelta(hours=1))
    await until(lambda: _fired(qp, sent, "COLLECTION-END"), "the end of collection is told")
    [task] = await tasks(qp, "W-CLOCK-ENDED", sent.id)
    assert "COLLECTION-END 2027-10-01 00:00" in task.note
    await qp.say(sent, "EXECUTED", result="Records of 30 days, in a sealed file.")
    assert "END-REPORT" in (await qp.view(sent)).permitted  # the matter is open until it has been said
    await qp.say(sent, "END-REPORT", ended_at="2027-10-01T00:00:00Z", report="No gaps; nothing kept here.")
    await net.wanted(sent, "A12", "QO", "QP", more=["END-REPORT"])
    assert (await qo.said(sent, "END-REPORT")).body["ended_at"] == "2027-10-01T00:00:00Z"
    assert await tasks(qp, "W-CLOCK-ENDED", sent.id) == []


async def _fired(state: Any, sent: Any, name: str) -> bool:
    return (await state.clocks(sent))[name].closed_by == "LAPSED"


@story("A13", Seat("QX", ("QX-CA-004",)), Seat("QZ", card="[legal]\nreservation_23_3 = true\n"))
async def interception_is_refused_with_reasons_and_traffic_data_may_be_offered(net: ManyStates) -> None:
    qx, qz = net["QX"], net["QZ"]
    assert "W-RESERVATION" in {each.code for each in await qx.check("A13")}
    [ground] = published("A13")["refusal"]
    sent = await qx.send("A13")
    await qz.acknowledge(sent)
    await refused(qz.try_to_say(sent, "REFUSED", ground=ground), "E-FIELD-MISSING", "reasons")
    await refused(qz.try_to_say(sent, "REFUSED", reasons="Not possible here."), "E-FIELD-MISSING", "ground")
    await qz.say(sent, "REFUSED", ground=ground, reasons="Neither treaty nor law allows live interception.")
    await net.wanted(sent, "A13", "QX", "QZ")
    body = (await qx.said(sent, "REFUSED")).body
    assert (body["ground"], body["reasons"]) == ("RG-21d", "Neither treaty nor law allows live interception.")

    other = await qx.send("A13", id="A13-2")
    await qz.acknowledge(other)
    await qz.say(other, "CONSULT", text="Traffic data could be collected instead.", instead="MLA-TRAF-RT")
    await net.agree(other, "QX", "QZ")
    assert "MLA-TRAF-RT" in {step.kind for step in (await qx.view(other)).next_steps}
    draft = await qx.desk.joint.prefilled(other.id, "MLA-TRAF-RT", qx.now())
    assert draft.body["data"]["until"] == published("A13")["data"]["until"]
    assert "content-live" not in draft.body["data"].get("classes", ())
    await qx.say(other, "CONSULT-REPLY", text="We send that request.")
    await net.agree(other, "QX", "QZ")
    await qz.say(other, "REFUSED", ground=ground, reasons="As discussed.", instead="MLA-TRAF-RT")
    await net.agree(other, "QX", "QZ")
    assert await qx.passed(other) == ["RECEIVED", "CONSULT", "CONSULT-REPLY", "REFUSED"]


@story("A15", Seat("QR", ("QR-ARO-2",)), Seat("XE"))
async def property_is_frozen_and_the_asking_state_is_heard_before_it_is_released(net: ManyStates) -> None:
    qr, xe = net["QR"], net["XE"]
    sent = await qr.send("A15")
    await xe.acknowledge(sent)
    await xe.say(sent, "ACCEPTED")
    await xe.say(sent, "EXECUTED", result="The account is frozen.", frozen_from="2027-10-02T11:00:00Z")
    await net.wanted(sent, "A15", "QR", "XE")
    lifting = {"reasons": "The order has ended."}
    await refused(xe.try_to_say(sent, "LIFTED", **lifting), "E-MOVE-ILLEGAL")
    await xe.say(sent, "LIFT-WARNING", reasons="The order ends.", lift_on="2027-10-09")
    await net.agree(sent, "QR", "XE")
    assert "LIFT-REASONS" in (await qr.view(sent)).permitted
    assert "LIFT-HEARING" in await qr.clocks(sent)
    await qr.say(sent, "LIFT-REASONS", reasons="The trial opens on 11 October.")
    await net.agree(sent, "QR", "XE")
    assert (await xe.said(sent, "LIFT-REASONS")).body["reasons"] == "The trial opens on 11 October."
    await xe.say(sent, "LIFTED", **lifting)
    await net.wanted(sent, "A15", "QR", "XE", more=["LIFT-WARNING", "LIFT-REASONS", "LIFTED"])


@story("A17", Seat("QM", ("QM-OFF-017",)), Seat("QN"), Seat("QO"), Seat("XB"))
async def each_member_decides_for_itself_and_who_leaves_hears_no_more(net: ManyStates) -> None:
    qm = net["QM"]
    spread = await qm.send_to_several("A17")
    assert spread.failed == ()
    sent: dict[str, SentTo] = {each.recipient: each for each in spread.sent}
    assert set(sent) == {"QN", "QO", "XB"} and len({each.case for each in spread.sent}) == 3
    for state, each in sent.items():
        await net[state].acknowledge(each)
    await net["QN"].say(sent["QN"], "ACCEPTED")
    await net.agree(sent["QN"], "QM", "QN")
    assert "DECLINED" in (await net["XB"].view(sent["XB"])).permitted  # QN's yes decides nothing for XB
    assert (await net["XB"].request(sent["XB"])).status.code == "ACKNOWLEDGED"
    for state in ("QO", "XB"):
        await net[state].say(sent[state], "ACCEPTED")
    for state, each in sent.items():
        await net.wanted(each, "A17", "QM", state)

    joint = qm.desk.joint
    told = await joint.announce(spread.thread, await qm.key(), qm.now())
    assert {each.recipient for each in told.sent} == {"QN", "QO", "XB"}
    for state, each in sent.items():
        await net.agree(each, "QM", state)
    await net["QO"].say(sent["QO"], "LEFT", reason="Our part is done.")
    await net.agree(sent["QO"], "QM", "QO")
    before = [each.id for each in (await net["QO"].case(sent["QO"])).statements]
    note = await joint.tell(spread.thread, {"text": "The searches begin on Monday."}, await qm.key(), qm.now())
    assert {each.recipient for each in note.sent} == {"QN", "XB"}
    for state in ("QN", "XB"):
        await net.agree(sent[state], "QM", state)
        assert (await net[state].said(sent[state], "JIT-NOTE")).body["text"] == "The searches begin on Monday."
    await refused(
        joint.tell(spread.thread, {"text": "And you?"}, await qm.key(), qm.now(), only=("QO",)), "E-NOT-MEMBER"
    )
    assert [each.id for each in (await net["QO"].case(sent["QO"])).statements] == before


@story("A20", Seat("QV", ("QV-PG-1",)), Seat("QW", card="[legal]\ntransfer_basis_39_2 = true\n"))
async def the_asked_state_says_whether_the_convention_is_its_basis(net: ManyStates) -> None:
    qv, qw = net["QV"], net["QW"]
    sent = await qv.send("A20")
    assert "W-NO-BASIS" not in {each.code for each in await qv.check("A20")}
    await qw.acknowledge(sent)
    form = await qw.desk.answer_form(sent.id, "ACCEPTED")
    [question] = [field for field in form.fields if field.name == "convention_as_basis"]
    assert question.ask and question.type is FieldType.BOOLEAN  # a form does not let it stand unanswered
    await qw.say(sent, "ACCEPTED", convention_as_basis=True)
    await net.wanted(sent, "A20", "QV", "QW")
    assert (await qv.said(sent, "ACCEPTED")).body["convention_as_basis"] is True


@story("A21", Seat("QW", ("QW-CA-003",)), Seat(
    "QV", ("QV-TA-001", "QV-OFF-001"),
    rights={"QV-OFF-001": ("answer", "approve", "send")},
    card='[[authorities]]\nrole = "transfer"\nname = "Ministry of Justice of QV"\n',
))  # fmt: skip
async def a_transfer_goes_to_the_authority_and_not_without_consent(net: ManyStates) -> None:
    qw, qv = net["QW"], net["QV"]
    for consent in (None, {"given": False, "before": "judge", "given_on": "2027-09-14"}):
        no = await refused(qw.send("A21", consent=consent), "E-FIELD-MISSING")
        assert {each.field.partition(".")[0] for each in no.problems} == {"consent"}
    for extra in (
        {"prison_file": "Cell 7, two incidents"},
        {"sentence": {**published("A21")["sentence"], "file": "x"}},
    ):
        with pytest.raises(CaseFileError, match="unknown key"):
            await qw.send("A21", **extra)  # only the inquiry travels
    assert not [f for f in CATALOGUE["TSP"].fields if f.type is FieldType.PACKAGES]

    sent = await qw.send("A21")
    decides = next(each for each in await qw.check("A21") if each.code == "N-DECIDES")
    assert "Ministry of Justice of QV" in decides.message
    await qv.here(sent.id)
    await until(lambda: _paged(qv, sent), "somebody is paged")
    assert {page.officer for page in await qv.desk.pages(sent.id)} == {"QV-TA-001"}  # and not the night desk
    assert (await qv.desk.beat(qv.now())).unacknowledged == 0
    await refused(qv.try_to_say(sent, "CONSULT", "QV-OFF-001", text="We ask for the judgment."), "E-RIGHT")
    await qv.acknowledge(sent)
    await qv.say(sent, "CONSULT", text="We ask for the judgment.")
    await net.wanted(sent, "A21", "QW", "QV")
    [letter] = [each for each in (await qv.case(sent)).statements if each.kind == "TSP"]
    assert set(letter.body) == {"authority", "person", "sentence", "consent", "legal_basis"}


async def _paged(state: Any, sent: Any) -> bool:
    return bool(await state.desk.pages(sent.id))
