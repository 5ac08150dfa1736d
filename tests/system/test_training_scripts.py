"""Every script of a training is played against real nodes: what the invented State is to do, it can do, and what is expected is seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.views import Draft
from contactpoint.domain.training import OWN, Line, Mark, Seen, Sight, body_of, closed, is_over, load
from contactpoint.main.clock import system_clock
from contactpoint.main.stage import StateOnStage
from contactpoint.main.training import Exercise, Trainee, on_stage, turn

PATIENCE_S = 40.0
Stage = tuple[StateOnStage, StateOnStage, SigningOfficer]


class Officer:
    """Does at the training desk what the script asks for, through the same use cases as the console."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise, self.desk, self.key = exercise, exercise.own.desk, exercise.own.officer

    async def until(self, there: Callable[[], Seen | None]) -> tuple[Line, ...]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            lines = await turn(self.exercise, system_clock())
            if there() is not None:
                return lines
            await asyncio.sleep(0.05)
        raise AssertionError(f"in vain; seen: {list(self.exercise.seen.values())}")

    def saw(self, of: str, sight: Sight, code: str = "") -> Callable[[], Seen | None]:
        def look() -> Seen | None:
            seen = self.exercise.seen.values()
            return next((e for e in seen if (e.of, e.sight) == (of, sight) and e.code == (code or e.code)), None)

        return look

    async def take(self, act: str) -> str:
        await self.until(self.saw(act, Sight.ARRIVED))
        request = self.exercise.acts[act]
        await self.desk.acknowledge(request, self.key.number, self.key, system_clock())
        return request

    async def send(self) -> str:
        now = system_clock()
        peer = self.exercise.peer.node.state
        sent = await self.desk.submit(Draft("PRES-NEW", peer, "U1", body_of("server", now)), self.key, now)
        return sent.id


async def quick(officer: Officer) -> None:
    request = await officer.take("preserve")
    await officer.desk.answer(request, "ACCEPTED", {}, officer.key, system_clock())
    await officer.send()
    await officer.until(officer.saw(OWN, Sight.HEARD, "EXECUTED"))


async def slow(officer: Officer) -> None:
    request = await officer.send()
    await officer.until(officer.saw(OWN, Sight.HEARD, "NEED-INFO"))
    more = {"text": "The one at 192.0.2.46."}
    await officer.desk.answer(request, "INFO", more, officer.key, system_clock())
    await officer.until(officer.saw(OWN, Sight.HEARD, "ACCEPTED"))


async def refusing(officer: Officer) -> None:
    request = await officer.send()
    await officer.until(officer.saw(OWN, Sight.HEARD, "REFUSED"))
    assert officer.saw(OWN, Sight.READ)() is None, "nobody has opened it yet"
    await officer.desk.opened(request, officer.key.number, system_clock())


async def abusive(officer: Officer) -> None:
    request = await officer.take("speech")
    await officer.desk.flag(request, officer.key.number, "political speech, no offence", system_clock())


async def emergency(officer: Officer) -> None:
    request = await officer.take("life")
    number = officer.exercise.own.desk.cw.register.phones(officer.exercise.peer.node.state)[0]
    said = {"number": number, "spoke_with": "INV-001", "result": "confirmed"}
    await officer.desk.answer(request, "CALLED-BACK", said, officer.key, system_clock())


PLAYED: dict[str, Callable[[Officer], Awaitable[None]]] = {
    "quick": quick, "slow": slow, "refusing": refusing, "abusive": abusive, "emergency": emergency,
}  # fmt: skip


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    trainee = Trainee("XB", "XB-OFF-007", "Trainee of XB", None)
    async with on_stage(tmp_path, trainee, lambda text: None) as made:
        yield made


async def test_every_script_can_be_played_to_its_end_as_expected(stage: Stage) -> None:
    assert set(PLAYED) == set(load())
    own, peer, deputy = stage
    assert (own.node.state, peer.node.state, own.desk.network) == ("XB", "XC", "training")
    told: list[str] = []
    for name, play in PLAYED.items():
        exercise = Exercise(load()[name], 200.0, own, peer, deputy, told.append, system_clock())
        officer = Officer(exercise)
        await play(officer)
        end = time.monotonic() + PATIENCE_S
        while not is_over(lines := await turn(exercise, system_clock())):
            assert time.monotonic() < end, (name, lines)
            await asyncio.sleep(0.05)
        assert [line.mark for line in closed(lines)] == [Mark.MET] * len(lines), name
        assert not exercise.given_up, told
    assert not [line for line in told if "cannot" in line], told
