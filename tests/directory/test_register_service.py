"""The real register over real HTTP: exact paths and bytes, what it takes, what it refuses, and the registrar beside it."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from directory.checkpoint import read_checkpoint
from directory.contact import GatewayAddress
from directory.documents import Genesis, Purpose
from directory.enrolment import make_card, make_charter, make_revocation
from directory.errors import ApprovalError, FolderError, UnknownStateError
from directory.folder import Folder
from directory.log import Leaf
from directory.main import RunningRegister, approve, init_register, running_register, suspend
from directory.merkle import leaf_hash, root_of
from directory.readers import make_reader
from directory.store import SqlRows
from directory.tiles import split_bundle, split_tile
from directory.words import fingerprint_words
from keys.digest import digest
from keys.prekeys import make_sheet
from keys.signed import Signed, sign
from keys.signing import SigningKey
from tests.directory.registerworld import NOW, PUBLIC, REACH, signing, station_keys


@dataclass
class Shown:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Site:
    """One running register, and how a State speaks to it."""

    home: Path
    running: RunningRegister
    http: httpx2.AsyncClient
    clock: Shown = field(default_factory=Shown)

    @property
    def genesis(self) -> Genesis:
        return self.running.genesis

    def charter(self, state: str = "XA", number: int = 1, *, root: str = "root", tag: str = "") -> Signed:
        records = station_keys(state, tag).records(state, NOW, NOW + timedelta(days=390), self.genesis.net)
        address = [GatewayAddress(f"wss://{state.lower()}.example/", "webpki")]
        return make_charter([signing(f"{state}/{root}")], state, number, records, address, NOW, self.genesis.net)

    def card(self, state: str = "XA", number: int = 1, salt: bytes = b"s" * 16):
        keeper = station_keys(state).keeper
        return make_card(keeper, state, number, PUBLIC, REACH, salt, NOW, self.genesis.net)

    def sheet(self, number: int = 1, by: str = "XA/station", state: str = "XA") -> Signed:
        seeds = [digest(bytes([day, number])) for day in range(35)]
        return make_sheet(signing(by), state, number, date(2027, 3, 4), seeds, self.genesis.net)

    async def submit(self, signed: Signed | bytes) -> httpx2.Response:
        data = signed if isinstance(signed, bytes) else signed.to_bytes()
        return await self.http.post("/v1/submissions", content=data)

    async def enrol(self, state: str = "XA") -> None:
        assert (await self.submit(self.charter(state))).status_code == 202
        await self.running.register.approve(state, words(f"{state}/root"), self.registrar(), "heard", NOW)

    def registrar(self) -> SigningKey:
        return Folder(self.home).registrar()


def words(root: str) -> str:
    return fingerprint_words(signing(root).public.id)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    home = tmp_path / "register"
    init_register(home, Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    clock = Shown()
    async with running_register(home, 0, clock) as running, httpx2.AsyncClient(base_url=running.url) as http:
        yield Site(home, running, http, clock)


def code(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return str(body["code"])


async def head(site: Site):
    answer = await site.http.get("/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return read_checkpoint(answer.content, site.genesis.origin, site.genesis.log.key)


def test_a_fresh_folder_is_readable_by_its_owner_only(tmp_path):
    home = tmp_path / "register"
    genesis = init_register(home, Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    assert genesis.at == NOW
    assert {path.name for path in home.iterdir()} == {
        "genesis.cbor",
        "log.sealed",
        "register.toml",
        "registrar.sealed",
        "registrar.secret",
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in home.iterdir())
    with pytest.raises(FolderError):
        init_register(home, Purpose.LIVE, "Again", "demo-1", lambda: NOW)


async def test_a_secret_that_others_may_read_stops_the_register(tmp_path):
    init_register(tmp_path / "r", Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    (tmp_path / "r" / "registrar.secret").chmod(0o644)
    with pytest.raises(FolderError):
        async with running_register(tmp_path / "r", 0):
            pass


async def test_an_unknown_setting_names_the_nearest_one(tmp_path):
    init_register(tmp_path / "r", Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    (tmp_path / "r" / "register.toml").write_text("prot = 1\n")
    with pytest.raises(FolderError, match="did you mean port"):
        async with running_register(tmp_path / "r", 0):
            pass


async def test_an_empty_log_has_a_checkpoint_and_no_tile(site):
    assert (await head(site)).size == 0
    assert code(await site.http.get("/tile/0/000")) == "E-TILE-PATH"
    assert code(await site.http.get("/tile/entries/000.p/1")) == "E-TILE-PATH"
    assert (await site.http.get("/v1/genesis")).content == site.running.genesis_bytes


async def test_a_charter_waits_until_its_words_are_heard(site):
    waiting = await site.submit(site.charter())
    assert (waiting.status_code, waiting.json()["outcome"]) == (202, "waiting")
    assert (await site.submit(site.card()[0])).json()["outcome"] == "waiting"
    assert (await head(site)).size == 0
    with pytest.raises(ApprovalError):
        await approve(site.home, "XA", words("XB/root"))
    assert (await head(site)).size == 0
    taken = await approve(site.home, "XA", words("XA/root").upper())
    assert [each.kind for each in taken] == ["listing", "charter", "card"]
    assert (await head(site)).size == 3
    states = (await site.http.get("/v1/states")).json()
    assert [(row["state"], row["status"], row["body"]) for row in states["states"]] == [("XA", "listed", "Desk")]


async def test_tiles_entries_and_objects_lead_to_the_signed_root(site):
    await site.enrol()
    signed = await head(site)
    tile = await site.http.get(f"/tile/0/000.p/{signed.size}")
    bundle = await site.http.get(f"/tile/entries/000.p/{signed.size}")
    assert tile.headers["content-type"] == bundle.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    entries = split_bundle(bundle.content, signed.size)
    assert split_tile(tile.content, signed.size) == tuple(leaf_hash(entry) for entry in entries)
    assert root_of(split_tile(tile.content, signed.size)) == signed.root
    detail = (await site.http.get("/v1/states/XA")).json()
    assert detail["words"] == words("XA/root")
    logged = await site.http.get(f"/v1/objects/{detail['charter']['digest']}")
    assert digest(logged.content).hex() == detail["charter"]["digest"]


async def test_a_false_claim_does_not_push_out_the_true_one(site):
    await site.submit(site.charter())
    for number in range(7):
        assert (await site.submit(site.charter(root=f"thief{number}"))).status_code == 202
    full = await site.submit(site.charter(root="one more"))
    assert (full.status_code, code(full)) == (429, "E-WAITING-FULL")
    await approve(site.home, "XA", words("XA/root"))
    detail = (await site.http.get("/v1/states/XA")).json()
    assert detail["roots"] == [signing("XA/root").public.id.hex()]
    assert await site.running.register.waiting() == []


async def test_what_a_listed_state_signed_is_appended_with_nobody_asked(site):
    await site.enrol()
    assert (await site.submit(site.card()[0])).json() == {
        "outcome": "appended",
        "kind": "card",
        "state": "XA",
        "digest": (await site.http.get("/v1/states/XA")).json()["card"]["digest"],
        "index": 2,
    }
    end = make_revocation(signing("XA/root"), "XA", signing("XA/station").public.id, NOW, NOW, "lost", site.genesis.net)
    assert (await site.submit(end)).status_code == 201
    again = await site.submit(end)
    assert (again.status_code, again.json()["outcome"]) == (200, "known")
    assert (await head(site)).size == 4


async def test_submissions_signed_by_the_wrong_key_are_refused_with_a_code(site):
    await site.enrol()
    _, members = site.card()
    forged = sign("card", site.card()[0].content, [signing("XA/station")], site.genesis.net)
    assert code(await site.submit(forged)) == "E-SIGNER"
    assert code(await site.submit(site.charter("XC", 2))) == "E-NUMBER"
    assert code(await site.submit(site.card("XC")[0])) == "E-NOT-LISTED"
    assert code(await site.submit(members.to_content())) == "E-MEMBERS"
    assert (await head(site)).size == 2


@pytest.mark.parametrize(
    ("data", "status"), [(b"", 400), (b"\xa0", 400), (b"\xff", 400), (b"\x80", 400), (b"x" * 131_073, 429)]
)
async def test_malformed_or_huge_submissions_are_refused(site, data, status):
    assert (await site.submit(data)).status_code == status


async def test_a_listing_cannot_be_handed_in(site):
    await site.enrol()
    view = await site.running.register.view()
    first = await site.running.register.object(Leaf.from_bytes(view.log.entries[0]).digest)
    assert code(await site.submit(first)) == "E-DOCUMENT-TYPE"


async def test_equal_version_with_other_bytes_is_refused_as_such(site):
    await site.enrol()
    await site.submit(site.card()[0])
    other = await site.submit(site.card(salt=b"t" * 16)[0])
    assert (other.status_code, code(other)) == (409, "E-EQUAL-VERSION")


async def test_a_document_from_the_future_is_refused(site):
    site.clock.at = NOW - timedelta(minutes=6)
    assert code(await site.submit(site.charter())) == "E-FUTURE"


async def test_the_newest_sheet_is_handed_out_and_never_an_older_one(site):
    await site.enrol()
    assert code(await site.http.get("/v1/states/XA/sheet")) == "E-NO-SHEET"
    first, second = site.sheet(1), site.sheet(2)
    assert (await site.http.put("/v1/states/XA/sheet", content=first.to_bytes())).json()["outcome"] == "stored"
    assert (await site.submit(second)).json()["outcome"] == "stored"
    assert (await site.submit(second)).json()["outcome"] == "known"
    assert code(await site.submit(first)) == "E-NUMBER"
    other = sign(
        "prekeys", second.content.replace(b"2027-03-04", b"2027-03-05"), [signing("XA/station")], site.genesis.net
    )
    assert code(await site.submit(other)) == "E-EQUAL-VERSION"
    assert code(await site.submit(site.sheet(3, by="XA/gateway"))) == "E-KEY-ROLE"
    assert (await site.http.get("/v1/states/XA/sheet")).content == second.to_bytes()


async def test_a_station_cannot_hand_in_a_sheet_for_another_state(site):
    await site.enrol("XA")
    await site.enrol("XB")
    assert code(await site.submit(site.sheet(1, by="XB/station", state="XA"))) == "E-SIGNER"


async def test_telephones_are_shown_to_listed_members_only(site):
    await site.enrol()
    card, members = site.card()
    await site.submit(card)
    assert (await site.submit(members.to_content())).json()["outcome"] == "stored"
    path = f"/v1/members/{members.salted.hex()}"
    station = signing("XA/station")

    async def read(header: str | None) -> httpx2.Response:
        return await site.http.get(path, headers={"Authorization": header} if header else {})

    good = make_reader(station, members.salted, NOW, site.genesis.net)
    assert (await read(good)).content == members.to_content()
    assert code(await read(None)) == "E-READER"
    assert code(await read("CPN1 " + base64.b64encode(b"x").decode())) == "E-READER"
    assert code(await read(make_reader(station, bytes(32), NOW, site.genesis.net))) == "E-READER"
    assert (
        code(await read(make_reader(station, members.salted, NOW - timedelta(minutes=6), site.genesis.net)))
        == "E-READER"
    )
    assert code(await read(make_reader(signing("XA/gateway"), members.salted, NOW, site.genesis.net))) == "E-KEY-ROLE"
    await suspend(site.home, "XA", "why")
    refused = await read(good)
    assert (refused.status_code, code(refused)) == (403, "E-SUSPENDED")


async def test_a_new_members_part_erases_the_old_one(site):
    await site.enrol()
    for number, salt in ((1, b"s" * 16), (2, b"t" * 16)):
        card, members = site.card(number=number, salt=salt)
        await site.submit(card)
        await site.submit(members.to_content())
    old = site.card()[1].salted
    header = {"Authorization": make_reader(signing("XA/station"), old, NOW, site.genesis.net)}
    assert code(await site.http.get(f"/v1/members/{old.hex()}", headers=header)) == "E-NO-MEMBERS"


async def test_suspending_and_approving_run_beside_the_server(site):
    await site.enrol()
    size = (await head(site)).size
    await suspend(site.home, "XA", "asked by XA")
    assert (await site.http.get("/v1/states/XA")).json()["status"] == "suspended"
    with pytest.raises(ApprovalError):
        await suspend(site.home, "XA", "again")
    with pytest.raises(UnknownStateError):
        await suspend(site.home, "XB", "unknown")
    await approve(site.home, "XA", words("XA/root"))
    with pytest.raises(ApprovalError):
        await approve(site.home, "XA", words("XA/root"))
    assert (await head(site)).size == size + 2


async def test_a_quiet_register_signs_anew_and_one_with_a_clock_set_back_never_signs_older(site):
    first = await head(site)
    site.clock.at += timedelta(minutes=5)
    assert (await head(site)).note == first.note
    site.clock.at += timedelta(minutes=6)
    second = await head(site)
    assert second.at == NOW + timedelta(minutes=11)
    site.clock.at = NOW
    await site.enrol()
    assert (await head(site)).at == second.at
    assert (await head(site)).size == 2


async def test_submissions_at_once_take_places_one_after_another(site):
    for state in ("XA", "XB", "XC"):
        await site.enrol(state)
    answers = await asyncio.gather(*(site.submit(site.card(state)[0]) for state in ("XA", "XB", "XC")))
    assert sorted(answer.json()["index"] for answer in answers) == [6, 7, 8]
    assert (await head(site)).size == 9


async def test_an_approval_that_fails_half_way_leaves_no_trace_in_any_checkpoint(site, monkeypatch):
    await site.submit(site.charter())

    async def broken(self, state):
        raise RuntimeError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr(SqlRows, "drop_waiting", broken)
        with pytest.raises(RuntimeError):
            await site.running.register.approve("XA", words("XA/root"), site.registrar(), "", NOW)
    assert (await head(site)).size == 0
    await site.enrol("XB")
    signed = await head(site)
    bundle = await site.http.get("/tile/entries/000.p/2")
    assert root_of([leaf_hash(entry) for entry in split_bundle(bundle.content, 2)]) == signed.root


async def test_flooding_from_one_address_is_slowed_down(tmp_path):
    init_register(tmp_path / "r", Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    (tmp_path / "r" / "register.toml").write_text("submissions_per_minute = 3\n")
    async with running_register(tmp_path / "r", 0) as running, httpx2.AsyncClient(base_url=running.url) as http:
        answers = [await http.post("/v1/submissions", content=b"x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


async def test_a_register_that_starts_again_has_the_same_log(tmp_path):
    home = tmp_path / "r"
    init_register(home, Purpose.TRAINING, "Exercise", "demo-1", lambda: NOW)
    async with running_register(home, 0, Shown()) as running, httpx2.AsyncClient(base_url=running.url) as http:
        site = Site(home, running, http)
        await site.enrol()
        before = (await head(site)).note
    async with running_register(home, 0, Shown()) as running, httpx2.AsyncClient(base_url=running.url) as http:
        assert (await head(Site(home, running, http))).note == before
