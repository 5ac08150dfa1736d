"""Times inside signed bytes: whole milliseconds since the Unix epoch, UTC. Outside: aware UTC datetimes."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# The last instant that datetime can hold; a larger number would crash a reader.
LAST_MILLISECOND = 253_402_300_799_999


def to_milliseconds(at: datetime) -> int:
    """Return the whole milliseconds from the Unix epoch to the aware time `at`, rounded down."""
    return (at - EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """Return the aware UTC time of `value` milliseconds. Raises ValueError outside the years 1970 to 9999."""
    if not 0 <= value <= LAST_MILLISECOND:
        raise ValueError(f"{value} milliseconds lie outside the years 1970 to 9999")
    return EPOCH + value * _MILLISECOND
