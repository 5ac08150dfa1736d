"""Prekey sheets: 35 daily sealing keys of a State, signed once by its station, so that nobody fetches a key to send.

A private half is destroyed 15 days after its day: letters sealed to it can then no longer be opened with anything that
is seized. A new sheet is made each week. Source: `docs/protocol.md` section 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from keys.cbor import Value, decode, encode
from keys.errors import KeyFormatError, PrekeyError
from keys.signed import Signed, parse, sign, verify
from keys.signing import PublicKey, SigningKey
from keys.xwing import SealingKey, SealingPublicKey

SHEET_DAYS = 35
KEEP_DAYS = 15
_TYPE = "prekeys"


@dataclass(frozen=True, slots=True)
class Prekey:
    """One day's sealing key; `day` is a UTC date."""

    day: date
    public: SealingPublicKey


@dataclass(frozen=True, slots=True)
class PrekeySheet:
    """A State's numbered sheet of 35 keys for consecutive days, verified."""

    state: str
    number: int
    keys: tuple[Prekey, ...]
    signed: Signed

    def for_day(self, day: date) -> tuple[Prekey, bool]:
        """Return the key for `day`, and True if the sheet is used up and its last key stands in (tell the officer).

        Before the first day the first key is given: its private half exists already.
        """
        first, last = self.keys[0], self.keys[-1]
        if day > last.day:
            return last, True
        return (self.keys[(day - first.day).days] if day > first.day else first), False


def make_sheet(
    station: SigningKey, state: str, number: int, first_day: date, seeds: Sequence[bytes], net: bytes
) -> Signed:
    """Return the signed sheet over 35 seeds of 32 random bytes each. Raises PrekeyError."""
    if len(seeds) != SHEET_DAYS or len(set(seeds)) != SHEET_DAYS:
        raise PrekeyError(f"a sheet takes {SHEET_DAYS} different seeds: draw each anew")
    keys: list[Value] = [SealingKey.from_seed(seed).public.data for seed in seeds]
    content: dict[str, Value] = {
        "v": 1,
        "state": state,
        "number": number,
        "first": first_day.isoformat(),
        "keys": keys,
    }
    return sign(_TYPE, encode(content), [station], net)


@lru_cache(maxsize=256)  # 43 kB each, verified once and read for every letter to that State
def read_sheet(data: bytes, station: PublicKey, net: bytes) -> PrekeySheet:
    """Return the sheet in `data`, signed by `station`.

    Raises SpellingError, TypeConfusionError, SignatureError, PrekeyError. The caller checks state and number.
    """
    signed = parse(data, _TYPE)
    verify(signed, [station], net)
    match decode(signed.content):
        case {"v": 1, "state": str(state), "number": int(number), "first": str(first), "keys": [*keys], **rest} if (
            not rest and number is not True and number >= 1 and len(keys) == SHEET_DAYS
        ):
            start = _day(first)
            prekeys = tuple(Prekey(start + timedelta(days=n), _public(key)) for n, key in enumerate(keys))
            if len({prekey.public.id for prekey in prekeys}) != SHEET_DAYS:
                raise PrekeyError("a prekey sheet that repeats a key: ask the State for a new sheet")
            return PrekeySheet(state, number, prekeys, signed)
    raise PrekeyError(f"not a prekey sheet: it has exactly v, state, number, first and {SHEET_DAYS} keys")


def days_to_destroy(days: Iterable[date], today: date) -> tuple[date, ...]:
    """Return those of `days` whose private halves must be destroyed by `today`: 15 days after their day."""
    return tuple(day for day in days if today >= day + timedelta(days=KEEP_DAYS))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        last_day_exists = day + timedelta(days=SHEET_DAYS + KEEP_DAYS)
    except (ValueError, OverflowError) as error:
        raise PrekeyError("a prekey sheet whose first day is no date: ask the State for a new sheet") from error
    if text != day.isoformat() or last_day_exists < day:
        raise PrekeyError("a prekey sheet whose first day is not spelled YYYY-MM-DD: ask the State for a new sheet")
    return day


def _public(key: Value) -> SealingPublicKey:
    try:
        return SealingPublicKey(key if isinstance(key, bytes) else b"")
    except KeyFormatError as error:
        raise PrekeyError("a prekey sheet with a malformed key: ask the State for a new sheet") from error
