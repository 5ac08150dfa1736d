"""The program `bell`: a second bell on any machine. It reads its own stream of the console and needs nothing else of the node."""

from __future__ import annotations

import asyncio
import signal
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contactpoint.desk.results import NodeError, RefusedByPeerError
from contactpoint.desk.toolkeys import Scope, ToolKey, add_key, list_keys, revoke_key
from contactpoint.domain.bell import SILENT_AFTER, BellState, Counts, Why, breaks, hear, look, part, read_counts
from contactpoint.domain.errors import DomainError
from contactpoint.link.errors import UnreachableError
from contactpoint.link.stream import StreamRefusedError, events, trust
from contactpoint.main.folder import read_file, write_private
from contactpoint.main.loops import stop
from contactpoint.main.node import open_desk
from contactpoint.notify.errors import ChannelSettingsError
from contactpoint.notify.ring import Ringer, player_of
from contactpoint.settings import read_settings, within

_AGAIN_S, _LOOK_S = 1.0, 0.25
_GIVE_UP_S = SILENT_AFTER.total_seconds() + 2.0  # the silence rings first, then the dead stream is left
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ears:
    """Where a bell listens, and with which key."""

    url: str
    key: str
    tls: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Rung:
    """One ring: why, and the numbers of the last beat."""

    reasons: tuple[Why, ...]
    counts: Counts


async def bell_ears(home: Path, url: str, key_file: Path | None, ca: Path | None) -> Ears:
    """With a URL, its key and its certificate; without one, of the node in this folder, whose key is made at the first use."""
    if url:
        if key_file is None:
            raise NodeError("E-API-KEY", "a bell away from its node needs its key", "give --key-file FILE")
        return Ears(url, _key(key_file), trust(ca))
    inside = read_settings(home).inside
    file = key_file or home / "bell.key"
    if key_file is None and not file.exists():
        write_private(file, (await bell_key_add(home, "bell of this folder")).encode() + b"\n")
    scheme, certificate = ("https", within(home, inside.certificate)) if inside.tls else ("http", None)
    return Ears(f"{scheme}://{inside.host}:{inside.port}", _key(file), trust(certificate))


def bell_ringer(sound: Path | None, player: str, command: Sequence[str]) -> Ringer:
    """The programs that a ring starts. Raises NodeError where one cannot be run."""
    try:
        programs = [] if sound is None else [player_of(sound, player)]
        return Ringer([*programs, *([tuple(command)] if command else [])])
    except ChannelSettingsError as error:
        raise NodeError(
            "E-BELL", str(error), "mend it, or leave it away: the terminal's bell rings in any case"
        ) from error


async def ring_bell(ears: Ears, ringer: Ringer, told: Callable[[Rung], None], say: Callable[[str], None]) -> None:
    """Ring until SIGTERM or SIGINT. Raises RefusedByPeerError when the console does not let the key listen."""
    here = asyncio.current_task()
    assert here is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, here.cancel)
    work = _Bell(ears, ringer, told, say)
    try:
        await work.listen()
    except asyncio.CancelledError:
        here.uncancel()
        say("the bell ends")
    except StreamRefusedError as error:
        raise RefusedByPeerError(error.code, str(error), "make another key: contactpoint bell key add NAME") from error
    finally:
        await ringer.close()


class _Bell:
    """The loops of one bell. Its clock only counts on: a host whose time is set back must not silence it."""

    def __init__(self, ears: Ears, ringer: Ringer, told: Callable[[Rung], None], say: Callable[[str], None]) -> None:
        self._ears, self._ringer, self._told, self._say = ears, ringer, told, say
        self._state = BellState(self._now())
        self._heard = False

    def _now(self) -> datetime:
        return _BEGINNING + timedelta(seconds=time.monotonic())

    async def listen(self) -> None:
        """Read the stream, again and again; beside it look at the clock."""
        watcher = asyncio.create_task(self._watch(), name="bell watch")
        try:
            while True:
                await self._once()
                await asyncio.sleep(_AGAIN_S)
        finally:
            await stop([watcher])

    async def _once(self) -> None:
        """One stream from its beginning to its end. A goodbye is no break: the node may be back before it is missed."""
        why = "the stream ended"
        try:
            async with aclosing(events(self._ears.url, self._ears.key, self._ears.tls, _GIVE_UP_S)) as stream:
                async for event in stream:
                    if event.name == "bye":
                        self._say("the node says goodbye")
                        self._state = part(self._state)
                        return
                    if event.name == "beat":
                        await self._beat(read_counts(event.data))
        except StreamRefusedError:
            # It was let in before, or never: either way nobody would hear this bell.
            await self._ring((Why.LINK,))
            raise
        except (UnreachableError, DomainError) as error:
            why = str(error)
        if self._heard or self._state.lost is None:
            self._say(f"lost: {why}")
            self._heard = False
        await self._move(breaks(self._state, self._now()))

    async def _beat(self, counts: Counts) -> None:
        if not self._heard:
            self._say(f"listening to {self._ears.url}")
            self._heard = True
        await self._move(hear(self._state, counts, self._now()))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._move(look(self._state, self._now()))

    async def _move(self, moved: tuple[BellState, tuple[Why, ...]]) -> None:
        self._state, reasons = moved
        if reasons:
            await self._ring(reasons)

    async def _ring(self, reasons: tuple[Why, ...]) -> None:
        counts = self._state.counts
        numbers = {name.upper(): str(value) for name, value in asdict(counts).items()}
        told = {"REASON": reasons[0], "REASONS": " ".join(reasons), "LINE": reasons[0].text, **numbers}
        self._told(Rung(reasons, counts))
        for wrong in await self._ringer.ring({f"NOTICE_{name}": value for name, value in told.items()}):
            self._say(wrong)


async def bell_key_add(home: Path, name: str) -> str:
    async with open_desk(home) as (desk, clock):
        return await add_key(desk.cw, name, Scope.BELL, clock())


async def bell_key_revoke(home: Path, name: str) -> None:
    async with open_desk(home) as (desk, clock):
        await revoke_key(desk.cw, name, Scope.BELL, clock())


async def bell_key_list(home: Path) -> tuple[ToolKey, ...]:
    async with open_desk(home) as (desk, _):
        return await list_keys(desk.cw, Scope.BELL)


def _key(file: Path) -> str:
    """The key in this file; one that others may read is refused, for who has it can silence the alarm of a bell that died."""
    key = read_file(file, "make one with `contactpoint bell key add NAME`").decode("ascii", "replace").strip()
    if file.stat().st_mode & 0o077:
        raise NodeError("E-FOLDER", f"{file} may be read by others", f"run `chmod 600 {file}`")
    return key
