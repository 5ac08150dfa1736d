"""A network of invented States in one process, on this machine only: what demonstration and training are played on.

The same register, nodes, links, databases and clocks as in service, in one folder. Everything listens on 127.0.0.1 at a free port, and
everything that is started here is stopped when the context ends.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.desk.desk import Desk
from contactpoint.desk.officers import SigningOfficer, add_officer, make_key
from contactpoint.desk.results import NodeAnswers
from contactpoint.main.clock import system_clock
from contactpoint.main.first_run import enrol, init_node
from contactpoint.main.node import draw
from contactpoint.main.serve import RunningNode, running_node
from contactpoint.store.rows_desk import newest_sheet
from directory.documents import Purpose
from directory.main import approve, init_register, running_register

POLL_S = 0.01
_LOOK_S = 0.1  # between two looks at the register, while a node waits for its peer's keys
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Cast:
    """One invented State before it is made. ``host`` is where its console is opened, a name under localhost: on one name the
    second sign-in would overwrite the first one's cookie."""

    state: str
    name: str
    officer: str
    officer_name: str
    secret: str
    host: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StateOnStage:
    """One invented State that runs; ``link`` signs its officer in once."""

    node: RunningNode
    desk: Desk
    officer: SigningOfficer
    link: str


@asynccontextmanager
async def staged(
    home: Path, name: str, policy: str, cast: Sequence[Cast], tell: Callable[[str], None]
) -> AsyncIterator[tuple[StateOnStage, ...]]:
    """The register and the States run while the context lasts, in the order of ``cast``; each can write to every other."""
    genesis = init_register(home / "register", Purpose.TRAINING, name, policy)
    async with AsyncExitStack() as stack:
        register = await stack.enter_async_context(running_register(home / "register", 0))
        tell(f"register of the training network answers at {register.url}")
        links = {}
        async with asyncio.TaskGroup() as listing:  # one State is listed while the next one stretches its passphrases
            for each in cast:
                words, links[each.state] = await _make(home, each, register.url, genesis.digest.hex())
                listing.create_task(_list(home, each.state, words, tell))
        nodes = [await stack.enter_async_context(running_node(home / each.state)) for each in cast]
        states = []
        for each, node in zip(cast, nodes, strict=True):  # one after the other: each takes 64 MiB to open a key
            states.append(await _man(node, each, links[each.state]))
        names = [each.state for each in cast]
        await asyncio.gather(*(_meet(one, peer) for one in states for peer in names if peer != one.node.state))
        tell("all nodes run; each has verified the register and holds the others' key sheets")
        yield tuple(states)


async def hire(state: StateOnStage, number: str, name: str, rights: Sequence[str], secret: str) -> SigningOfficer:
    """One officer more, with an opened key."""
    key = await make_key(secret, draw)

    async def work(tx: AsyncConnection) -> str:
        return await add_officer(
            tx, draw, number=number, name=name, rights=rights, mail="", key=key, language="en", now=system_clock()
        )

    await state.desk.cw.db.write(work)
    return await state.desk.unseal(number, secret, system_clock())


async def _list(home: Path, state: str, words: str, tell: Callable[[str], None]) -> None:
    await enrol(home / state)
    await approve(home / "register", state, words)
    tell(f"{state} made its keys; the registrar heard its twelve words: {words}")


async def _make(home: Path, cast: Cast, url: str, genesis: str) -> tuple[str, str]:
    number = len(cast.state) * 100 + ord(cast.state[1])
    answers = NodeAnswers(
        state=cast.state,
        name=cast.name,
        host="127.0.0.1",
        public_port=_free_port(),
        inside_port=_free_port(),
        register_url=url,
        genesis=genesis,
        officer=cast.officer,
        officer_name=cast.officer_name,
        officer_secret=cast.secret,
        phones=(f"+999 {number} 001", f"+999 {number} 002"),
    )
    settings = {"public.address": "127.0.0.1", "inside.tls": False, "inside.host": cast.host, **cast.settings}
    made = await init_node(home / cast.state, answers, system_clock, **settings)
    return " ".join(made.words), made.one_time_link


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _man(node: RunningNode, cast: Cast, link: str) -> StateOnStage:
    assert node.cw is not None  # all parts run here
    desk = Desk(node.cw)
    officer = await desk.unseal(cast.officer, cast.secret, system_clock())
    return StateOnStage(node, desk, officer, link)


async def _meet(state: StateOnStage, peer: str) -> None:
    """Wait until this node could write to its peer."""
    look = time.monotonic()
    end = look + PATIENCE_S
    while await state.desk.cw.db.read(lambda tx: newest_sheet(tx, peer)) is None:
        if (now := time.monotonic()) > end:
            raise TimeoutError(f"{state.node.state} never got the key sheet of {peer}")
        if now >= look:
            state.desk.cw.bell.ring("mirror")
            look = now + _LOOK_S
        await asyncio.sleep(POLL_S)
