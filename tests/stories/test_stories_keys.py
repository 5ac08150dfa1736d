"""Stories of key sheets across weeks: what is sealed can be opened, or is not sealed at all."""

from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.casework.keyring import renew_prekeys
from contactpoint.desk.errors import UnreachablePeerError
from contactpoint.desk.views import Draft
from tests.simulator import Simulator, preservation_body, simulated


async def leap(net: Simulator, days: int) -> None:
    """Weeks in which nobody meets: each desk keeps its own keys fresh, and neither sees the other's new sheet."""
    net.now += timedelta(days=days)
    await net.refresh()
    for each in net:
        await each.cw.db.write(lambda tx, cw=each.cw: renew_prekeys(tx, cw.keyring, net.random, net.now))
    await net["XA"].hire("XA-OFF-009")  # with a certificate of today


async def ask(net: Simulator) -> str:
    draft = Draft("PRES-NEW", "XB", "U1", preservation_body(net.now))
    return (await net["XA"].desk.submit(draft, net["XA"].officers["XA-OFF-009"], net.now)).id


async def test_a_used_up_sheet_still_serves_while_its_last_private_half_is_kept(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await leap(net, 40)
        sent = await ask(net)
        await net.settle()
        assert "received" in await net["XA"].levels(sent)


async def test_nothing_is_sealed_to_a_key_whose_private_half_is_destroyed_by_now(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await leap(net, 53)
        with pytest.raises(UnreachablePeerError) as refused:
            await ask(net)
        assert refused.value.code == "E-NO-KEY"
        await net.exchange_sheets()
        sent = await ask(net)
        await net.settle()
        assert "received" in await net["XA"].levels(sent)
