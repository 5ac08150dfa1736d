"""The channel by a program of the State's own: a modem, a siren, a text-message gateway.

The program gets the notice as JSON on its standard input and as environment variables, and nothing of the node's own
environment, where passwords may stand. It is started by its argument vector: no shell reads any part of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from contactpoint.notify.channel import Outcome, Result, one_line
from contactpoint.notify.errors import ChannelSettingsError
from contactpoint.notify.notice import Notice, fields_of

_LAST_WORDS_S = 0.2  # for output that is still in the pipe when the program has ended
_KEPT_OUTPUT = 1024  # bytes
_REACHED = "reached"


class ExecChannel:
    """Runs `argv` once per notice, at most `timeout_s` seconds.

    Exit status 0 is DELIVERED, and the first line of its output the provider's id; the line ``reached`` says that the person
    answered (pressed a key) and is on the way. Any other status is FAILED; a program that does not end in time is killed with all
    that it started, and that is UNKNOWN. Without argv: ChannelSettingsError.
    """

    def __init__(
        self, argv: tuple[str, ...], *, timeout_s: float = 30.0, environment: Mapping[str, str] | None = None
    ) -> None:
        if not argv or not argv[0]:
            raise ChannelSettingsError("hook.command is empty. Give the program and its arguments as a list.")
        self._argv, self._timeout_s = argv, timeout_s
        self._environment = dict(environment or {"PATH": os.defpath})

    @property
    def name(self) -> str:
        return "exec"

    async def send(self, notice: Notice) -> Outcome:
        fields = fields_of(notice)
        async with _pipe() as (output, write_end):
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=write_end,
                    stderr=asyncio.subprocess.DEVNULL,
                    env=self._environment | {f"NOTICE_{key.upper()}": value for key, value in fields.items()},
                    start_new_session=True,  # so that a time-out ends what the program has started, too
                )
            except (OSError, ValueError) as error:
                return Outcome(Result.FAILED, one_line(f"the hook cannot be started: {error}"))
            finally:
                os.close(write_end)
            try:
                async with asyncio.timeout(self._timeout_s):
                    said = await _converse(process, output, json.dumps(fields).encode() + b"\n")
            except TimeoutError:
                return Outcome(Result.UNKNOWN, f"the hook did not end within {self._timeout_s:g} s and was killed")
            finally:
                await _end(process)
        if process.returncode != 0:
            return Outcome(Result.FAILED, f"the hook ended with status {process.returncode}")
        if said == _REACHED:
            return Outcome(Result.DELIVERED, "the hook says that the person answered", reached=True)
        return Outcome(Result.DELIVERED, "the hook ended with status 0", said)


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """A pipe for the program's output: our own, since asyncio's would wait for whoever inherited its other end."""
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb")
    )
    try:
        yield reader, write_end
    finally:
        transport.close()


async def _converse(process: asyncio.subprocess.Process, output: asyncio.StreamReader, said: bytes) -> str:
    """Hand over the notice and wait for the end; the first line of the program's output, bounded."""
    assert process.stdin is not None
    heard = asyncio.create_task(_first_line(output))
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # a program may do without its input
            process.stdin.write(said)
            await process.stdin.drain()
        process.stdin.close()
        await process.wait()
        # a child that the program left behind may hold the pipe open: do not wait for it
        await asyncio.wait({heard}, timeout=_LAST_WORDS_S)
        return heard.result() if heard.done() else ""
    finally:
        heard.cancel()


async def _first_line(stream: asyncio.StreamReader) -> str:
    """The first line; the rest is read and dropped, so that a talkative program neither blocks nor fills memory."""
    kept = b""
    while chunk := await stream.read(4096):
        kept = (kept + chunk)[:_KEPT_OUTPUT]
    return one_line(kept.partition(b"\n")[0].decode("utf-8", "replace"), 128)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):  # it may end meanwhile
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
