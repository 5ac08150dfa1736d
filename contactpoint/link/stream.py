"""The console's event stream as a program reads it: one HTTPS request that does not end, events in, nothing out but a key."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from contactpoint.link.errors import LinkError, TlsSettingsError, UnreachableError

_CONNECT_S = 5.0
_LONGEST_LINE = 65_536


class StreamRefusedError(LinkError):
    """The console does not let this key listen."""

    code = "E-API-KEY"


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event: its name, and its data as JSON says it."""

    name: str
    data: Mapping[str, Any]


def trust(certificate: Path | None) -> ssl.SSLContext:
    """TLS to a console: this machine's authorities, or only the certificate named. Raises TlsSettingsError."""
    try:
        context = ssl.create_default_context(cafile=None if certificate is None else str(certificate))
    except (OSError, ssl.SSLError) as error:
        raise TlsSettingsError(f"cannot use {certificate}; it must be a PEM certificate") from error
    if certificate is not None:
        # The file may hold the server's own certificate and no authority above it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def events(url: str, key: str, tls: ssl.SSLContext, silence_s: float) -> AsyncGenerator[StreamEvent, None]:
    """Every event of the console at ``url`` until the stream ends. The first bytes, and each next, come within ``silence_s`` seconds.

    Raises StreamRefusedError, and UnreachableError when it breaks, says nothing, or is no event stream.
    """
    timeout = httpx2.Timeout(silence_s, connect=_CONNECT_S)
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    try:
        async with (
            httpx2.AsyncClient(base_url=url.rstrip("/"), timeout=timeout, trust_env=False, verify=tls) as http,
            http.stream("GET", "/events", headers=headers) as answer,
        ):
            if answer.status_code in (401, 403):
                raise StreamRefusedError(
                    "the console does not let this key listen: make one with `contactpoint bell key add`"
                )
            if answer.status_code != 200 or "text/event-stream" not in answer.headers.get("content-type", ""):
                raise UnreachableError(f"no event stream at {url} (status {answer.status_code}); compare the address")
            async for event in _read(answer.aiter_bytes()):
                yield event
    except httpx2.HTTPError as error:
        raise UnreachableError(f"the console does not answer ({type(error).__name__})") from error


async def _read(pieces: AsyncIterator[bytes]) -> AsyncIterator[StreamEvent]:
    """Events of a stream of bytes, as the HTML standard cuts them: lines `event:` and `data:`, an empty line ends one."""
    rest, name, data = b"", "", ""
    async for piece in pieces:
        rest += piece
        if len(rest) > _LONGEST_LINE:
            raise UnreachableError("the stream has a line without end; this is no console")
        *lines, rest = rest.replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            field, _, value = line.decode("utf-8", "replace").partition(":")
            if not line:
                if name:
                    yield StreamEvent(name, _object(data))
                name, data = "", ""
            elif field == "event":
                name = value.strip()
            elif field == "data":
                data += value.strip()
        await asyncio.sleep(0)


def _object(data: str) -> Mapping[str, Any]:
    try:
        value = json.loads(data or "{}")
    except ValueError as error:
        raise UnreachableError("an event of the stream is no JSON; this is no console") from error
    return value if isinstance(value, Mapping) else {}
