from datetime import date, timedelta
from typing import Any

import pytest

from keys.cbor import decode, encode
from keys.errors import PrekeyError, SignatureError, TypeConfusionError
from keys.prekeys import KEEP_DAYS, SHEET_DAYS, days_to_destroy, make_sheet, read_sheet
from keys.signed import sign
from keys.xwing import SealingKey, unwrap, wrap
from tests.keys.key_examples import NET, OTHER_NET, drawn, signing_key

STATION, OTHER = signing_key("XB station"), signing_key("XC station")
FIRST = date(2027, 3, 1)
SEEDS = [drawn(f"prekey/{n}", 32) for n in range(SHEET_DAYS)]
SIGNED = make_sheet(STATION, "XB", 7, FIRST, SEEDS, NET)
SHEET = read_sheet(SIGNED.to_bytes(), STATION.public, NET)


def resigned(change: dict[str, Any]) -> bytes:
    content: Any = decode(SIGNED.content)
    return sign("prekeys", encode({**content, **change}), [STATION], NET).to_bytes()


def test_a_sheet_has_one_key_for_each_of_35_days() -> None:
    assert (SHEET.state, SHEET.number, len(SHEET.keys)) == ("XB", 7, 35)
    for offset, seed in enumerate(SEEDS):
        prekey, marked = SHEET.for_day(FIRST + timedelta(days=offset))
        assert prekey.day == FIRST + timedelta(days=offset)
        assert unwrap(SealingKey.from_seed(seed), wrap(prekey.public, bytes(32), b""), b"") == bytes(32)
        assert not marked


def test_a_used_up_sheet_gives_its_last_key_marked() -> None:
    for late in (35, 36, 400):
        assert SHEET.for_day(FIRST + timedelta(days=late)) == (SHEET.keys[-1], True)
    assert SHEET.for_day(FIRST + timedelta(days=34)) == (SHEET.keys[-1], False)


def test_before_its_first_day_a_sheet_gives_its_first_key() -> None:
    assert SHEET.for_day(FIRST - timedelta(days=3)) == (SHEET.keys[0], False)


def test_a_sheet_of_another_station_network_or_type_is_refused() -> None:
    with pytest.raises(SignatureError):
        read_sheet(SIGNED.to_bytes(), OTHER.public, NET)
    with pytest.raises(SignatureError):
        read_sheet(SIGNED.to_bytes(), STATION.public, OTHER_NET)
    with pytest.raises(TypeConfusionError):
        read_sheet(sign("officer", SIGNED.content, [STATION], NET).to_bytes(), STATION.public, NET)


@pytest.mark.parametrize("count", [0, 34, 36])
def test_a_sheet_takes_35_seeds(count: int) -> None:
    with pytest.raises(PrekeyError):
        make_sheet(STATION, "XB", 1, FIRST, ([*SEEDS, drawn("more", 32)])[:count], NET)
    with pytest.raises(PrekeyError):
        make_sheet(STATION, "XB", 1, FIRST, [SEEDS[0], *SEEDS[:34]], NET)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"state": 1},
        {"number": 0},
        {"number": "7"},
        {"first": "2027-02-30"},
        {"first": "20270301"},
        {"first": "9999-12-31"},
        {"first": ""},
        {"keys": []},
        {"keys": [bytes(1216)] * 34},
        {"keys": [bytes(1216)] * 35},
        {"keys": [bytes(1215)] * 35},
        {"keys": ["x"] * 35},
        {"more": None},
    ],
)
def test_a_malformed_sheet_is_refused_though_its_station_signed_it(change: dict[str, Any]) -> None:
    with pytest.raises(PrekeyError):
        read_sheet(resigned(change), STATION.public, NET)


def test_private_halves_are_destroyed_15_days_after_their_day_and_not_before() -> None:
    days = [FIRST + timedelta(days=n) for n in range(5)]
    assert days_to_destroy(days, FIRST + timedelta(days=KEEP_DAYS - 1)) == ()
    assert days_to_destroy(days, FIRST + timedelta(days=KEEP_DAYS)) == (FIRST,)
    assert days_to_destroy(days, FIRST + timedelta(days=KEEP_DAYS + 2)) == tuple(days[:3])


def test_a_sheet_fits_in_a_frame() -> None:
    assert 42_000 < len(SIGNED.to_bytes()) < 48_000
