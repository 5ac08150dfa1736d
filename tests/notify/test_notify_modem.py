"""Text messages without vendor or Internet: the exec hook, the real gammu-smsd, and a modem by script behind a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contactpoint.notify import ExecChannel, Notice, Outcome, Result, Subject
from tests.fixtures.modem import Modem, running_modem, running_smsd

DEPLOY = Path(__file__).parents[2] / "deploy" / "sms"
LINK = "https://desk.xb.example/reach/" + "aB3_" * 10 + "xyz"
NOTICE = Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0123456789ab", to="+9990001", link=LINK)

pytestmark = pytest.mark.skipif(
    shutil.which("gammu-smsd") is None, reason="gammu-smsd is not installed (Debian: apt-get install gammu-smsd)"
)


@dataclass
class Desk:
    """What a State has set up: the modem, the daemon's configuration, and what `contactpoint` was called with."""

    modem: Modem
    config: Path
    calls: Path

    async def send(self, notice: Notice = NOTICE, timeout_s: float = 20) -> Outcome:
        hook = (str(DEPLOY / "send-sms"), str(self.config))
        return await ExecChannel(hook, timeout_s=timeout_s, environment={"PATH": os.environ["PATH"]}).send(notice)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    own = programs / "contactpoint"
    own.write_text(
        f'#!/bin/sh\nfor each in "$@"; do printf "%s\\n" "$each" >> {calls}.new; done\nmv {calls}.new {calls}\n'
    )
    own.chmod(0o700)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    with running_modem() as modem, running_smsd(tmp_path, modem, DEPLOY / "receive-sms", path) as config:
        yield Desk(modem, config, calls)


async def test_a_notice_goes_out_by_the_modem_and_a_reply_comes_back_to_the_desk(desk: Desk) -> None:
    outcome = await desk.send()
    assert outcome.result is Result.DELIVERED
    assert outcome.provider_id.startswith("OUTC")
    assert desk.modem.sent == [
        ("+9990001", f"U1 A message waits: 0123456789ab\n{LINK}\nOr reply with 0123456789ab."),
    ]  # fmt: skip
    desk.modem.arrives("+9990001", "0123456789ab; $(touch /nonexistent) 'x'")
    end = time.monotonic() + 20
    while not desk.calls.exists() and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert desk.calls.read_text().splitlines() == [
        "notify", "reply", "--home", "/var/lib/contactpoint",
        "--from", "+9990001", "--text", "0123456789ab; $(touch /nonexistent) 'x'",
    ]  # fmt: skip


@pytest.mark.parametrize("behaves", ["silent", "refuses"])
async def test_a_modem_that_does_not_get_it_out_is_unknown_so_that_another_channel_is_tried(
    desk: Desk, behaves: str
) -> None:
    """gammu-smsd keeps what it could not send and tries again, so nobody can say that it certainly will not arrive."""
    desk.modem.behaves = behaves
    assert (await desk.send(timeout_s=3)).result is Result.UNKNOWN
    assert desk.modem.sent == []


async def test_an_officer_without_a_number_is_a_failure_and_nothing_is_queued(desk: Desk) -> None:
    nobody = Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0123456789ab")
    assert (await desk.send(nobody)).result is Result.FAILED
    assert desk.modem.sent == []
