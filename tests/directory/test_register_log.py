"""The log's bytes against published vectors, and against itself for every size."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import checkpoint, merkle, note, tiles
from directory.errors import ApprovalError, CheckpointError, NoteError, ProofError, TamperError
from directory.log import Log
from directory.logkey import LogPublicKey
from directory.words import fingerprint_words, words_match
from tests.directory.registerworld import GENESIS, NOW, log_key

# The eight leaves and roots with which the authors of RFC 6962 test their own implementation.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(count: int) -> list[bytes]:
    return [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_rfc_6962(size):
    assert merkle.root_of([merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_root_of_rfc_6962():
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 31, 33])
def test_every_leaf_and_every_prefix_can_be_proved(size):
    leaves = hashes(size)
    root = merkle.root_of(leaves)
    for index, leaf in enumerate(leaves):
        merkle.verify_inclusion(leaf, index, size, merkle.inclusion_proof(leaves, index), root)
        old = merkle.root_of(leaves[:index])
        merkle.verify_consistency(index, old, size, root, merkle.consistency_proof(leaves, index))


@given(st.integers(2, 40), st.data())
def test_no_inclusion_proof_fits_another_place_or_root(size, data):
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    proof = merkle.inclusion_proof(leaves, index)
    for wrong in (
        (leaves[other], index, size, proof, merkle.root_of(leaves)),
        (leaves[index], index, size, proof, bytes(32)),
        (leaves[index], index, size, (*proof, bytes(32)), merkle.root_of(leaves)),
        (leaves[index], size, size, proof, merkle.root_of(leaves)),
    ):
        with pytest.raises(ProofError):
            merkle.verify_inclusion(*wrong)


@given(st.integers(2, 40), st.data())
def test_no_consistency_proof_hides_a_changed_past(size, data):
    leaves = hashes(size)
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    past = [*leaves[:old]]
    past[changed] = bytes(32)
    proof = merkle.consistency_proof(leaves, old)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, merkle.root_of(past), size, merkle.root_of(leaves), proof)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, merkle.root_of(leaves[:old]), size, bytes(32), proof)
    with pytest.raises(ProofError):
        merkle.verify_consistency(size, merkle.root_of(leaves), old, merkle.root_of(leaves[:old]), proof)


def test_proofs_of_what_is_not_there_are_refused():
    with pytest.raises(ProofError):
        merkle.inclusion_proof(hashes(3), 3)
    with pytest.raises(ProofError):
        merkle.consistency_proof(hashes(3), 4)
    with pytest.raises(ProofError):
        merkle.verify_consistency(3, bytes(32), 3, merkle.root_of(hashes(3)), ())


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (tiles.Tile(0, 1234067, 256), "0/x001/x234/067"),
        (tiles.Tile(None, 0, 8), "entries/000.p/8"),
        (tiles.Tile(63, 999, 1), "63/999.p/1"),
        (tiles.Tile(1, 1000, 256), "1/x001/000"),
    ],
)
def test_tile_paths_are_those_of_tlog_tiles(tile, path):
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "64/000",
        "00/000",
        "0/0",
        "0/x000/001",
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/01",
        "0/../000",
        "entries/x001",
        "-1/000",
        "0/000.p/999",
    ],
)
def test_no_other_spelling_of_a_tile_path_is_taken(path):
    assert tiles.parse_path(path) is None


def test_a_log_of_70000_has_the_tiles_of_the_specification():
    widths = {
        (0, 272): 256,
        (0, 273): 112,
        (0, 274): 0,
        (1, 0): 256,
        (1, 1): 17,
        (2, 0): 1,
        (2, 1): 0,
        (None, 273): 112,
    }
    assert {key: tiles.width_at(tiles.Tile(*key, 256), 70_000) for key in widths} == widths


def test_a_level_one_tile_holds_the_roots_of_full_tiles():
    leaves = hashes(600)
    tile = tiles.tile_bytes(tiles.Tile(1, 0, 2), leaves)
    assert tile == merkle.root_of(leaves[:256]) + merkle.root_of(leaves[256:512])
    assert tiles.tile_bytes(tiles.Tile(1, 0, 3), leaves) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_back_as_they_went(entries):
    assert tiles.split_bundle(tiles.bundle_bytes(entries), len(entries)) == tuple(entries)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x05abc", b"\x00\x01ab", b"\x00\x01a\x00\x01b\x00\x01c"])
def test_a_bundle_that_is_cut_or_padded_is_refused(data):
    with pytest.raises(TamperError):
        tiles.split_bundle(data, 2)


def test_a_tile_that_is_cut_is_refused():
    with pytest.raises(TamperError):
        tiles.split_tile(bytes(63), 2)


def test_the_published_note_of_the_go_tools_is_read():
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    read = note.read_note((text + "\n" + line).encode())
    (signature,) = read.signatures
    assert read.text == text
    assert signature.key_id.hex() == "c74f20a3" == note.note_key_id("PeterNeumann", note.ED25519, public).hex()
    LogPublicKey(public, bytes(1312)).verify_text(signature.signature, read.text)
    assert note.write_note(read.text, read.signatures) == (text + "\n" + line).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"text\n",
        b"text\n\n",
        b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"text\n\n- a AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n".encode(),
        "text\n\n— a AAAA\n".encode(),
        "text\n\n— a AAAAAAA\n".encode(),
        "text\n\n— a AAAAAAB=\n".encode(),
        "te\txt\n\n— a AAAAAAA=\n".encode(),
        "text\n\n— a AAAAAAA=".encode(),
        b"x" * 300_000,
    ],
)
def test_what_is_no_note_is_refused(data):
    with pytest.raises(NoteError):
        note.read_note(data)


def signed_head(size: int = 3) -> bytes:
    return checkpoint.sign_checkpoint(log_key(), GENESIS.origin, size, b"r" * 32, NOW)


def read(data: bytes) -> checkpoint.Checkpoint:
    return checkpoint.read_checkpoint(data, GENESIS.origin, log_key().public)


def test_a_checkpoint_comes_back_with_its_time():
    head = read(signed_head())
    assert (head.size, head.root, head.at) == (3, b"r" * 32, NOW)


@pytest.mark.parametrize("left", [0, 1])
def test_downgraded_checkpoint_with_one_of_two_signatures_is_refused(left):
    parsed = note.read_note(signed_head())
    with pytest.raises(CheckpointError) as refused:
        read(note.write_note(parsed.text, [parsed.signatures[left]]))
    assert refused.value.code == "E-CHECKPOINT-DOWNGRADED"


@pytest.mark.parametrize("forged", [0, 1])
def test_forged_checkpoint_is_refused_whichever_algorithm_is_broken(forged):
    ours, theirs = note.read_note(signed_head()), note.read_note(signed_head(4))
    signatures = list(theirs.signatures)
    signatures[forged] = ours.signatures[forged]
    with pytest.raises(CheckpointError) as refused:
        read(note.write_note(theirs.text, signatures))
    assert refused.value.code == "E-CHECKPOINT-FORGED"


def test_a_checkpoint_redated_on_the_way_is_refused():
    parsed = note.read_note(signed_head())
    stamped = parsed.signatures[1]
    later = int.from_bytes(stamped.signature[:8], "big") + 86_400
    moved = note.NoteSignature(stamped.name, stamped.key_id, later.to_bytes(8, "big") + stamped.signature[8:])
    with pytest.raises(CheckpointError):
        read(note.write_note(parsed.text, [parsed.signatures[0], moved]))


def test_a_checkpoint_of_another_log_or_key_is_refused():
    with pytest.raises(CheckpointError):
        checkpoint.read_checkpoint(signed_head(), "cpn1/other", log_key().public)
    with pytest.raises(CheckpointError):
        checkpoint.read_checkpoint(signed_head(), GENESIS.origin, log_key("other").public)


def test_signatures_of_witnesses_are_passed_over():
    parsed = note.read_note(signed_head())
    witness = note.NoteSignature("witness.example", b"abcd", b"anything")
    assert read(note.write_note(parsed.text, [witness, *parsed.signatures])).size == 3


def test_words_are_those_of_bip39():
    assert fingerprint_words(bytes(32)) == "abandon " * 11 + "about"
    assert fingerprint_words(b"\x7f" * 32) == (
        "legal winner thank year wave sausage worth useful legal winner thank yellow"
    )


def test_words_are_taken_as_people_type_them():
    words_match(b"\x7f" * 32, "  Legal winner THANK year wave sausage worth useful legal\nwinner thank yellow ")


@pytest.mark.parametrize("said", ["", "abandon " * 12, "abandon " * 11, "abandon " * 11 + "abuot"])
def test_wrong_words_are_refused(said):
    with pytest.raises(ApprovalError):
        words_match(b"\x7f" * 32, said)


def test_extending_a_log_leaves_the_old_one_as_it_was():
    old = Log().extend([b"a"])
    new = old.extend([b"b", b"c"])
    assert (old.size, new.size, new.root_at(1)) == (1, 3, old.root)
    merkle.verify_consistency(1, old.root, 3, new.root, new.consistency(1))
