"""Time zones read from the files of tzdata themselves (RFC 8536), without zoneinfo: a second opinion for the tests of rotas."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

_EPOCH = datetime.fromisoformat("1970-01-01")
_RULE = re.compile(r"^(<[^>]+>|[A-Za-z]+)([-+\d:]+)(?:(<[^>]+>|[A-Za-z]+)([-+\d:]*),(.+),(.+))?$")
_LAST_YEAR = 2070

ZONES = tuple((files("tzdata") / "zones").read_text(encoding="ascii").split())


@cache
def changes(zone: str) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """(instants, offsets): ``offsets[i]`` holds from ``instants[i]`` on, both in seconds; the first instant is the beginning of time."""
    data = files("tzdata.zoneinfo").joinpath(*zone.split("/")).read_bytes()
    first = struct.unpack(">6l", data[20:44])
    skip = 44 + first[3] * 5 + first[4] * 6 + first[5] + first[2] * 8 + first[1] + first[0]
    _, _, _, times, kinds, _ = struct.unpack(">6l", data[skip + 20 : skip + 44])
    at = skip + 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    at += 8 * times
    indexes = data[at : at + times]
    at += times
    offsets = [struct.unpack(">l", data[at + 6 * n : at + 6 * n + 4])[0] for n in range(kinds)]
    found = [(float("-inf"), offsets[0]), *((float(t), offsets[n]) for t, n in zip(instants, indexes, strict=True))]
    footer = data.rsplit(b"\n", 2)[1].decode()
    found += _by_rule(footer, found[-1][0])
    return tuple(t for t, _ in found), tuple(o for _, o in found)


def instants_of(zone: str, wall: datetime) -> int:
    """Seconds since the epoch of a wall time: the first of two; in a gap by the offset before it."""
    times, offsets = changes(zone)
    there = int((wall - _EPOCH).total_seconds())
    near = range(max(0, bisect_right(times, there - 200_000) - 1), bisect_right(times, there + 200_000))
    for place in near:
        end = times[place + 1] if place + 1 < len(times) else float("inf")
        if times[place] <= there - offsets[place] < end:
            return there - offsets[place]
    for place in near:
        if place and there - offsets[place - 1] >= times[place] > there - offsets[place]:
            return there - offsets[place - 1]
    raise AssertionError((zone, wall))


def wall_at(zone: str, seconds: float) -> datetime:
    times, offsets = changes(zone)
    return _EPOCH + timedelta(seconds=seconds + offsets[bisect_right(times, seconds) - 1])


def _by_rule(footer: str, last: float) -> list[tuple[float, int]]:
    match = _RULE.match(footer)
    assert match is not None, footer
    standard = -_seconds(match[2])
    if match[3] is None:
        return []
    summer = -_seconds(match[4]) if match[4] else standard + 3600
    found = []
    for year in range(1970, _LAST_YEAR):
        begins = _moment(year, match[5]) - standard
        ends = _moment(year, match[6]) - summer
        found += [(float(begins), summer), (float(ends), standard)]
    return sorted(each for each in found if each[0] > last)


def _moment(year: int, rule: str) -> int:
    """Seconds of the wall at which a rule says the clock moves, as if it were UTC."""
    day, _, time = rule.partition("/")
    if day.startswith("M"):
        month, week, weekday = map(int, day[1:].split("."))
        first = date(year, month, 1)
        # POSIX: 0 is Sunday.
        on = first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (week - 1))
        while on.month != month:
            on -= timedelta(days=7)
    else:
        leap = day.startswith("J") and (date(year, 3, 1) - date(year, 2, 28)).days == 2 and int(day[1:]) > 59
        on = date(year, 1, 1) + timedelta(days=int(day.lstrip("J")) - day.startswith("J") + leap)
    return (on - _EPOCH.date()).days * 86400 + (_seconds(time) if time else 7200)


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(each) for each in text.lstrip("+-").split(":")]
    return sign * sum(part * size for part, size in zip(parts, (3600, 60, 1), strict=False))
