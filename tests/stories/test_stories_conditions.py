"""What is given under conditions: closed until they are accepted by signature, and handed on only where its origin lets it go."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from contactpoint.desk.conditions import CLOSED, DECLINED
from contactpoint.desk.errors import DeskError
from contactpoint.desk.evidence import export
from contactpoint.desk.views import CaseView, StatementView, Submitted
from tests.simulator import SimulatedState, Simulator, emergency_body, simulated

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
        assert b"harbour quarter" in await export(net["XA"].cw, sent.case, net.now)


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
