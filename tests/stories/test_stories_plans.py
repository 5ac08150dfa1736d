"""Rotas and policies are signed versions: nobody without an officer's key changes who is called at night."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from contactpoint.casework.errors import BusyCaseError, PlanError
from contactpoint.casework.plans import PlanKind, history_of, newest_plan, plans_in_use, save_plan
from contactpoint.store.desk_schema import plan
from keys.signing import SigningKey
from tests.simulator import SimulatedState, simulated

NIGHT = {"officers": ["XA-OFF-001", "XA-OFF-002"], "length": 1}


async def _save(state: SimulatedState, content: dict[str, object], after: int) -> int:
    return await state.cw.db.write(
        lambda tx: save_plan(tx, state.cw, PlanKind.ROTA, "night", content, after, state.officer, state.net.now)
    )


async def test_every_version_of_a_plan_stays_and_the_newest_is_in_use(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        cw = net["XA"].cw
        assert await _save(net["XA"], NIGHT, 0) == 1
        assert await _save(net["XA"], {**NIGHT, "length": 2}, 1) == 2
        newest = await cw.db.read(lambda tx: newest_plan(tx, cw, PlanKind.ROTA, "night"))
        assert newest is not None and (newest.version, newest.content["length"], newest.by_officer) == (
            2,
            2,
            "XA-OFF-001",
        )
        every = await cw.db.read(lambda tx: history_of(tx, cw, PlanKind.ROTA, "night"))
        assert [(each.version, each.content["length"]) for each in every] == [(2, 2), (1, 1)]
        assert await cw.db.read(lambda tx: plans_in_use(tx, cw, PlanKind.ROTA)) == (newest,)


async def test_of_two_who_save_at_once_the_second_is_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        await _save(net["XA"], NIGHT, 0)
        await _save(net["XA"], {**NIGHT, "length": 2}, 1)
        for after in (0, 1, 5):
            with pytest.raises(BusyCaseError):
                await _save(net["XA"], NIGHT, after)


async def test_a_thief_of_the_database_cannot_write_himself_onto_the_rota(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        cw = net["XA"].cw
        await _save(net["XA"], NIGHT, 0)
        stranger = replace(net["XA"].officer, key=SigningKey.from_seed(b"s" * 64))
        await cw.db.write(
            lambda tx: save_plan(tx, cw, PlanKind.ROTA, "night", {"officers": ["XA-OFF-666"]}, 1, stranger, net.now)
        )
        with pytest.raises(PlanError):
            await cw.db.read(lambda tx: newest_plan(tx, cw, PlanKind.ROTA, "night"))


async def test_an_old_version_renumbered_as_the_newest_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        cw = net["XA"].cw
        await _save(net["XA"], NIGHT, 0)
        await cw.db.write(lambda tx: tx.execute(update(plan).values(version=9)))
        with pytest.raises(PlanError):
            await cw.db.read(lambda tx: newest_plan(tx, cw, PlanKind.ROTA, "night"))
