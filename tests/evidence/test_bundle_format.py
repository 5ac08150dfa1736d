"""The bundle's bytes: one spelling, nothing unlisted, nothing that unfolds."""

import io
import zipfile

import pytest

from contactpoint.desk import bundle as bundle_module
from contactpoint.desk.bundle import MANIFEST, BundleError, read_bundle, write_bundle

MEMBERS = {"case.json": b"{}\n", "letters/00/salt": bytes(32), "summary.txt": "Grüße\n".encode()}


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return target.getvalue()


def with_manifest(members: dict[str, bytes]) -> list[tuple[str, bytes]]:
    manifest = zipfile.ZipFile(io.BytesIO(write_bundle(members))).read(MANIFEST)
    return [*members.items(), (MANIFEST, manifest)]


def test_what_was_written_is_read():
    assert read_bundle(write_bundle(MEMBERS)) == MEMBERS


def test_the_same_members_in_any_order_give_the_same_bytes():
    assert write_bundle(dict(reversed(MEMBERS.items()))) == write_bundle(MEMBERS)


def test_the_manifest_is_what_sha256sum_reads():
    lines = zipfile.ZipFile(io.BytesIO(write_bundle(MEMBERS))).read(MANIFEST).decode().splitlines()
    assert lines[0] == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356  case.json"


def test_every_changed_byte_of_a_bundle_is_found():
    whole = write_bundle(MEMBERS)
    for place in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            changed = whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :]
            with pytest.raises(BundleError):
                read_bundle(changed)


def test_a_bundle_that_was_cut_off_at_any_place_is_found():
    whole = write_bundle(MEMBERS)
    for length in range(len(whole)):
        with pytest.raises(BundleError):
            read_bundle(whole[:length])


@pytest.mark.parametrize("more", [b"\0", b"more", b"PK\x05\x06" + bytes(18)])
def test_bytes_before_or_after_the_bundle_are_found(more):
    for changed in (write_bundle(MEMBERS) + more, more + write_bundle(MEMBERS)):
        with pytest.raises(BundleError):
            read_bundle(changed)


def test_a_comment_in_the_zip_is_found():
    target = io.BytesIO(write_bundle(MEMBERS))
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"trust me"
    with pytest.raises(BundleError):
        read_bundle(target.getvalue())


def test_an_unlisted_member_is_found():
    with pytest.raises(BundleError, match=r"notes\.txt is in the bundle, but not listed"):
        read_bundle(zipped([*with_manifest(MEMBERS), ("notes.txt", b"believe me")]))


def test_a_listed_member_that_was_taken_out_is_found():
    entries = [(name, data) for name, data in with_manifest(MEMBERS) if name != "summary.txt"]
    with pytest.raises(BundleError, match=r"summary\.txt is listed, but not in the bundle"):
        read_bundle(zipped(entries))


def test_a_member_exchanged_under_the_old_manifest_is_found():
    entries = [(name, b"other" if name == "summary.txt" else data) for name, data in with_manifest(MEMBERS)]
    with pytest.raises(BundleError, match=r"summary\.txt was changed"):
        read_bundle(zipped(entries))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_found():
    with pytest.raises(BundleError, match="the same name"):
        read_bundle(zipped([*with_manifest(MEMBERS), ("summary.txt", b"the other summary")]))


def test_a_bundle_without_manifest_is_refused():
    with pytest.raises(BundleError, match="has no manifest"):
        read_bundle(zipped(list(MEMBERS.items())))


POISONED = [
    "../case.json",
    "/etc/passwd",
    "letters/../../case.json",
    "letters//salt",
    "./summary.txt",
    "C:/summary.txt",
    "letters\\salt",
    "summary.txt ",
    "summary.txt.",
    "Summary.txt",
    "sum\u202emary.txt",
    "summary\n.txt",
    "su\u0301mmary.txt",
    "con\x1b[2J",
    "letters/",
    "",
    "a" * 300,
]


@pytest.mark.parametrize("name", POISONED)
def test_a_poisoned_file_name_is_refused(name):
    with pytest.raises(BundleError):
        read_bundle(zipped([*with_manifest(MEMBERS), (name, b"x")]))
    with pytest.raises(BundleError):
        write_bundle({**MEMBERS, name: b"x"})


def test_a_zip_bomb_is_refused_before_it_unfolds():
    bomb = zipped([("case.json", bytes(20 << 20))], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 16
    with pytest.raises(BundleError, match="compressed"):
        read_bundle(bomb)


def test_a_member_that_claims_to_be_larger_than_the_bundle_is_refused():
    whole = bytearray(write_bundle(MEMBERS))
    entry = whole.index(b"PK\x01\x02")
    whole[entry + 20 : entry + 28] = (50 << 20).to_bytes(4, "little") * 2
    with pytest.raises(BundleError, match="larger than the bundle"):
        read_bundle(bytes(whole))


def test_many_members_in_the_place_of_one_are_refused():
    """A bomb without compression: every entry of the directory points at the same bytes."""
    whole = write_bundle({"case.json": bytes(1000)})
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entry = whole[start:end][: 46 + len("case.json")]
    many = b"".join(entry.replace(b"case.json", b"cas%04d.j" % n) for n in range(2000))
    tail = bytearray(whole[end:])
    tail[8:12] = (2000).to_bytes(2, "little") * 2
    tail[12:16] = len(many).to_bytes(4, "little")
    with pytest.raises(BundleError, match=r"larger than the bundle|ZIP"):
        read_bundle(whole[:start] + many + bytes(tail))


def test_an_oversized_member_is_refused(monkeypatch):
    whole = write_bundle(MEMBERS)
    monkeypatch.setattr(bundle_module, "MAX_MEMBER_BYTES", 31)
    with pytest.raises(BundleError, match="is larger than"):
        read_bundle(whole)


def test_too_many_members_are_refused(monkeypatch):
    whole = write_bundle(MEMBERS)
    monkeypatch.setattr(bundle_module, "MAX_MEMBERS", 3)
    with pytest.raises(BundleError, match="more than 3 members"):
        read_bundle(whole)


def test_an_oversized_bundle_is_refused_unread(monkeypatch):
    monkeypatch.setattr(bundle_module, "MAX_BUNDLE_BYTES", 100)
    with pytest.raises(BundleError, match="larger than"):
        read_bundle(write_bundle(MEMBERS))


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_refused(data):
    with pytest.raises(BundleError):
        read_bundle(data)
