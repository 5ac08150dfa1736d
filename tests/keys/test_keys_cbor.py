import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.cbor import MAX_BYTES, MAX_DEPTH, decode, encode
from keys.digest import digest, labelled
from keys.errors import SpellingError
from tests.keys.key_examples import vectors

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(lambda t: unicodedata.normalize("NFC", t))
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts | st.binary(max_size=30)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=25
)

APPENDIX_A = vectors("rfc8949_appendix_a.json")["vectors"]


def permitted(vector: dict[str, object]) -> bool:
    """Whether RFC 8949's example lies within what signed objects may hold."""
    first = int(str(vector["hex"])[:2], 16)
    plain = first >> 5 in (0, 1, 2, 3, 4, 5) or first in (0xF4, 0xF5, 0xF6)
    too_large = first in (0x1B, 0x3B) and str(vector["hex"])[2:4] == "ff"
    number_keys = vector["hex"] == "a201020304"
    return bool(vector["roundtrip"]) and plain and not too_large and not number_keys


@pytest.mark.parametrize("vector", [v for v in APPENDIX_A if permitted(v)], ids=lambda v: v["hex"][:16])
def test_permitted_examples_of_rfc_8949_are_read_and_written_as_printed(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["hex"])
    value = decode(data)
    assert encode(value) == data
    if "decoded" in vector:
        assert value == vector["decoded"]


@pytest.mark.parametrize("vector", [v for v in APPENDIX_A if not permitted(v)], ids=lambda v: v["hex"][:16])
def test_other_examples_of_rfc_8949_are_refused(vector: dict[str, str]) -> None:
    with pytest.raises(SpellingError):
        decode(bytes.fromhex(vector["hex"]))


def test_enough_examples_of_rfc_8949_are_of_either_kind() -> None:
    assert sum(map(permitted, APPENDIX_A)) >= 25
    assert sum(not permitted(v) for v in APPENDIX_A) >= 35


@given(values)
def test_every_permitted_value_survives_the_round_trip(value: object) -> None:
    assert decode(encode(value)) == value  # type: ignore[arg-type]


@given(st.binary(max_size=60))
@settings(max_examples=400)
def test_random_bytes_are_refused_or_are_the_one_spelling(data: bytes) -> None:
    try:
        value = decode(data)
    except SpellingError:
        return
    assert encode(value) == data


@given(values, st.data())
def test_a_changed_byte_never_reads_as_the_same_value(value: object, data: st.DataObject) -> None:
    spelled = encode(value)  # type: ignore[arg-type]
    position = data.draw(st.integers(0, len(spelled) - 1))
    changed = bytearray(spelled)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = decode(bytes(changed))
    except SpellingError:
        return
    assert encode(read) != spelled


# RFC 8949 appendix F: bytes that are not well-formed, one or two of each kind printed there.
NOT_WELL_FORMED = (
    "18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000 41 61 "
    "5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203 81 818181818181818181 "
    "8200 a1 a20102 a100 a2000000 c0 9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 5f 7f 1c 1d "
    "1e 3c 3d 3e 5c 5d 5e 7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe f800 f801 f818 f81f ff 81ff 8200ff "
    "a1ff a1ff00 a100ff a20000ff 9f81ff bf00ff 1f 3f df 5f00ff 5fc000ff 7f4100ff "
)


@pytest.mark.parametrize("spelled", NOT_WELL_FORMED.split())
def test_not_well_formed_bytes_of_rfc_8949_are_refused(spelled: str) -> None:
    with pytest.raises(SpellingError):
        decode(bytes.fromhex(spelled))


@pytest.mark.parametrize(
    "spelled",
    ["1801", "190001", "5801ff", "780161", "9801" + "00", "b801616100", "1a00000001", "0000", "a2616201616100"],
)
def test_non_canonical_input_is_refused(spelled: str) -> None:
    with pytest.raises(SpellingError):
        decode(bytes.fromhex(spelled))


def test_duplicate_key_input_is_refused() -> None:
    with pytest.raises(SpellingError):
        decode(bytes.fromhex("a2616101616102"))
    with pytest.raises(SpellingError):
        decode(bytes.fromhex("a2616101616101"))


def test_nested_input_is_refused_one_level_too_deep_and_a_thousand() -> None:
    assert decode(b"\x81" * MAX_DEPTH + b"\x00") is not None
    for depth in (MAX_DEPTH + 1, MAX_DEPTH + 2, 1000, 100_000):
        with pytest.raises(SpellingError):
            decode(b"\x81" * depth + b"\x00")


def test_huge_input_is_refused_before_it_is_read() -> None:
    spelled = encode(b"\0" * (MAX_BYTES - 5))
    assert len(spelled) == MAX_BYTES
    assert decode(spelled) is not None
    with pytest.raises(SpellingError, match="at most"):
        decode(spelled + b"\0")
    with pytest.raises(SpellingError, match="at most"):
        decode(encode("abcd"), limit=4)


@pytest.mark.parametrize("spelled", ["9bffffffffffffffff00", "9a7fffffff", "bbffffffffffffffff", "5b7fffffffffffffff"])
def test_a_claimed_huge_length_costs_nothing(spelled: str) -> None:
    started = time.perf_counter()
    with pytest.raises(SpellingError):
        decode(bytes.fromhex(spelled))
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "spelled",
    [
        "c074323031332d30332d32315432303a30343a30305a",  # a date
        "c249010000000000000000",  # a large number
        "c48221196ab3",  # a decimal fraction
        "c5820301",  # a large float
        "d81c80",  # a shared value
        "d81c8200d81d00",  # a value that contains itself
        "d81e820103",  # a fraction
        "d8236161",  # a regular expression
        "d82450" + "00" * 16,  # a mail message
        "d82550" + "00" * 16,  # a UUID
        "d9010280",  # a set
        "d90104440a000001",  # an address
        "d9d9f700",  # a self-description
        "da7fffffff00",  # a tag that nobody knows
    ],
)
def test_no_peer_chooses_a_parser_by_a_tag(spelled: str) -> None:
    with pytest.raises(SpellingError, match="tag"):
        decode(bytes.fromhex(spelled))


def test_shared_values_that_unfold_without_end_are_refused_at_once() -> None:
    # Ten levels of lists, each holding the one below it ten times by reference.
    laughs = bytes.fromhex("d81c") + b"\x8a" + b"\x61a" * 10
    for level in range(9):
        laughs = bytes.fromhex("d81c") + b"\x8a" + laughs + bytes([0xD8, 0x1D, level]) * 9
    started = time.perf_counter()
    with pytest.raises(SpellingError):
        decode(laughs)
    assert time.perf_counter() - started < 0.5


def test_two_texts_that_look_alike_cannot_both_be_spelled() -> None:
    assert decode(encode("é")) == "é"
    with pytest.raises(SpellingError, match="NFC"):
        decode(bytes.fromhex("6365cc81"))
    with pytest.raises(SpellingError, match="NFC"):
        encode({"e\u0301": 1})


@pytest.mark.parametrize("value", [1.5, {1: 2}, {"a": {2}}, (1,), 2**53, -(2**53), "\ud800", object(), {b"a": 1}])
def test_what_has_no_spelling_is_not_written(value: object) -> None:
    with pytest.raises(SpellingError):
        encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, -1])
def test_integers_below_two_to_the_53_pass(number: int) -> None:
    assert decode(encode(number)) == number


@pytest.mark.parametrize("spelled", ["1b0020000000000000", "3b001fffffffffffff"])
def test_integers_that_a_browser_would_round_are_refused(spelled: str) -> None:
    with pytest.raises(SpellingError, match="2\\^53"):
        decode(bytes.fromhex(spelled))


def test_a_map_is_spelled_by_length_of_key_then_by_bytes() -> None:
    assert encode({"b": 0, "aa": 1, "a": 2}).hex() == "a3616102616200" + "62616101"


def test_a_label_keeps_digests_apart() -> None:
    assert labelled("com", b"a", b"b") == digest(encode(["com", b"a", b"b"]))
    assert labelled("com", b"a") != labelled("case", b"a")
    assert labelled("com", b"ab") != labelled("com", b"a", b"b")
