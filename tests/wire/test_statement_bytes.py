import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.statement import Attachment
from contactpoint.wire.errors import MalformedError, WireError, WrongNetworkError
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.cbor import decode, encode
from keys.digest import digest
from tests.keys.key_examples import NET, NOON, OTHER_NET
from tests.wire.letter_examples import ID, OTHER_ID, STATEMENT

CONTENT = encode_statement(STATEMENT, NET)
FULL = replace(
    STATEMENT,
    case=OTHER_ID,
    approver="008",
    mine=bytes(32),
    seen=b"\1" * 32,
    re=b"\2" * 32,
    thread="T-1",
    attachments=(Attachment("a b.pdf", 0, bytes(32)), Attachment("gef\u00e4hrlich.txt", 4 * 1024**3, bytes(32))),
)


def changed(**fields: Any) -> bytes:
    content: Any = decode(CONTENT)
    content.update(fields)
    return encode(content)


@pytest.mark.parametrize("statement", [STATEMENT, FULL], ids=["least", "full"])
def test_a_statement_survives_the_round_trip_with_its_digest(statement: Any) -> None:
    content = encode_statement(statement, NET)
    assert decode_statement(content, NET) == replace(statement, digest=digest(content))
    assert encode_statement(decode_statement(content), NET) == content


def test_the_keys_of_the_map_are_those_of_the_protocol() -> None:
    least = [
        "v",
        "net",
        "id",
        "case",
        "kind",
        "class",
        "cat",
        "pol",
        "from",
        "to",
        "at",
        "expires",
        "by",
        "lang",
        "mine",
        "seen",
        "body",
        "attachments",
    ]
    assert set(decode(CONTENT)) == set(least)  # type: ignore[arg-type]
    assert set(decode(encode_statement(FULL, NET))) == {*least, "approver", "re", "thread"}  # type: ignore[arg-type]


def test_an_empty_head_is_null_and_times_are_milliseconds() -> None:
    content: Any = decode(CONTENT)
    assert (content["mine"], content["seen"]) == (None, None)
    assert content["at"] == int(NOON.timestamp() * 1000)
    assert decode_statement(changed(at=content["at"] + 1)).at == NOON + timedelta(milliseconds=1)


bodies = st.dictionaries(
    st.text("abc", max_size=4),
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.binary(max_size=8)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9).map(lambda t: unicodedata.normalize("NFC", t)),
    max_size=6,
)


@given(bodies)
def test_any_plain_body_survives(body: dict[str, Any]) -> None:
    assert decode_statement(encode_statement(replace(STATEMENT, body={"deep": [body]}), NET)).body == {"deep": [body]}


def test_a_training_statement_in_the_live_network_is_refused() -> None:
    with pytest.raises(WrongNetworkError):
        decode_statement(CONTENT, OTHER_NET)


@pytest.mark.parametrize("name", sorted(decode(CONTENT)))  # type: ignore[arg-type]
def test_a_missing_key_is_refused(name: str) -> None:
    content: Any = decode(CONTENT)
    del content[name]
    with pytest.raises(MalformedError, match=name):
        decode_statement(encode(content))


WRONG = {
    "v": [2, 0, "1", True, None],
    "net": [bytes(15), "x", None],
    "id": [ID.upper(), "1", None, ID.replace("-7", "-4"), ID + " "],
    "case": ["", 1],
    "kind": ["", "PRES NEW", "a/b", "x" * 65, 1, None],
    "class": ["U4", "u0", 0],
    "cat": ["", 1],
    "pol": ["", None],
    "from": ["xa", "XAA", "XA/T", "XB", None],
    "to": ["XA", "", "Xb"],
    "at": [-1, "now", 2**53 - 1, None, True],
    "expires": [0, 2**53 - 1, None],
    "by": [None, 7, "x" * 65],
    "approver": ["007", "", None, 8],
    "lang": ["", None, "e n"],
    "mine": [b"", bytes(31), "x", 0],
    "seen": [bytes(33), True],
    "re": [None, bytes(31)],
    "thread": ["", None],
    "body": [None, [], "x"],
    "attachments": [None, {}, [None], [[]]],
    "extra": [None],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_a_wrongly_typed_or_unknown_field_is_refused_with_a_code(name: str, value: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        decode_statement(changed(**{name: value}))
    assert refused.value.code == "E-MALFORMED"


def test_life_is_fourteen_days_at_most() -> None:
    at = int(NOON.timestamp() * 1000)
    fortnight = 14 * 24 * 3600 * 1000
    assert decode_statement(changed(expires=at + fortnight))
    for expires in (at + fortnight + 1, at, at - 1):
        with pytest.raises(MalformedError, match="expires"):
            decode_statement(changed(expires=expires))


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "../../etc/passwd",
        "a/b",
        "C:\\x",
        "a\x00b",
        "a\nb",
        "a\x1b[31m",
        "invoice\u202efdp.exe",
        "\u2066x",
        "x" * 256,
    ],
)
def test_poisoned_file_names_are_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        decode_statement(changed(attachments=[{"name": name, "size": 1, "sha256": bytes(32)}]))


@pytest.mark.parametrize("name", ["a.pdf", "مرفق.pdf", "می\u200cروم.txt", "附件 1.docx", ".hidden"])
def test_names_of_all_languages_pass(name: str) -> None:
    assert decode_statement(changed(attachments=[{"name": name, "size": 1, "sha256": bytes(32)}]))


def test_attachments_are_bounded_in_number_and_size() -> None:
    good = {"name": "a", "size": 4 * 1024**3, "sha256": bytes(32)}
    assert decode_statement(changed(attachments=[good] * 64))
    for wrong in (
        [good] * 65,
        [{**good, "size": 4 * 1024**3 + 1}],
        [{**good, "key": bytes(32)}],
        [{**good, "size": -1}],
    ):
        with pytest.raises(MalformedError):
            decode_statement(changed(attachments=wrong))


def test_nothing_is_encoded_that_a_recipient_would_refuse() -> None:
    for wrong in (
        replace(STATEMENT, body={"price": 1.5}),  # type: ignore[dict-item]
        replace(STATEMENT, body={"e\u0301": 1}),
        replace(STATEMENT, body={"when": object()}),  # type: ignore[dict-item]
        replace(STATEMENT, id="x"),
        replace(STATEMENT, expires=NOON),
        replace(STATEMENT, approver="007"),
        replace(STATEMENT, mine=b""),
    ):
        with pytest.raises(MalformedError):
            encode_statement(wrong, NET)


@given(st.binary(max_size=80))
def test_noise_is_refused_and_never_crashes(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_statement(data)


def test_an_error_never_quotes_the_body() -> None:
    with pytest.raises(MalformedError) as refused:
        decode_statement(changed(body={"account": "a.b@mail.example"}, **{"suspect@mail.example": 1}))
    assert "mail.example" not in str(refused.value)
