"""The signed webhook: verified by a receiver that shares no code with it, over a real connection."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest

from contactpoint.notify import ChannelSettingsError, Notice, Result, Subject, WebhookChannel
from contactpoint.notify.webhook import signature, webhook_key
from tests.fixtures.ports import free_port
from tests.fixtures.receiver import Receiver, verified

LINK = "https://desk.xa.example/reach/" + "A" * 43
NOTICE = Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0195d6c0", to="OFF-001", network="pilot", link=LINK)
OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def clock() -> datetime:
    return datetime.now(UTC)


def channel(url: str, *secrets: str, timeout_s: float = 5) -> WebhookChannel:
    return WebhookChannel(url=url, secrets=secrets or (OLD,), clock=clock, timeout_s=timeout_s)


def test_the_published_example_is_signed_as_published() -> None:
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_that_verifies_by_the_specification_believes_it(receiver: Receiver) -> None:
    outcome = await channel(receiver.url + "/calls").send(NOTICE)
    assert (outcome.result, outcome.text) == (Result.DELIVERED, "the receiver answered 204")
    [(path, headers, body)] = receiver.came
    assert path == "/calls"
    assert verified(OLD, headers, body, time.time())
    assert headers["webhook-id"] == NOTICE.id
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert told["type"] == "notice"
    assert told["data"] == {
        "id": "0195d6c0-1", "subject": "MESSAGE", "urgency": "U1", "reference": "0195d6c0", "to": "OFF-001",
        "network": "pilot", "line": "[PILOT] U1 A message waits: 0195d6c0", "link": LINK,
    }  # fmt: skip


async def test_a_changed_body_an_old_request_and_a_strangers_secret_are_not_believed(receiver: Receiver) -> None:
    await channel(receiver.url).send(NOTICE)
    [(_, headers, body)] = receiver.came
    assert not verified(OLD, headers, body.replace(b"U1", b"U0"), time.time())
    assert not verified(OLD, headers, body, time.time() + 301)
    assert not verified(NEW, headers, body, time.time())
    assert not verified(OLD, {**headers, "webhook-id": "another"}, body, time.time())


async def test_while_the_secret_is_changed_both_ends_of_the_change_believe_it(receiver: Receiver) -> None:
    await channel(receiver.url, OLD, NEW).send(NOTICE)
    [(_, headers, body)] = receiver.came
    assert verified(OLD, headers, body, time.time())
    assert verified(NEW, headers, body, time.time())


async def test_every_attempt_bears_the_same_id_so_that_a_repetition_is_recognised(receiver: Receiver) -> None:
    receiver.status = 503
    for _ in range(2):
        assert (await channel(receiver.url).send(NOTICE)).result is Result.FAILED
    assert {headers["webhook-id"] for _, headers, _ in receiver.came} == {NOTICE.id}


async def test_a_receiver_that_sends_it_on_to_somebody_else_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"location": f"{receiver.url}/thief"}
    outcome = await channel(receiver.url + "/calls").send(NOTICE)
    assert (outcome.result, outcome.text) == (Result.FAILED, "the receiver answered 307")
    assert [path for path, _, _ in receiver.came] == ["/calls"]


async def test_silence_is_unknown_because_the_receiver_may_have_it(receiver: Receiver) -> None:
    receiver.silent_s = 5
    started = time.monotonic()
    outcome = await channel(receiver.url, timeout_s=0.3).send(NOTICE)
    assert outcome.result is Result.UNKNOWN
    assert time.monotonic() - started < 3
    assert len(receiver.came) == 1


async def test_a_link_that_breaks_after_the_notice_is_unknown(receiver: Receiver) -> None:
    receiver.hangs_up = True
    assert (await channel(receiver.url).send(NOTICE)).result is Result.UNKNOWN


async def test_a_receiver_that_is_not_there_has_certainly_not_got_it() -> None:
    assert (await channel(f"http://127.0.0.1:{free_port()}").send(NOTICE)).result is Result.FAILED


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://calls.xa.example/notice", (OLD,)),  # in clear over the network
        ("https://user:password@calls.xa.example/", (OLD,)),
        ("ftp://calls.xa.example/", (OLD,)),
        ("https://", (OLD,)),
        ("https://calls.xa.example/", ()),
        ("https://calls.xa.example/", (OLD, NEW, OLD)),
        ("https://calls.xa.example/", ("whsec_c2hvcnQ=",)),
        ("https://calls.xa.example/", (OLD.removeprefix("whsec_"),)),
        ("https://calls.xa.example/", ("whsec_not base64",)),
    ],
)
def test_a_webhook_that_would_fail_or_give_itself_away_is_refused_at_building(
    url: str, secrets: tuple[str, ...]
) -> None:
    with pytest.raises(ChannelSettingsError) as refused:
        WebhookChannel(url=url, secrets=secrets, clock=clock)
    assert "password" not in str(refused.value)
    assert all(secret not in str(refused.value) for secret in secrets)


def test_neither_secret_nor_path_is_shown() -> None:
    shown = repr(channel("https://calls.xa.example/secret-path"))
    assert shown == "WebhookChannel(calls.xa.example)"
