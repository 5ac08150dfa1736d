"""The exec hook runs real programs, gives them the notice and nothing of the node's own, and outlives them all."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from contactpoint.notify import ChannelSettingsError, ExecChannel, Notice, Result, Subject

NOTICE = Notice("0195d6c0-1", Subject.OVERDUE, "U1", "0195d6c0", to="+999-0001", network="pilot")


def hook(folder: Path, body: str) -> tuple[str, ...]:
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return (str(path), "first argument", "$(touch /nonexistent)")


async def test_the_hook_hears_the_notice_on_its_input_and_in_its_environment(tmp_path: Path) -> None:
    argv = hook(
        tmp_path, f'cat > {tmp_path}/in; env > {tmp_path}/env; echo "$2" > {tmp_path}/arg; echo modem-17; echo more'
    )
    outcome = await ExecChannel(argv, timeout_s=10).send(NOTICE)
    assert (outcome.result, outcome.provider_id) == (Result.DELIVERED, "modem-17")
    heard = json.loads((tmp_path / "in").read_text())
    assert heard == {
        "id": "0195d6c0-1", "subject": "OVERDUE", "urgency": "U1", "reference": "0195d6c0", "to": "+999-0001",
        "network": "pilot", "line": "[PILOT] U1 A message is overdue: 0195d6c0",
    }  # fmt: skip
    told = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert told["NOTICE_REFERENCE"] == "0195d6c0"
    assert (tmp_path / "arg").read_text() == "$(touch /nonexistent)\n"


async def test_no_secret_of_the_nodes_environment_reaches_the_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTACTPOINT_MAIL__PASSWORD", "correct horse")
    argv = hook(tmp_path, f"env > {tmp_path}/env")
    await ExecChannel(argv, timeout_s=10).send(NOTICE)
    assert "correct horse" not in (tmp_path / "env").read_text()


async def test_a_failing_hook_is_a_failure(tmp_path: Path) -> None:
    outcome = await ExecChannel(hook(tmp_path, "exit 3"), timeout_s=10).send(NOTICE)
    assert (outcome.result, outcome.text) == (Result.FAILED, "the hook ended with status 3")


async def test_a_hook_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    outcome = await ExecChannel((str(tmp_path / "none"),), timeout_s=10).send(NOTICE)
    assert outcome.result is Result.FAILED


async def test_a_hook_that_hangs_is_unknown_and_killed_with_its_children(tmp_path: Path) -> None:
    argv = hook(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; sleep 60")
    began = time.monotonic()
    outcome = await ExecChannel(argv, timeout_s=1).send(NOTICE)
    assert outcome.result is Result.UNKNOWN
    assert time.monotonic() - began < 5
    child = int((tmp_path / "child").read_text())
    for _ in range(50):
        if not running(child):
            break
        time.sleep(0.05)
    assert not running(child)


async def test_a_hook_that_talks_without_end_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    argv = hook(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; echo")
    outcome = await ExecChannel(argv, timeout_s=20).send(NOTICE)
    assert outcome.result is Result.DELIVERED
    assert outcome.provider_id == "x" * 128


async def test_a_child_left_behind_with_the_pipe_open_does_not_hold_the_channel(tmp_path: Path) -> None:
    argv = hook(tmp_path, "echo id-1; sleep 20 & exit 0")
    began = time.monotonic()
    outcome = await ExecChannel(argv, timeout_s=15).send(NOTICE)
    assert outcome.result is Result.DELIVERED
    assert time.monotonic() - began < 5


async def test_a_hook_that_does_not_read_its_input_is_fine(tmp_path: Path) -> None:
    assert (await ExecChannel(hook(tmp_path, "exec <&-; exit 0"), timeout_s=10).send(NOTICE)).result is Result.DELIVERED


def test_a_hook_without_a_program_is_refused_at_once() -> None:
    with pytest.raises(ChannelSettingsError):
        ExecChannel(())


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z" and os.getpid() != process


async def test_the_line_reached_says_that_the_person_answered_and_any_other_first_line_does_not(tmp_path: Path) -> None:
    pressed = await ExecChannel(hook(tmp_path, "echo reached"), timeout_s=10).send(NOTICE)
    assert (pressed.result, pressed.reached, pressed.provider_id) == (Result.DELIVERED, True, "")
    for said in ("echo reached-not", "echo call-1; echo reached", "echo reached; exit 1"):
        assert not (await ExecChannel(hook(tmp_path, said), timeout_s=10).send(NOTICE)).reached
