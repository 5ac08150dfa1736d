"""A rota as its keeper writes it in a file (TOML): the turns and who is called when nobody is on duty.

Overrides, absences, rosters, swaps and holidays are not in it: they are entered by themselves and stay when the file is saved again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from contactpoint.desk.errors import DraftError
from contactpoint.domain.errors import RotaError
from contactpoint.domain.rota import Night, Rota, Rotation, Unit, Window

LARGEST_FILE = 1 << 18  # octets
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_TOP = {"name", "zone", "default", "unit", "rotation", "night"}
_TURN = {"zone", "anchor", "unit", "length", "officers", "windows"}


def read_rota_file(data: bytes, stands: Rota | None = None) -> Rota:
    """The rota that a file says; ``stands``: the rota of that name, whose overrides and the like stay. Raises DraftError."""
    try:
        if len(data) > LARGEST_FILE:
            raise ValueError("the file is larger than a rota")
        plain = tomllib.loads(data.decode("utf-8"))
        rota = _rota(plain)
    except RotaError as error:
        raise _wrong(f"this rota cannot be used: {error.field}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, TypeError, AttributeError) as error:
        raise _wrong(f"this file is no rota: {error}") from error
    except KeyError as error:
        raise _wrong(f"this file is no rota: {error} is missing") from error
    if stands is None:
        return rota
    return replace(
        stands, zone=rota.zone, default=rota.default, unit=rota.unit, rotations=rota.rotations, night=rota.night
    )


def _wrong(text: str) -> DraftError:
    return DraftError("E-ROTA", text, "correct the file; docs/rota.md shows one")


def _rota(plain: Mapping[str, Any]) -> Rota:
    # A misspelled key would be a rule that silently does not hold.
    _only(plain, _TOP, "")
    if not _NAME.fullmatch(_text(plain, "name")):
        raise ValueError("name is 1 to 40 small letters, digits and hyphens")
    zone = _text(plain, "zone")
    turns = _tables(plain, "rotation")
    return Rota(
        name=_text(plain, "name"),
        zone=zone,
        default=_text(plain, "default") if "default" in plain else "",
        unit=_text(plain, "unit") if "unit" in plain else "",
        rotations=tuple(_turn(each, zone) for each in turns),
        night=_night(plain.get("night", {})),
    )


def _turn(plain: Mapping[str, Any], zone: str) -> Rotation:
    _only(plain, _TURN, "rotation: ")
    anchor = plain["anchor"]
    if not isinstance(anchor, datetime) or anchor.tzinfo is not None:
        raise ValueError("anchor is the time on the wall, such as 2027-03-01T09:00:00, without a zone")
    length = plain.get("length", 1)
    if not isinstance(length, int) or isinstance(length, bool):
        raise ValueError("length is a whole number")
    officers = plain["officers"]
    if not isinstance(officers, list) or not all(isinstance(each, str) and each for each in officers):
        raise ValueError("officers is a list of officers' numbers")
    windows = [window for each in _tables(plain, "windows") for window in _windows(each)]
    unit = Unit(_text(plain, "unit"))
    return Rotation(plain.get("zone", zone), anchor, unit, length, tuple(officers), windows=tuple(windows))


def _windows(plain: Mapping[str, Any]) -> list[Window]:
    _only(plain, {"days", "from", "to"}, "windows: ")
    days = _days(plain["days"])
    return [Window(day, _time(plain["from"]), _time(plain["to"])) for day in days]


def _night(plain: Mapping[str, Any]) -> Night:
    _only(plain, {"from", "to", "weekend"}, "night: ")
    usual = Night()
    return Night(
        _time(plain["from"]) if "from" in plain else usual.starts,
        _time(plain["to"]) if "to" in plain else usual.ends,
        frozenset(_days(plain["weekend"])) if "weekend" in plain else usual.weekend,
    )


def _days(names: Sequence[str]) -> list[int]:
    if isinstance(names, str) or not names or any(name not in _DAYS for name in names):
        raise ValueError(f"days are of {', '.join(_DAYS)}")
    return [_DAYS.index(name) for name in names]


def _time(given: Any) -> time:
    if isinstance(given, time):
        return given
    return time() if given == "24:00" else time.fromisoformat(given)


def _text(plain: Mapping[str, Any], key: str) -> str:
    if not isinstance(plain[key], str):
        raise ValueError(f"{key} is text")
    return str(plain[key])


def _tables(plain: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = plain.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ValueError(f"{key} is a list of tables")
    return found


def _only(plain: Mapping[str, Any], known: set[str], place: str) -> None:
    strange = sorted(set(plain) - known)
    if strange:
        raise ValueError(f"{place}{', '.join(strange)} is not known")
