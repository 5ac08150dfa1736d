"""The Apprise extra: its real library, handing a notice to a real local server; absent, a clear error."""

from __future__ import annotations

import builtins
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from contactpoint.notify import ChannelSettingsError, Notice, Result, Subject
from contactpoint.notify.apprise_channel import AppriseChannel
from tests.fixtures.ports import free_port
from tests.fixtures.receiver import Receiver

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # a library of Apprise's

LINK = "https://desk.xa.example/reach/" + "A" * 43
NOTICE = Notice("0195d6c0-1", Subject.MESSAGE, "U0", "0195d6c0", to="+999 0001", link=LINK)


def channel(port: int, timeout_s: float = 10) -> AppriseChannel:
    pytest.importorskip("apprise", reason="Apprise is not installed (the extra notify)")
    return AppriseChannel("sms", f"json://127.0.0.1:{port}/to/{{to}}", timeout_s=timeout_s)


async def test_the_service_hears_the_line_and_the_link_and_nothing_else(receiver: Receiver) -> None:
    receiver.status = 200
    outcome = await channel(receiver.port).send(NOTICE)
    assert (outcome.result, outcome.text) == (Result.DELIVERED, "taken by JSON")
    [(path, _, body)] = receiver.came
    assert unquote(path).rstrip("/") == "/to/+999 0001"
    told = json.loads(body)
    assert (told["title"], told["message"]) == ("", f"U0 A message waits: 0195d6c0\n{LINK}")


async def test_an_address_cannot_become_another_service(receiver: Receiver) -> None:
    receiver.status = 200
    sly = Notice("0195d6c0-1", Subject.MESSAGE, "U0", "0195d6c0", to="x/../../?+to=thief, json://198.51.100.7/")
    await channel(receiver.port).send(sly)
    [(path, headers, _)] = receiver.came
    assert headers["host"].startswith("127.0.0.1")
    assert path.startswith("/to/x%2F")


async def test_a_refusal_is_failed_and_a_server_that_is_not_there_is_failed(receiver: Receiver) -> None:
    receiver.status = 403
    assert (await channel(receiver.port).send(NOTICE)).result is Result.FAILED
    assert (await channel(free_port()).send(NOTICE)).result is Result.FAILED


async def test_silence_is_unknown_and_ends_in_time(receiver: Receiver) -> None:
    receiver.silent_s = 8
    started = time.monotonic()
    assert (await channel(receiver.port, timeout_s=0.5).send(NOTICE)).result is Result.UNKNOWN
    assert time.monotonic() - started < 3


async def test_a_person_without_an_address_is_a_failure_and_nothing_is_sent(receiver: Receiver) -> None:
    nobody = Notice("0195d6c0-1", Subject.MESSAGE, "U0", "0195d6c0")
    assert (await channel(receiver.port).send(nobody)).result is Result.FAILED
    assert receiver.came == []


@pytest.mark.parametrize(("name", "url"), [("sms", "nonsense://password@x"), ("sms", ""), ("pigeon", "json://x")])
def test_what_apprise_does_not_know_is_refused_at_building_without_repeating_it(name: str, url: str) -> None:
    pytest.importorskip("apprise", reason="Apprise is not installed (the extra notify)")
    with pytest.raises(ChannelSettingsError) as refused:
        AppriseChannel(name, url)
    assert "password" not in str(refused.value)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contactpoint.notify.apprise_channel.import_module", _absent(builtins.__import__))
    with pytest.raises(ChannelSettingsError, match=r"contactpoint\[notify\]"):
        AppriseChannel("sms", "json://127.0.0.1/")


def _absent(_: Callable[..., Any]) -> Callable[[str], Any]:
    def load(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    return load
