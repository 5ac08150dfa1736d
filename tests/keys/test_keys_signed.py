import pytest

from keys.cbor import encode
from keys.digest import digest
from keys.errors import SignatureError, SpellingError, TypeConfusionError
from keys.signed import Signed, add_signature, parse, sign, verify
from tests.keys.key_examples import NET, OTHER_NET, flipped, signing_key

FIRST, SECOND, STRANGER = signing_key("first"), signing_key("second"), signing_key("stranger")
CONTENT = encode({"v": 1, "text": "preserve"})


def test_two_signers_sign_in_either_order_and_give_one_order_of_signatures() -> None:
    one = sign("statement", CONTENT, [FIRST, SECOND], NET)
    other = sign("statement", CONTENT, [SECOND, FIRST], NET)
    assert one.signers == other.signers == tuple(sorted((FIRST.public.id, SECOND.public.id)))
    for signed in (one, other):
        read = parse(signed.to_bytes(), "statement")
        assert read == signed
        verify(read, [SECOND.public, FIRST.public], NET)


def test_the_digest_leaves_the_signatures_out() -> None:
    one = sign("statement", CONTENT, [FIRST], NET)
    assert one.digest == add_signature(one, SECOND, NET).digest == digest(CONTENT)


@pytest.mark.parametrize("expected", [[FIRST], [SECOND], [FIRST, SECOND, STRANGER], [FIRST, STRANGER], [], [FIRST] * 2])
def test_exactly_those_who_should_have_signed_and_nobody_else(expected: list) -> None:
    signed = sign("statement", CONTENT, [FIRST, SECOND], NET)
    with pytest.raises(SignatureError):
        verify(signed, [key.public for key in expected], NET)


def test_one_person_cannot_be_two_signers() -> None:
    with pytest.raises(SignatureError):
        sign("statement", CONTENT, [FIRST, FIRST], NET)


def test_a_signer_is_needed() -> None:
    with pytest.raises(SignatureError):
        sign("statement", CONTENT, [], NET)
    with pytest.raises(SpellingError):
        parse(encode(["cpn1", "statement", CONTENT, []]), "statement")


def test_type_confusion_is_refused_by_the_reader_and_by_the_signature() -> None:
    signed = sign("slip", CONTENT, [FIRST], NET)
    with pytest.raises(TypeConfusionError):
        parse(signed.to_bytes(), "statement")
    relabelled = parse(signed.to_bytes().replace(b"\x64slip", b"\x64lips"), "lips")
    with pytest.raises(SignatureError):
        verify(relabelled, [FIRST.public], NET)


def test_an_object_of_the_training_network_means_nothing_in_the_live_one() -> None:
    signed = sign("slip", CONTENT, [FIRST], OTHER_NET)
    with pytest.raises(SignatureError):
        verify(signed, [FIRST.public], NET)
    verify(signed, [FIRST.public], OTHER_NET)


@pytest.mark.parametrize("net", [b"", bytes(15), bytes(17)])
def test_a_network_id_has_sixteen_bytes(net: bytes) -> None:
    with pytest.raises(SignatureError):
        sign("slip", CONTENT, [FIRST], net)


def test_a_changed_byte_of_the_content_is_noticed() -> None:
    data = sign("slip", CONTENT, [FIRST], NET).to_bytes()
    changed = parse(data.replace(b"preserve", b"preserwe"), "slip")
    with pytest.raises(SignatureError):
        verify(changed, [FIRST.public], NET)


def test_a_stripped_signature_is_noticed() -> None:
    signed = sign("statement", CONTENT, [FIRST, SECOND], NET)
    stripped = parse(
        encode(["cpn1", "statement", CONTENT, [[key, mark] for key, mark in signed.signatures[:1]]]), "statement"
    )
    with pytest.raises(SignatureError):
        verify(stripped, [FIRST.public, SECOND.public], NET)


def test_signatures_out_of_order_or_twice_are_refused() -> None:
    marks = [[key, mark] for key, mark in sign("slip", CONTENT, [FIRST, SECOND], NET).signatures]
    for wrong in (marks[::-1], [marks[0], marks[0]]):
        with pytest.raises(SpellingError):
            parse(encode(["cpn1", "slip", CONTENT, wrong]), "slip")


def test_one_signature_counted_twice_is_refused_where_two_should_have_signed() -> None:
    mark = sign("statement", CONTENT, [FIRST], NET).signatures[0]
    with pytest.raises(SignatureError):
        verify(Signed("statement", CONTENT, (mark, mark)), [FIRST.public, FIRST.public], NET)


def test_an_object_carries_at_most_sixteen_signatures() -> None:
    marks = [[bytes([n]) * 32, bytes(3373)] for n in range(17)]
    assert len(parse(encode(["cpn1", "slip", CONTENT, marks[:16]]), "slip").signatures) == 16
    with pytest.raises(SpellingError):
        parse(encode(["cpn1", "slip", CONTENT, marks]), "slip")


def test_what_is_no_signed_object_is_refused() -> None:
    mark = [bytes(32), bytes(3373)]
    for value in (
        None,
        [],
        ["cpn2", "slip", CONTENT, [mark]],
        ["cpn1", "slip", CONTENT, [mark], None],
        ["cpn1", "slip", "text", [mark]],
        ["cpn1", "slip", CONTENT, [[bytes(31), bytes(3373)]]],
        ["cpn1", "slip", CONTENT, [[bytes(32), bytes(3372)]]],
        ["cpn1", "slip", CONTENT, [[bytes(32)]]],
        ["cpn1", "slip", CONTENT, {"a": 1}],
    ):
        with pytest.raises(SpellingError):
            parse(encode(value), "slip")


def test_the_limit_of_size_is_the_readers() -> None:
    data = sign("slip", CONTENT, [FIRST], NET).to_bytes()
    assert parse(data, "slip", limit=len(data))
    with pytest.raises(SpellingError, match="at most"):
        parse(data, "slip", limit=len(data) - 1)


def test_a_flipped_bit_anywhere_is_refused() -> None:
    data = sign("slip", CONTENT, [FIRST], NET).to_bytes()
    for position in [*range(80), *range(80, len(data), 331)]:
        with pytest.raises((SpellingError, TypeConfusionError, SignatureError)):
            verify(parse(flipped(data, position), "slip"), [FIRST.public], NET)
