"""A18: a warning to all States of the world, and its recall; every receipt goes over the link."""

import time
from contextlib import AsyncExitStack
from pathlib import Path

from contactpoint.desk.several import submit_several
from contactpoint.desk.views import Draft
from contactpoint.domain.ladder import SaySlip
from contactpoint.domain.threats import recalled_at, threat_kind, threat_of
from contactpoint.domain.values import Level
from tests.domain.domain_examples import request_of
from tests.simulator import START
from tests.wide_network import CATALOGUE, WideSimulator, invented

STATES, SAMPLE = 192, 24


async def test_a_warning_to_all_is_delivered_to_each_rings_nobody_and_is_recalled_everywhere(
    tmp_path: Path, run_all: bool
) -> None:
    count = STATES if run_all else SAMPLE
    _, body, _ = request_of("A18")
    net = WideSimulator(1, START, tmp_path)
    for state in invented(count):
        net.list_light(state)
    async with AsyncExitStack() as stack:
        here = await net.add(tmp_path, "XA", stack)
        await net.hand_out_sheets(here)
        begun = time.monotonic()
        draft = Draft(threat_kind(CATALOGUE), "", "U1", body, recipients=("ALL",), lang="en")
        spread = await submit_several(here.cw, draft, here.officer, net.now)
        assert (len(spread.sent), spread.failed) == (count, ())
        signed = time.monotonic()
        await net.settle()
        delivered = time.monotonic()
        view = await here.desk.threats.one(spread.sent[0].id)
        assert (len(view.states), view.unreached) == (count, ())
        assert {(await here.view(each.id)).status for each in spread.sent[:3]} == {"DELIVERED"}
        assert len(await here.desk.threats.listed()) == 1
        for light in net.lights.values():
            assert light.effects == [SaySlip(Level.RECEIVED)]  # no page, no rung
        assert here.telephone.notices == []
        board = await here.desk.board("", net.now)
        assert not (board.own_overdue or board.sent or board.tasks)

        done = await here.desk.threats.recall(spread.sent[0].id, "a mistake of ours", here.officer, net.now)
        await net.settle()
        recalled = time.monotonic()
        assert done.queued == count
        for light in net.lights.values():
            case = next(iter(light.cases.values()))
            request = next(iter(case.requests.values()))
            assert recalled_at(request, CATALOGUE) is not None
            assert threat_of(case, request, CATALOGUE).method == body["method"]
        print(
            f"{count} States: signed and queued {signed - begun:.1f} s, delivered and receipted "
            f"{delivered - signed:.1f} s, recalled {recalled - delivered:.1f} s"
        )
        assert delivered - begun < 300
