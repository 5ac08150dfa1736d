"""The abusive requests that stand in no process test, each over real nodes: it gets its `treat`, and never its `never`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from contactpoint.desk.review import Check
from contactpoint.store.desk_schema import case_file
from tests.fixtures.many_states import ManyStates, Seat, published
from tests.system.story import refused, story, tasks

AT = "2027-03-04T13:00Z"
ASKS = Seat("QM", ("QM-OFF-017",))


@story("M02", ASKS, Seat("QN"), Seat("XA"), begins=AT)
async def who_is_asked_in_error_names_the_state_and_passes_nothing_on(net: ManyStates) -> None:
    qm, qn, xa = net["QM"], net["QN"], net["XA"]
    sent = await qm.send("A01")
    await qn.acknowledge(sent)
    assert "PRES-NEW" not in {step.kind for step in (await qm.view(sent)).next_steps}
    await qn.say(sent, "REDIRECTED", reason="E-NOT-HERE: the provider's machines stand in XA.", state="XA")
    await net.agree(sent, "QM", "QN")
    assert (await qm.said(sent, "REDIRECTED")).body["state"] == "XA"
    assert (await xa.desk.board("", xa.now())).unacknowledged == ()  # never: automatic forwarding
    assert await cases_at(xa) == 0
    assert (await qn.desk.board("", qn.now())).sent == ()

    # QM decides: the next request stands half written, and its promise is made anew by a person.
    [step] = [each for each in (await qm.view(sent)).next_steps if each.kind == "PRES-NEW"]
    assert (step.recipient, step.inside) == ("XA", False)
    draft = await qm.desk.joint.prefilled(sent.id, "PRES-NEW", qm.now())
    assert "mla_intent" not in draft.body
    body = {**draft.body, "mla_intent": True, "to": "XA", "parent": "A01", "id": "M02-next"}
    again = await qm.send("A01", **body)
    await xa.here(again.id)
    assert {each.sender for each in (await xa.desk.board("", xa.now())).unacknowledged} == {"QM"}
    assert await cases_at(xa) == 1
    assert (await qn.desk.board("", qn.now())).sent == ()


@story("M06", ASKS, Seat("QN"), begins=AT)
async def fishing_for_everybody_is_asked_to_say_whom_and_then_refused(net: ManyStates) -> None:
    qm, qn = net["QM"], net["QN"]
    wide: dict[str, Any] = {
        "id": "M06",
        "data": {**published("A01")["data"], "what": "all users of the messenger in QN for 2026"},
        "custodian": {"name": "Example Messenger QN"},
    }
    warned = [each for each in await qm.check("A01", **wide) if each.code == "E-NOT-SPECIFIC"]
    assert warned and {offer.kind for offer in warned[0].offers} == {"LOC-SP"}
    sent = await qm.send("A01", **wide)
    await qn.acknowledge(sent)
    await qn.say(sent, "NEED-INFO", fields=["data", "link_to_offence"], question="Whose data? 42(3)(c).")
    await net.agree(sent, "QM", "QN")
    assert (await qm.said(sent, "NEED-INFO")).body["fields"] == ["data", "link_to_offence"]
    await qm.say(sent, "INFO", text="All of them; any could be the author.")
    await net.agree(sent, "QM", "QN")

    await qn.desk.flag(sent.id, qn.first, "still everybody: not proportionate", qn.now())
    grounds = {"ground": "RG-21c", "reasons": "Our own authorities could not order this."}
    waits = await qn.try_to_say(sent, "REFUSED", **grounds)
    assert waits.state == "WAITING-FOR-REVIEW"
    note = "Article 24: millions of persons, no suspicion against any; a named account would be enough."
    await qn.release(waits, Check("note", note))
    await net.agree(sent, "QM", "QN")
    assert await qm.passed(sent) == ["RECEIVED", "NEED-INFO", "INFO", "REFUSED"]
    kept = [(each.finding, each.text, each.holds) for each in (await qn.case(sent)).reviews if each.kind == "check"]
    assert kept == [("note", note, True)]  # in QN's file, signed by who wrote it
    for state in (qm, qn):  # never: preservation by default
        assert (await state.view(sent)).preservation is None
        assert "PRES-60" not in await state.clocks(sent)


@story("M07", ASKS, Seat("QN"), begins=AT)
async def opinion_as_crime_is_looked_at_by_a_second_person_and_refused(net: ManyStates) -> None:
    qm, qn = net["QM"], net["QN"]
    sent = await qm.send("A01", id="M07", offences=["O-07"], facts="A journalist insulted an official in an article.")
    await qn.acknowledge(sent)
    await qn.desk.flag(sent.id, qn.first, "an article about an official is no intrusion", qn.now())
    preserved = {"preserved_from": "2027-03-04T13:00:00Z", "reference": "QN-P-7"}
    part = {**preserved, "missing": "the traffic data"}
    for kind, body in (("EXECUTED", preserved), ("PARTIAL", part)):  # no partial answer as a courtesy
        waits = await qn.try_to_say(sent, kind, **body)
        assert waits.state == "WAITING-FOR-REVIEW"
        own = qn.desk.review(waits.id, Check("none", "mine"), await qn.key(), qn.now())
        await refused(own, "E-SAME-OFFICER")
        stop = Check("stop", "the facts are an opinion")
        assert (await qn.desk.review(waits.id, stop, await qn.key(qn.second), qn.now())).state == "STOPPED"
    await refused(qn.try_to_say(sent, "REFUSED", reasons="withheld"), "E-FIELD-MISSING", "ground")
    await refused(qn.try_to_say(sent, "REFUSED", ground="withheld", reasons="withheld"), "E-FIELD-INVALID", "ground")
    await qn.say(sent, "REFUSED", ground="RG-22", reasons="withheld")
    await net.agree(sent, "QM", "QN")
    assert await qm.passed(sent) == ["RECEIVED", "REFUSED"]
    assert {each.kind for each in (await qm.case(sent)).statements} == {"PRES-NEW", "ACKNOWLEDGED", "REFUSED"}
    assert (await qm.said(sent, "REFUSED")).body == {"ground": "RG-22", "reasons": "withheld"}
    assert (await qm.case(sent)).reviews == ()  # what QN's lawyers wrote stays there
    counted = await qn.desk.figures(qn.now() - timedelta(days=1), qn.now() + timedelta(days=1))
    assert [(each.what, each.number) for each in counted.counted.refusals] == [("RG-22", 1)]
    assert {(each.kind, each.verdict): each.number for each in counted.rights} == {
        ("flag", ""): 1,
        ("check", "stop"): 2,
    }


@story("M09", ASKS, Seat("QN"), begins=AT)
async def outside_the_scope_the_sender_is_warned_and_another_channel_is_named(net: ManyStates) -> None:
    qm, qn = net["QM"], net["QN"]
    minor = [{"code": "O-SC", "name": "petty trespass", "provision": "QM Penal Code 300", "maximum_years": 2}]
    warned = [each for each in await qm.check("A01", offences=minor) if each.code == "E-SCOPE-35"]
    assert [each.severity.value for each in warned] == ["warns"]
    assert "treaty" in warned[0].message and "police channels" in warned[0].message
    sent = await qm.send("A01", id="M09", offences=minor)  # with the rights check that such an offence asks for
    await qn.acknowledge(sent)
    await qn.say(
        sent, "OUT-OF-SCOPE", reasons="A maximum of two years.", other_channel="INTERPOL, or the treaty of 1999"
    )
    await net.agree(sent, "QM", "QN")
    assert await qm.passed(sent) == ["RECEIVED", "OUT-OF-SCOPE"]
    assert "INTERPOL" in (await qm.said(sent, "OUT-OF-SCOPE")).body["other_channel"]
    for state in (qm, qn):  # never: an Article 42 duty
        assert (await state.view(sent)).preservation is None
        assert not {"PRES-60", "EXECUTION-REPORT"} & set(await state.clocks(sent))
        assert await tasks(state, "W-CLOCK-NEAR", sent.id) == []


async def cases_at(state: Any) -> int:
    """How many cases a State's desk holds, whatever is shown of them."""
    query = select(func.count()).select_from(case_file)

    async def count(tx: Any) -> int:
        return int((await tx.execute(query)).scalar_one())

    return int(await state.cw.db.read(count))
