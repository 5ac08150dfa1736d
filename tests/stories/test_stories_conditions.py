"""What is given under conditions: closed until they are accepted by signature, and handed on only where its origin lets it go.

Longer than four hundred lines: every story needs the same three States and the same letters between them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from contactpoint.desk.compose import write
from contactpoint.desk.conditions import CLOSED, DECLINED
from contactpoint.desk.errors import DeskError
from contactpoint.desk.evidence import export
from contactpoint.desk.plan import Plan
from contactpoint.desk.several import submit_several
from contactpoint.desk.views import CaseView, Draft, StatementView, Submitted
from contactpoint.domain.values import Address, Urgency
from contactpoint.store.rows_clocks import clocks_of
from tests.simulator import START, SimulatedState, Simulator, emergency_body, simulated

SECRET = "account chat-id 99-000-1 was last used from 192.0.2.44, a flat in the harbour quarter, third floor, at 20:14"
PURPOSE = {"code": "HC-PURPOSE", "text": "the search for the abducted person"}
HANDLING = ["HC-MINOR", "HC-NO-USER-NOTICE", PURPOSE]


async def both_sign(state: SimulatedState, request: str, kind: str, body: Mapping[str, Any]) -> Submitted:
    desk, other = state.desk, f"{state.state}-OFF-002"
    waiting = await desk.answer(request, kind, body, state.officer, state.net.now, other)
    sent = await desk.approve(waiting.id, state.officers[other], state.net.now)
    await state.net.settle()
    return sent


async def says(state: SimulatedState, request: str, kind: str, body: Mapping[str, Any] | None = None) -> Submitted:
    sent = await state.desk.answer(request, kind, body or {}, state.officer, state.net.now)
    await state.net.settle()
    return sent


async def emergency(net: Simulator) -> Submitted:
    """XA has asked XB for data in an emergency, and XB has called back."""
    here = net["XA"]
    waiting = await here.ask("XB", "EMERG-DATA", "U0", body=emergency_body(net.now), approver="XA-OFF-002")
    sent = await here.desk.approve(waiting.id, here.officers["XA-OFF-002"], net.now)
    await net.settle()
    phone = net["XB"].cw.register.phones("XA")[0]
    await says(net["XB"], sent.id, "CALLED-BACK", {"number": phone, "spoke_with": "OFF-001", "result": "confirmed"})
    return sent


def disclosure(handling: Any = HANDLING) -> dict[str, Any]:
    return {"result": SECRET, "purpose_limit": "to find the person", "handling": handling}


async def case_of(state: SimulatedState, sent: Submitted) -> CaseView:
    return await state.desk.case_view(sent.case, state.net.now)


async def letter(state: SimulatedState, sent: Submitted, kind: str) -> StatementView:
    return next(each for each in (await case_of(state, sent)).statements if each.kind == kind)


async def shown(state: SimulatedState, sent: Submitted) -> str:
    """The whole case as the command line writes it in JSON: all that console, forms and drafts are made of."""
    return json.dumps(asdict(await case_of(state, sent)), default=str)


async def refused(code: str, doing: Any) -> DeskError:
    with pytest.raises(DeskError) as error:
        await doing
    assert error.value.code == code
    return error.value


# Closed until accepted


async def test_payload_read_before_acceptance_through_the_case_its_json_or_the_board(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure())
        given = await letter(net["XA"], sent, "EXECUTED")
        assert given.closed == ("result",)
        assert given.body == {**disclosure(), "result": CLOSED}  # the labels themselves can be read
        board = await net["XA"].desk.board("XA-OFF-001", net.now)
        assert "harbour quarter" not in await shown(net["XA"], sent) + json.dumps(asdict(board), default=str)
        assert "harbour quarter" in await shown(net["XB"], sent)  # who gave it knows it

        (view,) = (await case_of(net["XA"], sent)).requests
        assert view.conditions == ("HC-NO-USER-NOTICE", PURPOSE)
        assert "CONDITIONS-ACCEPTED" in view.permitted
        await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED")
        opened = await case_of(net["XA"], sent)
        assert (await letter(net["XA"], sent, "EXECUTED")).body == disclosure()
        accepted = await letter(net["XB"], sent, "CONDITIONS-ACCEPTED")
        assert accepted.body["conditions"] == ["HC-NO-USER-NOTICE", PURPOSE]
        assert (opened.requests[0].status, opened.requests[0].conditions) == ("EXECUTED", ())
        assert "CONDITIONS-ACCEPTED" not in opened.requests[0].permitted
        assert opened.state_digest == (await case_of(net["XB"], sent)).state_digest


async def test_payload_read_before_acceptance_through_an_export(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure())
        await refused("E-CONDITIONS", export(net["XA"].cw, sent.case, net.now))
        assert await export(net["XB"].cw, sent.case, net.now)
        await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED")
        bundle = await export(net["XA"].cw, sent.case, net.now)
        assert b"harbour quarter" in bundle
        assert b"    under HC-PURPOSE: the search for the abducted person\n" in bundle


async def test_a_marker_alone_asks_nothing_and_the_data_are_open_at_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure(["HC-MINOR", "HC-VICTIM"]))
        assert "harbour quarter" in await shown(net["XA"], sent)
        assert (await case_of(net["XA"], sent)).requests[0].conditions == ()


async def test_data_under_conditions_accepted_before_are_open_at_once_and_under_stricter_ones_are_not(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        offer = await says(net["XB"], sent.id, "CONDITIONS", {"conditions": HANDLING})
        assert offer.state == "QUEUED"
        await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED")
        part = {**disclosure([PURPOSE]), "missing": "the address book"}
        await both_sign(net["XB"], sent.id, "PARTIAL", part)
        assert "harbour quarter" in await shown(net["XA"], sent)

        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure([*HANDLING, "HC-RETAIN(2027-06-01)"]))
        assert (await letter(net["XA"], sent, "PARTIAL")).closed == ()
        assert (await letter(net["XA"], sent, "EXECUTED")).closed == ("result",)


async def test_yes_to_less_than_was_asked_is_no_acceptance_at_either_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure())
        less = {"conditions": ["HC-NO-USER-NOTICE"]}
        await refused("E-CONDITIONS", says(net["XA"], sent.id, "CONDITIONS-ACCEPTED", less))
        more = {"conditions": [*HANDLING, "HC-NO-ONWARD"]}
        await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED", more)
        assert "harbour quarter" in await shown(net["XA"], sent)


async def test_who_offers_conditions_cannot_accept_them_itself(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await says(net["XB"], sent.id, "CONDITIONS", {"conditions": HANDLING})
        assert "CONDITIONS-ACCEPTED" not in (await net["XB"].view(sent.id)).permitted
        await refused("E-MOVE-ILLEGAL", says(net["XB"], sent.id, "CONDITIONS-ACCEPTED"))


async def test_what_was_declined_stays_closed_for_good(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await emergency(net)
        await both_sign(net["XB"], sent.id, "EXECUTED", disclosure())
        await says(net["XA"], sent.id, "CONDITIONS-DECLINED", {"reason": "the court must be told"})
        assert (await letter(net["XA"], sent, "EXECUTED")).body["result"] == DECLINED
        await refused("E-MOVE-ILLEGAL", says(net["XA"], sent.id, "CONDITIONS-ACCEPTED"))
        await refused("E-CONDITIONS", export(net["XA"].cw, sent.case, net.now))
        await net["XA"].restart()
        assert "harbour quarter" not in await shown(net["XA"], sent)


# Handed on


def information(content: str = SECRET, conditions: Any = (PURPOSE,), **more: Any) -> dict[str, Any]:
    authority = {"organisation": "Cybercrime Unit", "officer_ref": "OFF-001", "case_ref": "2027-00412"}
    return {"authority": authority, "content": content, "conditions": list(conditions), "offences": ["O-07"], **more}


async def gives(state: SimulatedState, peer: str, body: dict[str, Any] | None = None, **more: Any) -> Submitted:
    """One State gives another information that it was not asked for."""
    draft = Draft("SPONT", peer, "U3", body or information(), **more)
    sent = await state.desk.submit(draft, state.officer, state.net.now)
    await state.net.settle()
    return sent


async def given(net: Simulator, conditions: Any = (PURPOSE,)) -> Submitted:
    """XB has given XA its secret, and XA has accepted the conditions."""
    sent = await gives(net["XB"], "XA", information(conditions=conditions))
    await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED")
    return sent


def named(*letters: Submitted) -> list[dict[str, str]]:
    return [{"case": each.case, "letter": each.id} for each in letters]


async def asks(net: Simulator, about: Submitted, to: str = "XC", until: str = "2027-03-31") -> Submitted:
    """XA asks XB whether it may pass on what XB gave."""
    body = {"packages": named(about), "third_party": to, "purpose": "the same ring acts there", "until": until}
    draft = Draft("ONWARD-CONSENT", "", "U3", body, parent=about.id)
    sent = await net["XA"].desk.submit(draft, net["XA"].officer, net.now)
    await net.settle()
    return sent


async def hands_on(net: Simulator, *letters: Submitted, to: str = "XC", by: str = "XA") -> Submitted:
    return await gives(net[by], to, information("See what is enclosed.", packages=named(*letters)))


async def test_what_one_state_gave_goes_nowhere_without_its_consent_and_back_to_it_freely(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await given(net)
        await refused("E-ONWARD", hands_on(net, sent))
        assert (await hands_on(net, sent, to="XB")).state == "QUEUED"
        consent = await asks(net, sent)
        await refused("E-ONWARD", hands_on(net, sent))  # asked is not granted
        await says(net["XB"], consent.id, "DENIED", {"reasons": "an operation is under way"})
        await refused("E-ONWARD", hands_on(net, sent))


async def test_with_a_signed_consent_it_goes_with_its_origin_all_its_labels_and_those_of_the_consent(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC", "XD") as net:
        sent = await given(net)
        consent = await asks(net, sent)
        asked = (await letter(net["XB"], consent, "ONWARD-CONSENT")).body["packages"]
        assert [set(each) for each in asked] == [{"origin", "letter", "digest", "kind", "labels"}]
        await says(net["XB"], consent.id, "GRANTED-WITH-CONDITIONS", {"conditions": ["HC-INTEL-ONLY"]})
        passed = await hands_on(net, sent)
        closed = await letter(net["XC"], passed, "SPONT")
        assert closed.closed == ("content", "packages")
        await says(net["XC"], passed.id, "CONDITIONS-ACCEPTED")
        (package,) = (await letter(net["XC"], passed, "SPONT")).body["packages"]
        original = (await letter(net["XA"], sent, "SPONT")).digest
        assert (package["origin"], package["letter"], package["digest"]) == ("XB", sent.id, original)
        assert package["content"]["content"] == SECRET
        assert package["labels"] == ["HC-INTEL-ONLY", PURPOSE]

        await refused("E-ONWARD", hands_on(net, passed, by="XC", to="XD"))


async def test_label_stripped_on_the_way_by_who_writes_the_letter(tmp_path: Path) -> None:
    """Content and labels come from the signed original, whatever an officer types."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await given(net, [PURPOSE, "HC-ONWARD(XC)"])
        typed = {"letter": sent.id, "labels": [], "content": {"content": "harmless"}, "origin": "XC"}
        passed = await gives(net["XA"], "XC", information("See below.", packages=[typed]))
        (package,) = (await letter(net["XA"], passed, "SPONT")).body["packages"]
        assert package["origin"] == "XB"
        assert package["content"]["content"] == SECRET
        assert package["labels"] == [{"code": "HC-ONWARD", "states": ["XC"]}, PURPOSE]


async def test_label_stripped_on_the_way_by_a_state_that_handed_it_on(tmp_path: Path) -> None:
    """A copy that came round another way, without its labels, is taken for what its origin signed."""
    async with simulated(tmp_path, "XA", "XB", "XC", "XD") as net:
        sent = await given(net)
        signed = await letter(net["XA"], sent, "SPONT")
        bare = {"origin": "XB", "letter": sent.id, "digest": signed.digest, "kind": "SPONT"}
        loose = {**bare, "labels": ["HC-ONWARD(XD)"], "content": {"content": SECRET}}
        forged = await hostile(net["XC"], "XA", information("Look.", ["HC-ONWARD(XD)"], packages=[loose]))
        await says(net["XA"], forged.id, "CONDITIONS-ACCEPTED")
        for order in ((forged, sent), (sent, forged), (forged,)):
            error = await refused("E-ONWARD", hands_on(net, *order, to="XD"))
            assert sent.id in error.text


async def hostile(state: SimulatedState, peer: str, body: dict[str, Any]) -> Submitted:
    """A letter that this State's own desk would refuse, signed all the same."""
    plan = Plan("SPONT", Address(peer), Urgency.U3, body, None, None, "en", None, "", "")
    sent = await write(state.cw, plan, state.officer, state.net.now)
    await state.net.settle()
    return sent


async def test_consent_for_another_package(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        one, other = await given(net), await given(net)
        await says(net["XB"], (await asks(net, one)).id, "GRANTED")
        await refused("E-ONWARD", hands_on(net, other))
        await refused("E-ONWARD", hands_on(net, one, other))
        await hands_on(net, one)


async def test_consent_for_another_state(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC", "XD") as net:
        sent = await given(net)
        await says(net["XB"], (await asks(net, sent, to="XD")).id, "GRANTED")
        await refused("E-ONWARD", hands_on(net, sent))
        await hands_on(net, sent, to="XD")


async def test_consent_after_its_end_whoever_wrote_the_end(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        one, other = await given(net), await given(net)
        await says(net["XB"], (await asks(net, one, until="2027-03-05")).id, "GRANTED")
        await says(net["XB"], (await asks(net, other)).id, "GRANTED", {"until": "2027-03-05"})
        await hands_on(net, one)
        net.now += timedelta(days=2)
        await refused("E-ONWARD", hands_on(net, one))
        await refused("E-ONWARD", hands_on(net, other))


async def test_consent_that_ends_while_a_second_officer_is_awaited(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC", start=START.replace(hour=23, minute=30)) as net:
        sent, here = await given(net), net["XA"]
        await says(net["XB"], (await asks(net, sent, until="2027-03-04")).id, "GRANTED")
        body = information("See what is enclosed.", packages=named(sent))
        urgent = Draft("SPONT", "XC", "U0", body, approver="XA-OFF-002")
        waiting = [await here.desk.submit(urgent, here.officer, net.now) for _ in range(2)]
        await here.desk.approve(waiting[0].id, here.officers["XA-OFF-002"], net.now)
        net.now += timedelta(minutes=45)
        await refused("E-ONWARD", here.desk.approve(waiting[1].id, here.officers["XA-OFF-002"], net.now))


async def test_consent_forged_by_the_third_state(tmp_path: Path) -> None:
    """XC says yes for XB: in a case of its own, to a question about what XC gave, with XB's letter written into it."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await given(net)
        bait = await gives(net["XC"], "XA")
        await says(net["XA"], bait.id, "CONDITIONS-ACCEPTED")
        await says(net["XC"], (await asks(net, bait)).id, "GRANTED")
        await refused("E-ONWARD", hands_on(net, sent))
        # To ask XC about XB's letter would tell XC of it: that does not leave either.
        draft = Draft("ONWARD-CONSENT", "", "U3", {"packages": named(sent), "third_party": "XC", "purpose": "x"})
        about = replace(draft, parent=bait.id)
        await refused("E-ONWARD", net["XA"].desk.submit(about, net["XA"].officer, net.now))


async def test_a_state_that_the_giver_named_needs_no_consent_and_another_does(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC", "XD") as net:
        sent = await given(net, ["HC-ONWARD(XC)"])
        await hands_on(net, sent)
        await refused("E-ONWARD", hands_on(net, sent, to="XD"))


async def test_what_was_to_be_erased_by_now_is_not_handed_on(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await given(net, ["HC-ONWARD(XC)", "HC-RETAIN(2027-03-05)"])
        net.now += timedelta(days=2)
        await refused("E-RETAINED", hands_on(net, sent))


async def test_what_is_not_open_here_and_what_nobody_gave_is_not_handed_on(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await gives(net["XB"], "XA", information(conditions=["HC-ONWARD(XC)"]))
        await refused("E-CONDITIONS", hands_on(net, sent))
        own = await gives(net["XA"], "XC")
        await refused("E-PACKAGE", hands_on(net, own, to="XB"))
        wrong = information(packages=[{"letter": sent.id, "digest": "00" * 32}])
        await refused("E-PACKAGE", gives(net["XA"], "XC", wrong))


async def test_onward_by_paste(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        sent = await given(net)
        hidden = SECRET.upper().replace(" ", "\n  ").replace("flat", "fl\u200bat")
        for text in (SECRET, f"We learnt that {SECRET} last night.", hidden):
            error = await refused("E-ONWARD", gives(net["XA"], "XC", information(text), parent=sent.id))
            assert "XB" in error.text
        net.now += timedelta(minutes=5)
        # Sent back to its giver first, a passage does not become ours.
        await gives(net["XA"], "XB", information(SECRET), parent=sent.id)
        await refused("E-ONWARD", gives(net["XA"], "XC", information(SECRET), parent=sent.id))
        await says(net["XB"], (await asks(net, sent)).id, "GRANTED")
        assert (await gives(net["XA"], "XC", information(SECRET), parent=sent.id)).state == "QUEUED"


async def test_what_the_giver_only_quoted_of_us_is_ours_to_repeat(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        ours = (
            "Files of the hospital group were encrypted on the third of March by means of a stolen maintenance account."
        )
        asked = await gives(net["XA"], "XB", information(ours))
        await says(net["XB"], asked.id, "CONDITIONS-ACCEPTED")
        net.now += timedelta(minutes=5)
        await gives(net["XB"], "XA", information(f"You wrote: {ours}"), parent=asked.id)
        assert (await gives(net["XA"], "XC", information(ours), parent=asked.id)).state == "QUEUED"


# Ends


async def test_the_day_of_erasure_and_the_end_of_a_consent_are_clocks_of_who_received(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await gives(net["XB"], "XA", information(conditions=["HC-RETAIN(2027-06-01)"]))
        assert await clocks(net["XA"], sent) == {}  # nothing was opened yet
        await says(net["XA"], sent.id, "CONDITIONS-ACCEPTED")
        assert await clocks(net["XA"], sent) == {"RETAIN-GIVEN": date(2027, 6, 2)}
        assert await clocks(net["XB"], sent) == {}
        consent = await asks(net, sent, until="2027-05-01")
        await says(net["XB"], consent.id, "GRANTED", {"until": "2027-04-01"})
        assert await clocks(net["XA"], consent) == {"CONSENT-END": date(2027, 4, 2), "CONSENT-ASKED": date(2027, 5, 2)}


async def clocks(state: SimulatedState, sent: Submitted) -> dict[str, date]:
    """Each clock of a request and the midnight (UTC) at which its last day is over."""
    rows = await state.cw.db.read(lambda tx: clocks_of(tx, sent.id))
    return {row.name: (row.due + timedelta(hours=1)).date() for row in rows}


# To several, each its own part


async def test_each_of_several_states_gets_its_own_part_and_nothing_of_another_s(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        here = net["XA"]
        parts = {
            "XB": {"content": "the account at Example Mail XB"},
            "XC": {"content": "the wallet at Example Coin XC"},
        }
        subsets = {**parts, "XC": {**parts["XC"], "conditions": ["HC-INTEL-ONLY"]}}
        common = {name: value for name, value in information().items() if name != "content"}
        draft = Draft("SPONT", "", "U3", common, recipients=("XB", "XC"), subsets=subsets)
        spread = await submit_several(here.cw, draft, here.officer, net.now)
        await net.settle()
        assert len(spread.sent) == 2
        for each in spread.sent:
            there = net[each.recipient]
            await says(there, each.id, "CONDITIONS-ACCEPTED")
            got = (await there.desk.case_view(each.case, net.now)).statements[0].body
            assert got["content"] == parts[each.recipient]["content"]
            assert got["conditions"] == (["HC-INTEL-ONLY"] if each.recipient == "XC" else [PURPOSE])
            other = "wallet" if each.recipient == "XB" else "account"
            assert other not in json.dumps(got)


async def test_notice_of_use_to_clear_an_accused_goes_before_it_or_says_why_it_could_not(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await given(net)
        body = {"packages": named(sent), "proceedings": "Court of XA, 12/2027", "disclosure_on": "2027-03-20"}
        notice = Draft("EXCULP-NOTICE", "", "U3", body, parent=sent.id)
        told = await net["XA"].desk.submit(notice, net["XA"].officer, net.now)
        await net.settle()
        await says(net["XB"], told.id, "NOTED")
        assert (await net["XA"].view(told.id)).status == "NOTED"
        late = replace(notice, body={**body, "disclosure_on": "2027-03-01"})
        await refused("E-FIELD-MISSING", net["XA"].desk.submit(late, net["XA"].officer, net.now))
        why = replace(late, body={**late.body, "late_reason": "the hearing was that night"})
        assert (await net["XA"].desk.submit(why, net["XA"].officer, net.now)).state == "QUEUED"


async def test_payload_read_before_acceptance_through_a_form_that_begins_from_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        here = net["XA"]
        sent = await gives(net["XB"], "XA")
        for kind in here.cw.catalogue.entries:
            begun = await here.desk.joint.prefilled(sent.id, kind, net.now)
            assert "harbour quarter" not in json.dumps(begun.body, default=str), kind
