"""The register over HTTP, as a node sees it: fetch, verify by `directory.trusted`, hand in.

Nothing that comes from here is believed for where it came from; any mirror that serves the same paths will do. Answers
are read up to a limit, redirects are not followed, no proxy is taken from the environment.
"""

import asyncio
import json
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Self

import httpx2

from contactpoint.link.errors import LinkError, UnreachableError
from directory.errors import TamperError
from directory.log import Leaf
from directory.note import NOTE_BYTES
from directory.readers import make_reader
from directory.tiles import HASH_BYTES, WIDTH, Tile, covering, split_bundle, split_tile
from directory.trusted import TrustedCopy
from keys.digest import digest
from keys.signing import SigningKey

OBJECT_BYTES = 131_072
BUNDLE_BYTES = WIDTH * 1024
JSON_BYTES = 4_194_304
TIMEOUT_S = 15.0
AT_ONCE = 8
"""Requests in flight at a time."""


class RegisterRefusedError(LinkError):
    """The register understood and refused: its stable code and its words, or the bare status of something else."""

    code = "E-REGISTER"

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"{text} [{code}]")
        self.status = status
        self.code = code
        self.text = text


@cache
def _web_trust() -> ssl.SSLContext:
    """The web's authorities, loaded once in a process: it takes a twentieth of a second."""
    return httpx2.create_ssl_context(trust_env=False)


@cache
def _no_trust() -> ssl.SSLContext:
    """For plain HTTP, where the log's own signatures are all there is: should TLS be spoken after all, nobody is believed."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of what was handed in: outcome `appended`, `waiting`, `stored` or `known`; index in the log if any."""

    outcome: str
    kind: str
    state: str
    digest: bytes
    index: int | None


class RegisterClient:
    """One register, or a mirror of it, at a base URL. Use as an asynchronous context, or call `aclose`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url.rstrip("/"),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            verify=_web_trust() if url.startswith("https:") else _no_trust(),
        )
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    # The log

    async def fetch_genesis(self) -> bytes:
        """The genesis as served. `TrustedCopy.start` compares it with the pinned digest."""
        return await self._get("/v1/genesis", OBJECT_BYTES)

    async def fetch_checkpoint(self) -> bytes:
        """The newest checkpoint's note."""
        return await self._get("/checkpoint", NOTE_BYTES)

    async def fetch_entries(self, start: int, size: int) -> tuple[bytes, ...]:
        """Entries `start` to `size` - 1. TamperError if the bundles are not as wide as the checkpoint promises."""
        tiles = covering(None, start, size)
        bundles = await asyncio.gather(*(self._tile(tile, BUNDLE_BYTES) for tile in tiles))
        entries = [entry for tile, data in zip(tiles, bundles, strict=True) for entry in split_bundle(data, tile.width)]
        return tuple(entries[start - (start // WIDTH) * WIDTH :])

    async def fetch_leaf_hashes(self, size: int) -> tuple[bytes, ...]:
        """All leaf hashes of the log at `size`, from the tiles of level 0."""
        tiles = covering(0, 0, size)
        data = await asyncio.gather(*(self._tile(tile, WIDTH * HASH_BYTES) for tile in tiles))
        return tuple(leaf for tile, part in zip(tiles, data, strict=True) for leaf in split_tile(part, tile.width))

    async def fetch_object(self, name: bytes) -> bytes:
        """A logged object. TamperError if it does not have this digest."""
        data = await self._get(f"/v1/objects/{name.hex()}", OBJECT_BYTES)
        if digest(data) != name:
            raise TamperError("E-OBJECT", "the register served another object than the one asked for; ask a mirror")
        return data

    async def fetch_objects(self, names: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Several objects by digest."""
        wanted = list(dict.fromkeys(names))
        return dict(zip(wanted, await asyncio.gather(*(self.fetch_object(name) for name in wanted)), strict=True))

    async def update(self, copy: TrustedCopy, now: datetime) -> TrustedCopy:
        """The copy brought up to the register's newest checkpoint, and nothing else believed.

        Raises UnreachableError, RegisterRefusedError, or what `TrustedCopy.advance` raises; the given copy is still good.
        """
        note = await self.fetch_checkpoint()
        head = copy.read_head(note, now)
        entries = await self.fetch_entries(copy.size, head.size)
        objects = await self.fetch_objects(_missing(entries, copy))
        try:
            return copy.advance(note, entries, objects, now)
        except TamperError:
            # Tell a false transport from a false register: the tiles say which history was signed.
            hashes = await self.fetch_leaf_hashes(head.size)
            return copy.advance(note, entries, objects, now, leaf_hashes=hashes)

    # States

    async def fetch_states(self) -> tuple[str, ...]:
        """Codes of the States that the register names. For show only: what counts is the trusted copy."""
        body = _json(await self._get("/v1/states", JSON_BYTES))
        states = body.get("states")
        rows = states if isinstance(states, list) else []
        return tuple(str(row["state"]) for row in rows if isinstance(row, dict) and "state" in row)

    async def fetch_sheet(self, state: str) -> bytes | None:
        """The newest prekey sheet of a State, unverified (`directory.sheets.check_sheet`); None if it has none."""
        try:
            return await self._get(f"/v1/states/{state}/sheet", OBJECT_BYTES)
        except RegisterRefusedError as error:
            if error.code == "E-NO-SHEET":
                return None
            raise

    async def fetch_members(self, name: bytes, station: SigningKey, net: bytes, now: datetime) -> bytes:
        """The members' part of a card, read under our station key. `TrustedCopy.with_members` checks it."""
        header = {"Authorization": make_reader(station, name, now, net)}
        return await self._get(f"/v1/members/{name.hex()}", OBJECT_BYTES, header)

    async def update_members(self, copy: TrustedCopy, station: SigningKey, now: datetime) -> TrustedCopy:
        """The copy with the members' parts that its cards name and it lacks; those that were erased are passed over."""
        cards = [copy.contact_point(state).card for state in copy.states]
        for name in {card.members for card in cards if card and card.members} - copy.members.keys():
            try:
                copy = copy.with_members(await self.fetch_members(name, station, copy.net, now))
            except RegisterRefusedError as error:
                if error.code != "E-NO-MEMBERS":
                    raise
        return copy

    async def submit(self, data: bytes) -> Submission:
        """Hand in a charter, card, revocation, prekey sheet or members' part. Handing in twice does no harm."""
        body = _json(await self._ask("POST", "/v1/submissions", JSON_BYTES, content=data))
        index = body.get("index")
        try:
            name = bytes.fromhex(str(body["digest"]))
            fields = (str(body["outcome"]), str(body["kind"]), str(body["state"]))
        except (KeyError, ValueError):
            raise RegisterRefusedError(200, "E-REGISTER-ANSWER", "an answer that is none; compare the URL") from None
        return Submission(*fields, name, index if isinstance(index, int) else None)

    async def _tile(self, tile: Tile, limit: int) -> bytes:
        return await self._get(f"/tile/{tile.path}", limit)

    async def _get(self, path: str, limit: int, headers: Mapping[str, str] | None = None) -> bytes:
        return await self._ask("GET", path, limit, headers=headers)

    async def _ask(
        self,
        method: str,
        path: str,
        limit: int,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        try:
            async with self._slots, self._http.stream(method, path, content=content, headers=headers) as answer:
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > limit:
                        raise RegisterRefusedError(
                            answer.status_code, "E-TOO-LARGE", f"{path} is larger than {limit} bytes"
                        )
                status = answer.status_code
        except httpx2.HTTPError as error:
            text = f"the register does not answer ({type(error).__name__}); the held copy stays in use, try again later"
            raise UnreachableError(text) from error
        if not 200 <= status < 300:
            raise _refusal(status, body)
        return body


def _missing(entries: Sequence[bytes], copy: TrustedCopy) -> list[bytes]:
    names = []
    for entry in entries:
        try:
            name = Leaf.from_bytes(entry).digest
        except TamperError:
            continue  # `advance` finds out whether the register really signed it
        if name not in copy.objects:
            names.append(name)
    return names


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RegisterRefusedError(200, "E-REGISTER-ANSWER", "an answer that is none; compare the register's URL")
    return value


def _refusal(status: int, body: bytes) -> RegisterRefusedError:
    try:
        problem = _json(body)
    except RegisterRefusedError:
        problem = {}
    code = str(problem.get("code", "E-REGISTER"))[:64]
    text = str(problem.get("detail", f"the register answered {status}; compare its URL"))[:500]
    return RegisterRefusedError(status, code, text)
