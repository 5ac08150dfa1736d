"""Times as people read them: local and UTC side by side, 24 hours, the month by name; never a bare number of seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, get_day_names

# Western digits in every language: they must agree with clocks, call sheets and the other State's screen.
_DAY = "d MMM y"
_DAYS = {"zh": "y年M月d日"}
_CLOCK = "HH:mm"
_WESTERN = {ord("٠") + digit: str(digit) for digit in range(10)}


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant twice over. ``iso`` is for machines; ``same_day`` says that the local date equals the UTC date; ``offset``
    is the local time's distance from UTC."""

    iso: str
    local_day: str
    local_time: str
    utc_day: str
    utc_time: str
    same_day: bool
    offset: str


def western(text: str) -> str:
    """The same with western digits."""
    return text.translate(_WESTERN)


def zone_of(name: str) -> ZoneInfo:
    """The named zone, UTC when a foreign card names one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(at: datetime, zone: str, language: str) -> Moment:
    """Both readings of ``at`` (aware)."""
    utc = at.astimezone(UTC)
    try:
        local = utc.astimezone(zone_of(zone))
    except OverflowError:
        # The first or the last hours that the calendar has, as another State may write them: no page may fail for them.
        local = utc

    def put(value: datetime, form: str) -> str:
        return western(format_datetime(value, form, tzinfo=value.tzinfo, locale=language))

    offset, day = local.strftime("%z"), _DAYS.get(language, _DAY)
    return Moment(
        iso=utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        local_day=put(local, day),
        local_time=put(local, _CLOCK),
        utc_day=put(utc, day),
        utc_time=put(utc, _CLOCK),
        same_day=local.date() == utc.date(),
        offset=f"{offset[:3]}:{offset[3:]}",
    )


def span(seconds: float) -> str:
    """A length of time in digits that need no language: ``14:05``, ``7:59:10`` (minus sign when past)."""
    whole = int(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    text = f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes:02d}:{left:02d}"
    return f"\N{MINUS SIGN}{text}" if seconds < 0 else text


def weekday(day: date, language: str, width: str = "abbreviated") -> str:
    """The day's name; ``wide`` for a reader who only hears it."""
    return str(get_day_names(width, "format", language)[day.weekday()])  # type: ignore[arg-type]


def day_name(day: date, language: str) -> str:
    """The day with its month by name and its year."""
    return western(format_date(day, _DAYS.get(language, _DAY), locale=language))


def day_of_month(day: date, language: str) -> str:
    """The day with its month by name."""
    return western(format_date(day, "M月d日" if language == "zh" else "d MMM", locale=language))
