"""One real case, from a request to its execution, exported by both States: made once, read by every test here."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from contactpoint.desk.evidence import export
from contactpoint.store.rows_outbox import facts_of
from tests.fixtures.network import Network, StateAtWork, two_states, until


@dataclass(frozen=True)
class Exported:
    """Both States' bundles of the case, the other case of the same two States, and the register's digest."""

    case: str
    qm: bytes
    qn: bytes
    again: bytes
    other: bytes
    genesis: bytes
    qm_home: Path


async def _settled(here: StateAtWork, case: str, letters: int) -> bool:
    """Whether every letter of the case is held and received, as this desk knows it."""
    view = await here.desk.case_view(case, here.now())
    facts = await here.cw.db.read(lambda tx: facts_of(tx, [each.id for each in view.statements]))
    levels = [row.level for row in facts]
    return len(view.statements) == letters and levels.count("held") == letters == levels.count("received")


async def _story(net: Network) -> Exported:
    sent = await net.qm.ask(net.qn)
    await net.qn.answer_in_full(sent)
    other = await net.qm.ask(net.qn)
    for here in (net.qm, net.qn):
        await until(lambda here=here: _settled(here, sent.case, 4))
        await until(lambda here=here: _settled(here, other.case, 1))
    now = net.qm.now()
    return Exported(
        case=sent.case,
        qm=await export(net.qm.cw, sent.case, now),
        qn=await export(net.qn.cw, sent.case, net.qn.now()),
        again=await export(net.qm.cw, sent.case, now),
        other=await export(net.qm.cw, other.case, net.qm.now()),
        genesis=net.genesis.digest,
        qm_home=net.qm.home,
    )


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Made by real nodes over real sockets."""

    async def run() -> Exported:
        async with two_states(tmp_path_factory.mktemp("network")) as net:
            return await _story(net)

    return asyncio.run(run())
