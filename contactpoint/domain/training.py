"""Training: what the invented State does by script, and what of an officer's work was as expected. Pure; the scripts are data.

The runner (`contactpoint.main.training`) tells what was *seen* at both desks; `due` answers what the invented State does now, `judge`
how far the officer is. Both may be asked again and again: an act is done once, by its name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from contactpoint.domain.values import spell_instant

OWN = "own"
"""The subject of the first request that the officer sends."""
_RELATIVE = re.compile(r"@([+-])(\d+)([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class What(StrEnum):
    """What is expected of the officer."""

    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    FLAGGED_OR_REFUSED = "flagged-or-refused"
    SENT = "sent"
    READ = "read"
    NEVER = "never"


class Sight(StrEnum):
    """What was seen of a request: SAID is the officer's word, HEARD the invented State's."""

    ARRIVED = "arrived"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    FLAGGED = "flagged"
    READ = "read"
    SAID = "said"
    HEARD = "heard"


class Mark(StrEnum):
    """How an expectation stands. WAITING is the only one that can still change."""

    WAITING = "waiting"
    MET = "met"
    LATE = "late"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Act:
    """A request that the invented State sends by itself."""

    name: str
    after_s: float
    kind: str
    urgency: str
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the invented State says to each request of the officer, after the reply before it."""

    after_s: float
    say: str
    body: str
    after_word: str


@dataclass(frozen=True, slots=True)
class Expectation:
    what: What
    of: str
    within_s: float
    among: tuple[str, ...]
    after_word: str


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    title: str
    told: tuple[str, ...]
    acts: tuple[Act, ...]
    replies: tuple[Reply, ...]
    expects: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was seen: of an act (by its name) or of OWN; ``code`` is the word that was said or heard."""

    of: str
    sight: Sight
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request of the officer as the invented State has it: when it was received, and what each side has said, in order."""

    id: str
    received_at: datetime
    said: tuple[tuple[str, datetime], ...]  # by the invented State
    heard: tuple[tuple[str, datetime], ...]  # by the officer, after the request


@dataclass(frozen=True, slots=True)
class Do:
    """What the invented State does now: send an act (``request`` is ""), or say ``kind`` to a request."""

    name: str
    request: str
    kind: str
    urgency: str
    body: str


@dataclass(frozen=True, slots=True)
class Line:
    """One expectation and what became of it; seconds. ``took_s`` is None while it was not done."""

    what: What
    of: str
    among: tuple[str, ...]
    expected_s: float
    took_s: float | None
    mark: Mark


@cache
def load() -> Mapping[str, Script]:
    """The scripts that ship, by name."""
    data = tomllib.loads(Path(__file__).with_name("training.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _script(name, table) for name, table in data.items() if name != "bodies"})


def body_of(name: str, now: datetime) -> Mapping[str, Any]:
    """A body of the scripts with its instants filled in; {} for no name. Raises KeyError for one that is not there."""
    if not name:
        return {}
    data = tomllib.loads(Path(__file__).with_name("training.toml").read_text(encoding="utf-8"))
    filled: Mapping[str, Any] = _filled(data["bodies"][name], now)
    return filled


def due(
    script: Script, started: datetime, done: Collection[str], own: Iterable[OwnRequest], pace: float, now: datetime
) -> tuple[Do, ...]:
    """What the invented State does now. ``done``: names of acts that were sent; ``pace``: how many times as fast as written."""
    found = [
        Do(act.name, "", act.kind, act.urgency, act.body)
        for act in script.acts
        if act.name not in done and now >= started + _span(act.after_s, pace)
    ]
    for request in own:
        following = _next_reply(script, request, pace, now)
        if following is not None:
            found.append(Do("", request.id, following.say, "", following.body))
    return tuple(found)


def _next_reply(script: Script, request: OwnRequest, pace: float, now: datetime) -> Reply | None:
    place = len(request.said)
    if place >= len(script.replies):
        return None
    reply = script.replies[place]
    since = request.said[-1][1] if request.said else request.received_at
    if reply.after_word:
        words = [at for word, at in request.heard if word == reply.after_word and at >= since]
        if not words:
            return None
        since = words[0]
    return reply if now >= since + _span(reply.after_s, pace) else None


def judge(script: Script, started: datetime, seen: Collection[Seen], now: datetime) -> tuple[Line, ...]:
    """How each expectation stands, in the order of the script.

    The time allowed knows no pace: only the invented State may be faster, the officer is not.
    """
    return tuple(_judge(each, started, seen, now) for each in script.expects)


def is_over(lines: Collection[Line]) -> bool:
    """Whether nothing more is awaited of the officer. What must never be said is watched until then, and no longer."""
    return all(line.mark is not Mark.WAITING for line in lines if line.what is not What.NEVER)


def closed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines of an exercise that ends now: what is still awaited was missed, what was never said was met."""
    return tuple(
        Line(
            each.what,
            each.of,
            each.among,
            each.expected_s,
            each.took_s,
            each.mark if each.mark is not Mark.WAITING else (Mark.MET if each.what is What.NEVER else Mark.MISSED),
        )
        for each in lines
    )


def _judge(expected: Expectation, started: datetime, seen: Collection[Seen], now: datetime) -> Line:
    def line(mark: Mark, took_s: float | None = None) -> Line:
        return Line(expected.what, expected.of, expected.among, expected.within_s, took_s, mark)

    begun = _begin(expected, started, seen)
    if begun is None:
        return line(Mark.WAITING)
    done = min((each.at for each in seen if _does(expected, each) and each.at >= begun), default=None)
    if expected.what is What.NEVER:
        return line(Mark.WAITING) if done is None else line(Mark.MISSED, (done - begun).total_seconds())
    if done is not None:
        took = (done - begun).total_seconds()
        return line(Mark.MET if took <= expected.within_s else Mark.LATE, took)
    # Exactly at the end still counts, as it does for every deadline here.
    return line(Mark.WAITING if now <= begun + timedelta(seconds=expected.within_s) else Mark.MISSED)


def _begin(expected: Expectation, started: datetime, seen: Collection[Seen]) -> datetime | None:
    of = [each for each in seen if each.of == expected.of]
    if expected.after_word:
        return min((e.at for e in of if e.sight is Sight.HEARD and e.code == expected.after_word), default=None)
    if expected.of == OWN:
        return started
    return min((each.at for each in of if each.sight is Sight.ARRIVED), default=None)


def _does(expected: Expectation, seen: Seen) -> bool:
    if seen.of != expected.of:
        return False
    match expected.what:
        case What.ACKNOWLEDGED:
            return seen.sight is Sight.ACKNOWLEDGED
        case What.ANSWERED | What.NEVER:
            return seen.sight is Sight.SAID and seen.code in expected.among
        case What.FLAGGED_OR_REFUSED:
            return seen.sight is Sight.FLAGGED or (seen.sight is Sight.SAID and seen.code == "REFUSED")
        case What.SENT:
            return seen.sight is Sight.SENT
        case What.READ:
            return seen.sight is Sight.READ


def _span(seconds: float, pace: float) -> timedelta:
    return timedelta(seconds=seconds / pace)


def _filled(value: Any, now: datetime) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(each, now) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, now) for each in value]
    found = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    span = int(found[2]) * _UNITS[found[3]]
    return spell_instant(now + span if found[1] == "+" else now - span)


def _script(name: str, table: Mapping[str, Any]) -> Script:
    return Script(
        name=name,
        title=table["title"],
        told=tuple(table["told"]),
        acts=tuple(Act(a["name"], a["after_s"], a["kind"], a["urgency"], a["body"]) for a in table.get("acts", ())),
        replies=tuple(
            Reply(r["after_s"], r["say"], r.get("body", ""), r.get("after_word", "")) for r in table.get("replies", ())
        ),
        expects=tuple(
            Expectation(What(e["what"]), e["of"], e["within_s"], tuple(e.get("among", ())), e.get("after_word", ""))
            for e in table["expects"]
        ),
    )
