"""How one person is called: which of the own contacts, in which order, after which delay. Pure; addresses mean nothing here.

What a person prefers never costs a request its first notice: the first way of a rung is always used at once, and quiet hours are for
U3 only. Nobody's page goes nowhere: where no contact is verified, those that are not are used, and the caller is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactpoint.domain.errors import ContactError
from contactpoint.domain.values import Urgency

VERIFIED_FOR = timedelta(days=90)
RENEW_BEFORE = timedelta(days=7)
LONGEST_DELAY_S = 3600
MOST_CONTACTS = 12

ADDRESSED = frozenset({"smtp", "sms", "voice", "chat", "push"})
"""Channels that reach nobody without an address. The console, a siren behind the hook and the ministry's own receiver of webhooks know
whom to call."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One address of a person, in the person's order. ``verified_at``: when a code that was sent there came back."""

    channel: str
    address: str
    verified_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        return self.verified_at is not None and now < self.verified_at + VERIFIED_FOR


@dataclass(frozen=True, slots=True)
class Turn:
    """One channel of a person's order, and how many seconds after the first it is used."""

    channel: str
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """A person's own rules. ``turns``: order and delay of channels, by class; ``quiet``: wall times in ``zone``, for U3 only."""

    turns: Mapping[Urgency, tuple[Turn, ...]] = field(default_factory=dict)
    quiet: tuple[time, time] | None = None
    zone: str = ""

    def to_plain(self) -> dict[str, Any]:
        return {
            "turns": {u.value: [[t.channel, t.delay_s] for t in turns] for u, turns in self.turns.items()},
            "quiet": None if self.quiet is None else [f"{at:%H:%M}" for at in self.quiet],
            "zone": self.zone,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Rules":
        """The rules that `to_plain` wrote. Raises ContactError for anything else, and for a delay or a zone that cannot be."""
        try:
            turns = {
                Urgency(code): tuple(Turn(str(channel), _delay(delay)) for channel, delay in listed)
                for code, listed in plain.get("turns", {}).items()
                if listed
            }
            told = plain.get("quiet")
            quiet = None if told is None else (time.fromisoformat(told[0]), time.fromisoformat(told[1]))
            zone = str(plain.get("zone", ""))
            if zone:
                ZoneInfo(zone)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZoneInfoNotFoundError, OSError) as error:
            raise ContactError("E-CONTACT-RULES", field="rules") from error
        for listed in turns.values():
            if len({turn.channel for turn in listed}) != len(listed):
                raise ContactError("E-CONTACT-RULES", field="turns")
        if quiet is not None and (quiet[0] == quiet[1] or any(at.tzinfo is not None for at in quiet)):
            raise ContactError("E-CONTACT-RULES", field="quiet")
        return cls(turns, quiet, zone)


@dataclass(frozen=True, slots=True)
class Way:
    """One notice to be sent: by which channel, when, and where to (empty: the channel knows). ``held``: why not at once."""

    channel: str
    at: datetime
    address: str
    held: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways of one rung to one person; ``unverified`` says that no contact of theirs is verified and one was used all the same."""

    ways: tuple[Way, ...]
    unverified: bool


def ways(
    contacts: Sequence[Contact],
    rules: Rules,
    channels: Sequence[str],
    urgency: Urgency,
    zone: str,
    now: datetime,
) -> Ways:
    """Promise: at least one way wherever ``channels`` names one, and the first of them at once, but for a U3 in quiet hours.

    ``channels``: those of the rung, in its order. ``zone``: the State's, for a person who has named none.
    """
    good = [each for each in contacts if each.good(now)]
    chosen, unverified = _chosen(contacts, good, channels)
    order = {turn.channel: place for place, turn in enumerate(rules.turns.get(urgency, ()))}
    delays = {turn.channel: turn.delay_s for turn in rules.turns.get(urgency, ())}
    chosen.sort(key=lambda each: order.get(each[0], len(order)))
    # A person's own delay must not hold up the first notice of a rung, whichever channels the rung names.
    least = min((delays.get(channel, 0) for channel, _ in chosen), default=0)
    until = quiet_until(rules, zone, now) if urgency is Urgency.U3 else None
    held = "" if until is None else f"held back in quiet hours until {until:%Y-%m-%d %H:%M} UTC"
    found = []
    for channel, address in chosen:
        at = now + timedelta(seconds=delays.get(channel, 0) - least)
        # The console is where the officer sits: it wakes nobody.
        quiet = until is not None and channel != "console" and until > at
        found.append(Way(channel, until if quiet and until is not None else at, address, held if quiet else ""))
    return Ways(tuple(sorted(found, key=lambda way: way.at)), unverified)


def _chosen(
    contacts: Sequence[Contact], good: Sequence[Contact], channels: Sequence[str]
) -> tuple[list[tuple[str, str]], bool]:
    usable = good or contacts
    chosen: list[tuple[str, str]] = []
    for channel in dict.fromkeys(channels):
        mine = [each for each in usable if each.channel == channel]
        if mine:
            chosen += [(channel, each.address) for each in mine]
        elif not any(each.channel == channel for each in contacts):
            # No address at all: the console, a siren; of mail and the like a page that fails and is seen in the log.
            chosen.append((channel, ""))
    outside = [channel for channel in channels if channel != "console"]
    if outside and good and not any(address for _, address in chosen):
        # The rung names only channels on which this person has nothing verified: rather another channel than nobody.
        chosen += [(each.channel, each.address) for each in good[:1]]
    return chosen, not good and any(address for _, address in chosen)


def quiet_until(rules: Rules, zone: str, now: datetime) -> datetime | None:
    """The end of the quiet hours that ``now`` lies in, or None. Half-open, over midnight where the end is before the start."""
    if rules.quiet is None:
        return None
    start, end = rules.quiet
    local = now.astimezone(ZoneInfo(rules.zone or zone))
    wall = local.time().replace(tzinfo=None)
    inside = start <= wall < end if start < end else wall >= start or wall < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if wall >= end else 0)
    return datetime.combine(day, end, local.tzinfo).astimezone(UTC)


def _delay(told: object) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told <= LONGEST_DELAY_S:
        raise ValueError("a delay is 0 to 3600 seconds")
    return told
