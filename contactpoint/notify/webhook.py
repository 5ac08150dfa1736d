"""The channel by signed webhook, after the Standard Webhooks specification (standardwebhooks.com): one POST to the ministry's receiver.

The receiver's answer is looked at for its status only; redirects are not followed, since the one who answers could send the notice,
and the link in it, to somebody else.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from contactpoint.notify.channel import Outcome, Result, one_line
from contactpoint.notify.errors import ChannelSettingsError
from contactpoint.notify.notice import Notice, fields_of
from keys.mac import mac

_SECRET = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # bytes: the specification's limits
_LOCAL = ("localhost", "127.0.0.1", "::1")


def webhook_key(secret: str) -> bytes:
    """The key in a secret as the specification spells it (``whsec_`` and base64). Raises ChannelSettingsError."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True) if secret.startswith(_SECRET) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ChannelSettingsError("webhook.secret is whsec_ and the base64 of 24 to 64 random bytes.")
    return key


def signature(keys: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``: one ``v1,`` for each key, so that the receiver can change its secret at any time."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(mac(key, signed)).decode()}" for key in keys)


class WebhookChannel:
    """Posts a notice as JSON to ``url``, signed with each of one or two ``secrets``, within ``timeout_s`` seconds.

    A 2xx is DELIVERED; any other answer is FAILED. A time-out, or a link that breaks after the first byte, is UNKNOWN: the receiver may
    have it. Its ``webhook-id`` is the notice's own, the same for every attempt. Raises ChannelSettingsError at building.
    """

    def __init__(
        self,
        *,
        url: str,
        secrets: Sequence[str],
        clock: Callable[[], datetime],
        ca_file: Path | None = None,
        timeout_s: float = 15.0,
    ) -> None:
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or not place.hostname or place.username or place.password:
            raise ChannelSettingsError("webhook.url is not an address such as https://calls.xa.example/notice.")
        if place.scheme == "http" and place.hostname not in _LOCAL:
            # whoever listens on the line would learn when a State is asked, and could use the link
            raise ChannelSettingsError("webhook.url goes in clear to another machine. Use https.")
        if not 1 <= len(secrets) <= 2:
            raise ChannelSettingsError("webhook.secret is missing. Give one, or two while the receiver changes it.")
        self._url, self._clock, self._timeout_s, self._ca_file = url, clock, timeout_s, ca_file
        self._host = place.hostname
        self._keys = tuple(webhook_key(secret) for secret in secrets)

    @property
    def name(self) -> str:
        return "webhook"

    def __repr__(self) -> str:
        return f"WebhookChannel({self._host})"

    async def send(self, notice: Notice) -> Outcome:
        now = int(self._clock().timestamp())
        body = json.dumps({"type": "notice", "timestamp": now, "data": fields_of(notice)}).encode()
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._keys, notice.id, now, body),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await self._post(body, headers)
        except (TimeoutError, httpx2.TimeoutException) as error:
            if isinstance(error, httpx2.ConnectTimeout):
                return Outcome(Result.FAILED, "the receiver of the webhook cannot be reached in time")
            return Outcome(Result.UNKNOWN, f"no answer to the webhook within {self._timeout_s:g} s")
        except httpx2.ConnectError as error:
            return Outcome(Result.FAILED, one_line(f"the receiver of the webhook cannot be reached: {error}"))
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            kind = type(error).__name__
            return Outcome(Result.UNKNOWN, one_line(f"the link broke before the webhook was answered: {kind}"))
        if 200 <= status < 300:
            return Outcome(Result.DELIVERED, f"the receiver answered {status}")
        return Outcome(Result.FAILED, f"the receiver answered {status}")

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status only: a body, however large, is not read."""
        # A fresh connection for each: a receiver that was restarted must not cost the first page after it.
        async with (
            httpx2.AsyncClient(
                timeout=self._timeout_s, follow_redirects=False, trust_env=False, verify=self._trust()
            ) as client,
            client.stream("POST", self._url, content=body, headers=headers) as answer,
        ):
            return answer.status_code

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file)
