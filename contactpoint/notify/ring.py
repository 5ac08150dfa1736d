"""Make a noise on this machine: play a sound with a program, run a command. No shell reads any part of either.

A program that still runs is not started again beside itself; one that does not end is killed with all that it started.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which

from contactpoint.notify.errors import ChannelSettingsError

PLAYERS = ("paplay", "pw-play", "aplay", "afplay")
_LONGEST_S = 30.0


def player_of(sound: Path, player: str = "") -> tuple[str, ...]:
    """The argument vector that plays this file. Raises ChannelSettingsError: a bell that makes no sound must say so at the start."""
    if not sound.is_file():
        raise ChannelSettingsError(f"There is no sound {sound}. Name a file that the player can play.")
    found = next((path for each in ((player,) if player else PLAYERS) if (path := which(each))), None)
    if found is None:
        named = player or ", ".join(PLAYERS)
        raise ChannelSettingsError(f"No program to play {sound} is on this machine ({named}). Name one with --player.")
    return (found, str(sound))


class Ringer:
    """Rings with these programs. `environment` is all that they get of it, beside what a ring says."""

    def __init__(self, programs: Sequence[tuple[str, ...]], environment: Mapping[str, str] | None = None) -> None:
        for argv in programs:
            if not argv or which(argv[0]) is None:
                raise ChannelSettingsError(
                    f"{argv[0] if argv else 'A program'} cannot be run. Name a program by its path."
                )
        self._programs = tuple(programs)
        self._environment = dict(environment or {"PATH": os.defpath})
        self._running: dict[int, asyncio.Task[str]] = {}

    async def ring(self, told: Mapping[str, str]) -> tuple[str, ...]:
        """Start every program that does not run already; what went wrong with those that ended, in words."""
        wrong = []
        for place, argv in enumerate(self._programs):
            task = self._running.get(place)
            if task is not None and not task.done():
                continue
            if task is not None and (text := task.result()):
                wrong.append(text)
            self._running[place] = asyncio.create_task(self._run(argv, told))
        await asyncio.sleep(0)
        return tuple(wrong)

    async def close(self) -> None:
        """End what still runs."""
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())

    async def _run(self, argv: tuple[str, ...], told: Mapping[str, str]) -> str:
        quiet = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                env=self._environment | dict(told),
                start_new_session=True,
            )
        except OSError as error:
            return f"{argv[0]} cannot be started: {error.strerror}"
        try:
            async with asyncio.timeout(_LONGEST_S):
                status = await process.wait()
        except TimeoutError:
            return f"{argv[0]} did not end within {_LONGEST_S:g} s and was killed"
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return f"{argv[0]} ended with status {status}" if status else ""
