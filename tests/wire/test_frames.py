"""Frames: every kind goes there and back; anything else is refused, and nothing crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.codes import Retry
from contactpoint.wire.envelope import Parcel
from contactpoint.wire.frames import (
    FRAME_LIMIT,
    BacklogEnd,
    Beat,
    Bye,
    CriticalFieldError,
    Deliver,
    Event,
    Frame,
    FrameError,
    Held,
    Hello,
    Lane,
    Missed,
    Prove,
    Put,
    Refused,
    Role,
    Sheet,
    Stored,
    Take,
    Took,
    WantSheet,
    decode_frame,
    encode_frame,
    put_of,
)
from keys import cbor

HELLO = Hello(
    (1,), "XA", Role.STATION, "127.0.0.1:4100", Lane.URGENT, b"n" * 32, 1, 64, 1 << 20, 40, b"r" * 32, 3, None
)
EVERY: list[Frame] = [
    HELLO,
    Prove(b"k" * 32, b"s" * 3373),
    Put(1, envelope=b"e", payload=b"p"),
    Put(2, slip=b"s"),
    Held(1, b"receipt", duplicate=True),
    Stored(2),
    Refused(3, "E-CLOCK", Retry.SAME_ID_LATER, 60),
    Take("XB", "desk 1", 7, 12, 64),
    Deliver(13, envelope=b"e", payload=b"p", held=b"h"),
    Deliver(14, slip=b"s"),
    Event(15, "refused", "E-UNTRUSTED-KEY", "XD", "id", "U0", 1),
    BacklogEnd(15),
    Missed(1, 4, "why"),
    Took(15),
    Beat(1, 2, 3, None),
    Sheet("XB", 4, b"sheet"),
    WantSheet("XB"),
    Bye("superseded", 8),
]


@pytest.mark.parametrize("frame", EVERY, ids=lambda frame: type(frame).__name__)
def test_a_frame_reads_back_as_it_was_said(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


def test_every_kind_of_frame_is_among_the_examples() -> None:
    assert {type(frame) for frame in EVERY} == set(Frame.__args__)


@pytest.mark.parametrize("frame", EVERY, ids=lambda frame: type(frame).__name__)
def test_an_unknown_field_is_ignored_unless_its_sender_calls_it_critical(frame: Frame) -> None:
    value = cbor.decode(encode_frame(frame))
    assert isinstance(value, dict)
    assert decode_frame(cbor.encode({**value, "later": 1})) == frame
    assert decode_frame(cbor.encode({**value, "later": 1, "critical": []})) == frame
    with pytest.raises(CriticalFieldError):
        decode_frame(cbor.encode({**value, "later": 1, "critical": ["later"]}))


@pytest.mark.parametrize("frame", EVERY, ids=lambda frame: type(frame).__name__)
def test_a_field_of_the_wrong_type_is_refused(frame: Frame) -> None:
    value = cbor.decode(encode_frame(frame))
    assert isinstance(value, dict)
    for field in value:
        with pytest.raises(FrameError):
            decode_frame(cbor.encode({**value, field: {"no": "field"}}))


def test_a_critical_field_that_is_known_changes_nothing() -> None:
    value = cbor.decode(encode_frame(Took(3)))
    assert isinstance(value, dict)
    assert decode_frame(cbor.encode({**value, "critical": ["through"]})) == Took(3)


@pytest.mark.parametrize("critical", [1, "through", [1]])
def test_a_list_of_critical_fields_that_is_none_is_refused(critical: cbor.Value) -> None:
    with pytest.raises(FrameError):
        decode_frame(cbor.encode({"frame": "took", "through": 3, "critical": critical}))


@pytest.mark.parametrize(
    "value",
    [
        {"frame": "took"},
        {"frame": "took", "through": -1},
        {"frame": "took", "through": True},
        {"frame": "nothing"},
        {"frame": 1},
        {"through": 1},
        ["took", 1],
        None,
        {"frame": "put", "ref": 1},
        {"frame": "put", "ref": 1, "envelope": b"e"},
        {"frame": "put", "ref": 1, "payload": b"p"},
        {"frame": "put", "ref": 1, "envelope": b"e", "payload": b"p", "slip": b"s"},
        {"frame": "deliver", "number": 1},
        {"frame": "bye", "code": "x" * 300, "number": 0},
        {"frame": "refused", "ref": 1, "code": "E", "retry": "soon", "after": 0},
    ],
)
def test_malformed_frames_are_refused(value: cbor.Value) -> None:
    with pytest.raises(FrameError):
        decode_frame(cbor.encode(value))


def test_a_huge_frame_is_refused_at_both_ends() -> None:
    with pytest.raises(FrameError):
        encode_frame(Put(1, slip=b"x" * FRAME_LIMIT))
    with pytest.raises(FrameError):
        decode_frame(cbor.encode({"frame": "put", "ref": 1, "slip": b"x" * FRAME_LIMIT}))


def test_the_largest_letter_fits_into_a_frame_with_its_receipt() -> None:
    letter = Parcel(b"e" * 65_536, b"p" * 65_536)
    assert decode_frame(encode_frame(put_of(1, letter))) == Put(1, letter.envelope, letter.payload)
    encode_frame(Deliver(1, letter.envelope, letter.payload, held=b"h" * 65_536))


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    try:
        decode_frame(data)
    except FrameError:
        return


@given(st.sampled_from(EVERY), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_crashes_the_reader(frame: Frame, place: int, change: int) -> None:
    data = bytearray(encode_frame(frame))
    data[place % len(data)] ^= change
    try:
        decode_frame(bytes(data))
    except FrameError:
        return
