"""What the figures were taken on: without it they say nothing."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

_NAMED = ("cryptography", "sqlalchemy", "aiosqlite", "asyncpg", "websockets", "cbor2")


def described() -> str:
    """Cores, memory, system, Python, the libraries that matter, and what one durable write of 8 KiB costs here."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in _NAMED)
    return "\n".join(
        (
            f"machine    {os.cpu_count()} x {cpu}, {memory:.0f} GiB, {platform.system()} {platform.release()}",
            f"versions   Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}",
            f"disk       one durable write of 8 KiB: {statistics.median(sync_times()):.2f} ms",
        )
    )


def sync_times(rounds: int = 50) -> list[float]:
    """Milliseconds of each append and fsync of 8 KiB in the folder for temporary files."""
    with tempfile.TemporaryFile() as file:
        handle = file.fileno()

        def once() -> None:
            os.write(handle, b"x" * 8192)
            os.fsync(handle)

        return [timed(once) for _ in range(rounds)]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that the work took."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def quantiles(milliseconds: Sequence[float]) -> str:
    """p50 and p99 in one cell."""
    ordered = sorted(milliseconds)
    return f"p50 {ordered[len(ordered) // 2]:8.3f} ms   p99 {ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]:8.3f} ms"
