"""The clock of this process. In a training network it can be set: ``clock.json`` in the folder is read by every command there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contactpoint.desk.results import NodeError
from contactpoint.domain.values import parse_instant, to_ms

Clock = Callable[[], datetime]
_FILE = "clock.json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """This machine's time, aware UTC, cut to milliseconds."""
    return to_ms(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock that showed ``shown`` at the machine's ``real`` and runs ``rate`` times as fast. Seconds since the epoch."""

    real: float
    shown: float
    rate: float

    def __call__(self) -> datetime:
        seconds = self.shown + (time.time() - self.real) * self.rate
        return to_ms(_EPOCH + timedelta(seconds=seconds))


def set_clock(home: Path, text: str) -> ShiftedClock:
    """Set the folder's clock to ``2027-03-04T13:00Z`` or ``2027-03-04T13:00Z,x60`` and write it down for other commands."""
    at, _, rate = text.partition(",x")
    try:
        clock = ShiftedClock(time.time(), parse_instant(at).timestamp(), float(rate or 1))
    except ValueError as error:
        raise NodeError(
            "E-CLOCK", f"{text!r} is not a clock", "write --clock 2027-03-04T13:00Z or --clock 2027-03-04T13:00Z,x60"
        ) from error
    content = json.dumps({"real_ms": int(clock.real * 1000), "shown_ms": int(clock.shown * 1000), "rate": clock.rate})
    fresh = home / (_FILE + ".new")
    fresh.write_text(content)
    fresh.replace(home / _FILE)
    return clock


def clock_of(home: Path, network: str) -> Clock:
    """The folder's clock: the machine's own, unless this is a training network with a ``clock.json``."""
    path = home / _FILE
    if network != "training" or not path.exists():
        return system_clock
    try:
        value = json.loads(path.read_text())
        return ShiftedClock(value["real_ms"] / 1000, value["shown_ms"] / 1000, float(value["rate"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NodeError("E-CLOCK", f"{path} is not a clock", "remove it, or start once with --clock") from error
