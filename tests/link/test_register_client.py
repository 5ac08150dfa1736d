"""A node against a real register, and against mirrors that lie."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest

from contactpoint.link.errors import UnreachableError
from contactpoint.link.register import RegisterClient, RegisterRefusedError
from directory.contact import GatewayAddress
from directory.documents import Purpose
from directory.enrolment import make_card, make_charter
from directory.errors import CheckpointError, RollBackError, SplitViewError, TamperError
from directory.files import from_files, to_files
from directory.folder import Folder
from directory.log import Leaf, Log
from directory.main import init_register, running_register
from directory.rules import Status
from directory.sheets import check_sheet
from directory.tiles import bundle_bytes, covering, tile_bytes
from directory.trusted import TrustedCopy
from directory.words import fingerprint_words
from keys.digest import digest
from keys.prekeys import make_sheet
from tests.directory.registerworld import (
    NOW,
    PUBLIC,
    REACH,
    RegistrarLog,
    charter,
    genesis_object,
    signing,
    start,
    station_keys,
    two_states,
)


def files_of(log: RegistrarLog) -> dict[str, bytes]:
    """What a static mirror would serve: plain files."""
    size = log.log.size
    files = {"/v1/genesis": genesis_object(), "/checkpoint": log.checkpoint()}
    for tile in covering(0, 0, size):
        files[f"/tile/{tile.path}"] = tile_bytes(tile, log.log.hashes) or b""
    for tile in covering(None, 0, size):
        first = tile.index * 256
        files[f"/tile/{tile.path}"] = bundle_bytes(log.log.entries[first : first + tile.width])
    return files | {f"/v1/objects/{name.hex()}": data for name, data in log.objects.items()}


@asynccontextmanager
async def mirror(files: dict[str, bytes], status: str = "200 OK") -> AsyncIterator[RegisterClient]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        body = files.get(path)
        line = status if body is not None else "404 Not Found"
        body = body or b""
        writer.write(f"HTTP/1.1 {line}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, RegisterClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        yield client


async def test_a_node_follows_a_real_register_from_genesis_to_telephones(tmp_path):
    home = tmp_path / "register"
    genesis = init_register(home, Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    net = genesis.net
    keys = station_keys("XA")
    records = keys.records("XA", NOW, NOW + timedelta(days=300), net)
    address = [GatewayAddress("wss://xa.example/", "webpki")]
    first = make_charter([signing("XA/root")], "XA", 1, records, address, NOW, net)
    card, members = make_card(keys.keeper, "XA", 1, PUBLIC, REACH, b"s" * 16, NOW, net)
    sheet = make_sheet(keys.station, "XA", 1, date(2027, 3, 4), [digest(bytes([day])) for day in range(35)], net)
    async with running_register(home, 0, lambda: NOW) as running, RegisterClient(running.url + "/") as client:
        copy = TrustedCopy.start(await client.fetch_genesis(), genesis.digest)
        assert (await client.update(copy, NOW)).size == 0
        assert (await client.submit(first.to_bytes())).outcome == "waiting"
        words = fingerprint_words(signing("XA/root").public.id)
        await running.register.approve("XA", words, Folder(home).registrar(), "", NOW)
        appended = await client.submit(card.to_bytes())
        assert (appended.outcome, appended.index, appended.digest) == ("appended", 2, digest(card.to_bytes()))
        await client.submit(members.to_content())
        assert await client.fetch_sheet("XA") is None
        await client.submit(sheet.to_bytes())
        copy = await client.update(copy, NOW)
        copy = await client.update_members(copy, keys.station, NOW)
        contact = copy.contact_point("XA")
        assert contact.status is Status.LISTED
        assert contact.members == members
        assert await client.fetch_states() == ("XA",)
        handed_out = await client.fetch_sheet("XA")
        assert handed_out is not None
        assert check_sheet(copy.registry, handed_out, NOW).number == 1
        with pytest.raises(RegisterRefusedError) as refused:
            await client.submit(b"nonsense")
        assert (refused.value.status, refused.value.code) == (400, "E-MALFORMED")
    async with RegisterClient(running.url) as client:
        with pytest.raises(UnreachableError):
            await client.update(copy, NOW)
    assert from_files(to_files(copy), genesis.digest, NOW) == copy


async def test_a_mirror_of_plain_files_serves_as_well_as_the_register():
    log, copy = two_states()
    async with mirror(files_of(log)) as client:
        fetched = await client.update(start(), NOW)
    assert (fetched.size, fetched.root, fetched.registry) == (copy.size, copy.root, copy.registry)


async def test_a_log_of_several_tiles_is_fetched_from_where_the_copy_ends():
    log = RegistrarLog()
    log.list_state("XA")
    copy = log.advance(start())
    leaf = Leaf.from_bytes(log.log.entries[-1])
    more = [Leaf(leaf.kind, leaf.state, leaf.number + n, leaf.digest).to_bytes() for n in range(1, 600)]
    log.log = log.log.extend(more)
    async with mirror(files_of(log)) as client:
        after = await client.update(copy, NOW)
        assert await client.fetch_leaf_hashes(log.log.size) == log.log.hashes
        assert await client.fetch_entries(300, 602) == log.log.entries[300:602]
    assert (after.size, len(after.faults)) == (602, 599)


async def lied_to(files: dict[str, bytes], copy: TrustedCopy, refusal: type[Exception], code: str) -> None:
    before = to_files(copy)
    async with mirror(files) as client:
        with pytest.raises(refusal) as refused:
            await client.update(copy, NOW)
    assert getattr(refused.value, "code", "") == code
    assert to_files(copy) == before


async def test_a_mirror_that_tampers_with_an_entry_is_told_from_the_register():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    files = files_of(log)
    path = next(path for path in files if path.startswith("/tile/entries"))
    await lied_to({**files, path: files[path].replace(b"bXA", b"bXC")}, copy, TamperError, "E-ENTRY")


async def test_a_mirror_that_tampers_with_a_tile_beside_the_entry_is_refused():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    files = {path: bytes(len(data)) if path.startswith("/tile/0") else data for path, data in files_of(log).items()}
    path = next(path for path in files if path.startswith("/tile/entries"))
    await lied_to({**files, path: files[path][:-1] + b"x"}, copy, TamperError, "E-ENTRIES")


async def test_a_mirror_that_tampers_with_an_object_is_refused():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    other = charter("XA", 2, tag="new").to_bytes()
    name = Leaf.from_bytes(log.log.entries[-1]).digest
    await lied_to({**files_of(log), f"/v1/objects/{name.hex()}": other}, copy, TamperError, "E-OBJECT")


async def test_a_register_that_shows_two_histories_is_named():
    log, copy = two_states()
    other = RegistrarLog(Log().extend([*log.log.entries[:4], *reversed(log.log.entries[4:])]), dict(log.objects))
    other.put(charter("XA", 2, tag="new"))
    await lied_to(files_of(other), copy, SplitViewError, "E-SPLIT-VIEW")


async def test_a_mirror_that_serves_yesterdays_log_is_refused():
    log, copy = two_states()
    old = RegistrarLog(Log().extend(log.log.entries[:3]), dict(log.objects))
    await lied_to(files_of(old), copy, RollBackError, "E-ROLL-BACK")


async def test_a_mirror_with_a_key_of_its_own_is_refused():
    log, copy = two_states()
    forged = files_of(log)["/checkpoint"].replace(b"\n6\n", b"\n7\n")
    await lied_to({"/checkpoint": forged}, copy, CheckpointError, "E-CHECKPOINT-FORGED")


async def test_a_mirror_that_withholds_an_object_is_refused():
    log, copy = two_states()
    log.honest(charter("XA", 2, tag="new"))
    name = Leaf.from_bytes(log.log.entries[-1]).digest
    files = {path: data for path, data in files_of(log).items() if path != f"/v1/objects/{name.hex()}"}
    await lied_to(files, copy, RegisterRefusedError, "E-REGISTER")


async def test_an_endless_answer_is_cut_off():
    async with mirror({"/checkpoint": bytes(300_000)}) as client:
        with pytest.raises(RegisterRefusedError) as refused:
            await client.fetch_checkpoint()
    assert refused.value.code == "E-TOO-LARGE"


async def test_a_redirect_is_not_followed():
    async with mirror({"/checkpoint": b"elsewhere"}, "302 Found\r\nLocation: http://127.0.0.1:1/") as client:
        with pytest.raises(RegisterRefusedError) as refused:
            await client.fetch_checkpoint()
    assert refused.value.status == 302


async def test_an_answer_that_is_no_register_is_named():
    async with mirror({"/v1/submissions": b"<html>", "/v1/states": b"[]"}) as client:
        with pytest.raises(RegisterRefusedError):
            await client.submit(b"x")
        with pytest.raises(RegisterRefusedError):
            await client.fetch_states()


async def test_nothing_answers():
    async with RegisterClient("http://127.0.0.1:1") as client:
        with pytest.raises(UnreachableError):
            await client.update(start(), NOW)
