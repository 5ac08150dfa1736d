"""The bare steps that a letter cannot do without, each timed alone, with nothing of ours around it but `keys`."""

import asyncio
import os
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from benchmarks.machine import timed
from keys import cbor
from keys.body import open_body, seal_body
from keys.signed import sign, verify
from keys.signing import SigningKey
from keys.xwing import SealingKey, unwrap, wrap

COMMITS = (30_000, 20_000, 20_000)
"""Bytes of each durable commit between submit and *received*: the sender's desk, the recipient's gateway, the recipient's desk."""
_STATEMENT_BYTES, _ENVELOPE_BYTES, _RECEIPT_BYTES = 1_400, 1_600, 400
_PAYLOAD_BYTES = 13_000  # statement, its signature, the officer's certificate with its own
_FRAME = b"x" * 20_000
Loopback = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def bare_steps(folder: Path) -> AsyncIterator["Bare"]:
    """The steps, with a database of their own in `folder` and an echo on loopback."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                writer.write(await reader.readexactly(len(_FRAME)))
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        loopback = await asyncio.open_connection(*server.sockets[0].getsockname())
        bare = Bare(folder, loopback)
        try:
            yield bare
        finally:
            loopback[1].close()
            bare.close()
            await ended.wait()


class Bare:
    """Times every bare step once a round, so that a busy machine slows the steps as it slows the letters between them."""

    def __init__(self, folder: Path, loopback: Loopback) -> None:
        self._rounds: dict[str, list[float]] = {}
        self._reader, self._writer = loopback
        self._key, self._prekey = SigningKey.from_seed(os.urandom(64)), SealingKey.from_seed(os.urandom(32))
        self._net, self._secret = os.urandom(16), os.urandom(32)
        self._file = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
        for line in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE row (id INTEGER PRIMARY KEY, value BLOB)",
        ):
            self._file.execute(line)

    async def round(self) -> None:
        """Each step as often as one letter takes it."""
        spent: Counter[str] = Counter()
        for size in (_STATEMENT_BYTES, _ENVELOPE_BYTES, _RECEIPT_BYTES):
            content = cbor.encode({"v": 1, "text": os.urandom(size)})
            spent["3 signatures"] += timed(lambda c=content: self._sign(c))
            spent["3 verifications"] += timed(lambda: verify(self._signed, [self._key.public], self._net))
        spent["seal and open"] += timed(self._seal) + timed(self._open)
        for size in COMMITS:
            spent[f"{len(COMMITS)} durable commits"] += timed(lambda n=size: self._commit(n))
        for _ in range(2):
            spent["2 loopback round trips"] += await self._round_trip()
        for name, milliseconds in spent.items():
            self._rounds.setdefault(name, []).append(milliseconds)

    def medians(self) -> dict[str, float]:
        """Milliseconds of each step, as often as one letter takes it: the median round."""
        return {name: statistics.median(rounds) for name, rounds in self._rounds.items()}

    async def _round_trip(self) -> float:
        begun = time.perf_counter()
        self._writer.write(_FRAME)
        await self._reader.readexactly(len(_FRAME))
        return (time.perf_counter() - begun) * 1000

    def _sign(self, content: bytes) -> None:
        self._signed = sign("envelope", content, [self._key], self._net)

    def _seal(self) -> None:
        self._wrapped = wrap(self._prekey.public, self._secret, b"bare")
        self._sealed = seal_body(self._secret, b"bare", b"x" * _PAYLOAD_BYTES)

    def _open(self) -> None:
        open_body(unwrap(self._prekey, self._wrapped, b"bare"), b"bare", self._sealed)

    def _commit(self, size: int) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        self._file.execute("INSERT INTO row (value) VALUES (?)", (os.urandom(size),))
        self._file.execute("COMMIT")

    def close(self) -> None:
        self._file.close()
