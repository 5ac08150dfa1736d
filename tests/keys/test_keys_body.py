import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Encryptor
from hypothesis import given
from hypothesis import strategies as st

from keys.body import derive_key, open_blob_to, open_body, padded_length, seal_blob, seal_body
from keys.errors import KeyFormatError, UnsealError
from tests.keys.key_examples import drawn, flipped

KEY, CONTEXT = drawn("body", 32), b"cpn1/payload"
LARGE = drawn("attachment", 700_000)
DIGEST = hashlib.sha256(LARGE).digest()


def pieces(data: bytes, size: int = 65_536) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def sealed(data: bytes) -> bytes:
    return b"".join(seal_blob(KEY, CONTEXT, pieces(data)))


def framed(plain: bytes, claimed: int, total: int) -> bytes:
    sealer = Cobblestone256Encryptor(KEY, CONTEXT)
    return sealer.update((claimed.to_bytes(4, "big") + plain).ljust(total, b"\0")) + sealer.finalize()


@given(st.binary(max_size=300))
def test_a_sealed_body_opens(plain: bytes) -> None:
    assert open_body(KEY, CONTEXT, seal_body(KEY, CONTEXT, plain)) == plain


@pytest.mark.parametrize(("n", "padded"), [(0, 0), (1, 1), (9, 10), (100, 104), (1000, 1024), (100_000, 100_352)])
def test_padme_lengths_are_those_of_its_paper(n: int, padded: int) -> None:
    assert padded_length(n) == padded


@given(st.integers(1, 10**9))
def test_padding_is_at_most_twelve_per_cent_and_settles(n: int) -> None:
    assert n <= padded_length(n) <= n * 1.12
    assert padded_length(padded_length(n)) == padded_length(n)


def test_texts_of_near_lengths_cannot_be_told_apart() -> None:
    assert len({len(seal_body(KEY, CONTEXT, bytes(n))) for n in range(4000, 4060)}) <= 2


def test_a_body_opens_under_its_key_and_context_only() -> None:
    body = seal_body(KEY, CONTEXT, b"preserve")
    for key, context, data in (
        (drawn("other", 32), CONTEXT, body),
        (KEY, b"cpn1/blob", body),
        (KEY, CONTEXT, body[:-1]),
        (KEY, CONTEXT, body + b"\0"),
        (KEY, CONTEXT, b""),
    ):
        with pytest.raises(UnsealError):
            open_body(key, context, data)


def test_a_flipped_bit_anywhere_in_a_body_is_noticed() -> None:
    body = seal_body(KEY, CONTEXT, b"preserve")
    for position in range(len(body)):
        with pytest.raises(UnsealError):
            open_body(KEY, CONTEXT, flipped(body, position))


@pytest.mark.parametrize(
    ("plain", "claimed", "total"),
    [
        (b"abc", 3, 8),
        (b"abc", 4, 7),
        (b"abcX", 3, 8),
        (b"abc", 2**31, 7),
        (b"", 0, 5),
        (b"abcdeX", 5, 10),
        (b"abcd", 2, 8),
    ],
)
def test_nothing_hides_in_the_padding(plain: bytes, claimed: int, total: int) -> None:
    with pytest.raises(UnsealError, match="padded"):
        open_body(KEY, CONTEXT, framed(plain, claimed, total))


def test_a_body_too_short_to_hold_its_length_is_refused() -> None:
    sealer = Cobblestone256Encryptor(KEY, CONTEXT)
    with pytest.raises(UnsealError, match="padded"):
        open_body(KEY, CONTEXT, sealer.update(bytes(2)) + sealer.finalize())


def test_a_blob_is_opened_into_a_private_file_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    open_blob_to(path, KEY, CONTEXT, pieces(sealed(LARGE), 1000), DIGEST)
    assert path.read_bytes() == LARGE
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_blob_opens_too(tmp_path: Path) -> None:
    open_blob_to(tmp_path / "a", KEY, CONTEXT, [sealed(b"")], hashlib.sha256(b"").digest())
    assert (tmp_path / "a").read_bytes() == b""


def refused(tmp_path: Path, blob: bytes, digest: bytes = DIGEST, key: bytes = KEY, context: bytes = CONTEXT) -> bool:
    (tmp_path / "kept").write_bytes(b"what was there before")
    with pytest.raises(UnsealError):
        open_blob_to(tmp_path / "kept", key, context, pieces(blob), digest)
    return [p.read_bytes() for p in tmp_path.iterdir()] == [b"what was there before"]


def test_a_truncated_attachment_leaves_no_file(tmp_path: Path) -> None:
    blob = sealed(LARGE)
    for cut in (0, 1, 50, 16_400, 300_000, len(blob) - 1):
        assert refused(tmp_path, blob[:cut])


def test_a_reordered_attachment_leaves_no_file(tmp_path: Path) -> None:
    blob = sealed(LARGE)
    head, chunk = 56, 16 * 1024 + 16
    middle = [blob[head + n * chunk : head + (n + 1) * chunk] for n in range(8)]
    middle[2], middle[3] = middle[3], middle[2]
    assert refused(tmp_path, blob[:head] + b"".join(middle) + blob[head + 8 * chunk :])


def test_a_swapped_attachment_leaves_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path, sealed(LARGE[:-1] + b"x"))
    assert refused(tmp_path, sealed(LARGE), context=b"cpn1/another letter")
    assert refused(tmp_path, sealed(LARGE), key=drawn("other", 32))
    assert refused(tmp_path, sealed(LARGE), digest=bytes(32))


def test_a_source_that_breaks_off_with_its_own_error_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield sealed(LARGE)[:200_000]
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="disk"):
        open_blob_to(tmp_path / "a", KEY, CONTEXT, broken(), DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_a_large_blob_never_rests_in_memory(tmp_path: Path) -> None:
    piece, count = drawn("piece", 65_536), 256
    digest = hashlib.sha256(piece * count).digest()
    tracemalloc.start()
    open_blob_to(tmp_path / "a", KEY, CONTEXT, seal_blob(KEY, CONTEXT, (piece for _ in range(count))), digest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size == 16 * 1024 * 1024
    assert peak < 2 * 1024 * 1024


def test_a_key_of_another_length_is_refused() -> None:
    for key in (b"", bytes(16), bytes(33)):
        with pytest.raises(KeyFormatError):
            seal_body(key, CONTEXT, b"")
        with pytest.raises(KeyFormatError):
            open_body(key, CONTEXT, bytes(100))


def test_the_derived_key_is_that_of_rfc_5869() -> None:
    # RFC 5869, test case 1, its first 32 bytes.
    salt, info = bytes.fromhex("000102030405060708090a0b0c"), bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert derive_key(b"\x0b" * 22, salt, info).hex() == expected
