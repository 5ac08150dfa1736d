"""The doctor's checks on real files, sockets and certificates: each finds its own fault, and none is silent about one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contactpoint.desk import doctor
from keys.tls import make_server_certificate

NOW = datetime.now(UTC).replace(microsecond=0)


def certificate(folder: Path, host: str = "xa.example", days: int = 90, name: str = "public") -> tuple[Path, Path]:
    pem, key = make_server_certificate([host], NOW - timedelta(days=1), NOW + timedelta(days=days))
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(pem)
    files[1].write_bytes(key)
    return files


def test_two_clocks_prove_nothing_and_three_do() -> None:
    assert "unproven" in doctor.check_clock({"gateway": 99.0, "peer": 99.0}).text
    assert doctor.check_clock({"gateway": 0.1, "peer": -0.2, "register": 1.9}).ok
    wrong = doctor.check_clock({"gateway": 31.0, "peer": 32.0, "register": 0.0})
    assert not wrong.ok
    assert "behind" in wrong.text
    assert "no legal times" in wrong.what_to_do


def test_a_clock_that_is_seconds_off_is_named_though_times_are_still_signed() -> None:
    check = doctor.check_clock({"gateway": -5.0, "peer": -5.0, "register": -5.0})
    assert not check.ok
    assert "ahead of" in check.text
    assert "marked" in check.what_to_do


def test_one_lying_clock_does_not_condemn_ours() -> None:
    assert doctor.check_clock({"gateway": 0.1, "peer": 86400.0, "register": -0.1}).ok


def test_a_certificate_in_force_passes_and_says_until_when(tmp_path: Path) -> None:
    check = doctor.check_certificate("TLS", "xa.example", *certificate(tmp_path), NOW)
    assert check.ok, check
    assert f"{NOW + timedelta(days=90):%d %B %Y}" in check.text


def test_a_certificate_for_another_host_or_with_another_key_or_out_of_force_fails(tmp_path: Path) -> None:
    crt, key = certificate(tmp_path)
    _, other = certificate(tmp_path, name="other")
    assert "xb.example" in doctor.check_certificate("TLS", "xb.example", crt, key, NOW).what_to_do
    assert not doctor.check_certificate("TLS", "xa.example", crt, other, NOW).ok
    assert not doctor.check_certificate("TLS", "xa.example", tmp_path / "none", key, NOW).ok
    pem, old_key = make_server_certificate(["xa.example"], NOW - timedelta(days=9), NOW - timedelta(days=1))
    crt.write_bytes(pem)
    key.write_bytes(old_key)
    assert not doctor.check_certificate("TLS", "xa.example", crt, key, NOW).ok


def test_a_certificate_that_ends_within_a_month_is_named_while_there_is_time(tmp_path: Path) -> None:
    check = doctor.check_certificate("TLS", "xa.example", *certificate(tmp_path, days=29), NOW)
    assert not check.ok
    assert "Renew" in check.what_to_do


def test_a_secret_that_others_may_read_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "desk.secret"
    assert "missing" in doctor.check_private([secret]).text
    secret.write_bytes(b"x")
    secret.chmod(0o640)
    assert "chmod 600" in doctor.check_private([secret]).what_to_do
    secret.chmod(0o600)
    assert doctor.check_private([secret]).ok


def test_the_systems_time_zones_in_front_of_the_shipped_ones_are_a_fault(tmp_path: Path) -> None:
    assert doctor.check_zones((), "2026.3").ok
    assert doctor.check_zones((str(tmp_path / "none"),), "2026.3").ok
    assert not doctor.check_zones((str(tmp_path),), "2026.3").ok
    assert not doctor.check_zones((), None).ok


def test_a_full_disk_and_a_folder_of_somebody_else_are_named(tmp_path: Path) -> None:
    assert doctor.check_disk(tmp_path, least=1).ok
    assert "no receipt" in doctor.check_disk(tmp_path, least=1 << 62).what_to_do
    assert not doctor.check_disk(tmp_path / "none").ok
    assert doctor.check_writable(tmp_path).ok
    assert list(tmp_path.iterdir()) == []
    assert not doctor.check_writable(tmp_path / "none").ok


async def test_a_listener_is_reachable_until_it_is_gone() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await doctor.check_reachable("to XB", "127.0.0.1", port, "Telephone XB.")).ok
    server.close()
    await server.wait_closed()
    gone = await doctor.check_reachable("to XB", "127.0.0.1", port, "Telephone XB.")
    assert (gone.ok, gone.what_to_do) == (False, "Telephone XB.")


async def test_a_name_that_leads_nowhere_is_named() -> None:
    assert (await doctor.check_name("localhost")).ok
    assert not (await doctor.check_name("a" * 300 + ".example")).ok


async def test_a_database_that_hangs_or_fails_is_a_finding_and_its_address_is_not_told() -> None:
    async def hangs() -> str:
        await asyncio.sleep(60)
        return "never"

    async def fails() -> str:
        raise ConnectionError("postgresql://desk:correcthorse@db.example")

    async def answers() -> str:
        return "SQLite, WAL, FULL"

    assert not (await doctor.check_database("desk", hangs, timeout_s=0.05)).ok
    failed = await doctor.check_database("desk", fails)
    assert not failed.ok
    assert "correcthorse" not in failed.text + failed.what_to_do
    assert (await doctor.check_database("desk", answers)).text == "SQLite, WAL, FULL"


@pytest.mark.parametrize(
    ("age_h", "ok", "words"), [(23, True, "23 h"), (25, False, "usable"), (24 * 31, False, "too old")]
)
def test_the_copy_of_the_register_ages(age_h: int, ok: bool, words: str) -> None:
    check = doctor.check_copy(NOW - timedelta(hours=age_h), 12, NOW)
    assert check.ok is ok
    assert words in check.text


def test_no_copy_at_all_is_a_fault_and_a_silent_peer_is_none() -> None:
    assert "enrol" in doctor.check_copy(None, 0, NOW).what_to_do
    assert doctor.check_heard("XB", None, NOW).ok
    assert "5 min" in doctor.check_heard("XB", NOW - timedelta(minutes=5), NOW).text
