"""Threats by the commands alone, over two running nodes: from another's STIX bundle to a recall that both have struck through."""

import asyncio
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from contactpoint.cli.app import run_command
from contactpoint.settings import read_settings
from tests.desk.test_desk_stix import bundle, indicator
from tests.fixtures.network import StateAtWork, two_states, until


class Commands:
    """The commands of one node's officer, run in a thread as a process of its own would."""

    def __init__(self, state: StateAtWork, folder: Path) -> None:
        self.state, self.folder = state, folder
        self.secret = folder / f"{state.state}.secret"
        self.secret.write_text(state.secret)

    async def __call__(self, *words: str, code: int = 0) -> Any:
        signed = {("threats", w) for w in ("list", "show", "sighted", "recall", "export")}
        signed |= {("drill", w) for w in ("start", "dispute", "record")}
        signs = words[:2] in signed or words[0] == "send"
        who = ("--as", self.state.officer, "--secret-file", str(self.secret)) if signs else ()
        out = io.StringIO()

        def run() -> int:
            with contextlib.redirect_stdout(out):
                return run_command([*words, *who, "--home", str(self.state.home), "--json"])

        assert await asyncio.to_thread(run) == code, out.getvalue()
        return json.loads(out.getvalue())


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "foreign.json"
    named = [
        indicator("[domain-name:value = 'police-mail.example'] OR [ipv4-addr:value = '203.0.113.77']", 1),
        indicator("[process:command_line = 'calc']", 2),
        {"type": "malware"},
    ]
    path.write_bytes(bundle(*named))
    return path


async def test_a_bundle_becomes_a_warning_that_is_sighted_fed_and_recalled(tmp_path: Path, foreign: Path) -> None:
    async with two_states(tmp_path / "net") as net:
        here, there = Commands(net.qm, tmp_path), Commands(net.qn, tmp_path)
        draft = tmp_path / "draft.yaml"
        taken = await here("threats", "import", str(foreign), "--out", str(draft))
        assert (taken["indicators"], taken["left"]) == (2, {"indicator": 1, "malware": 1})
        refused = await here("threats", "import", str(foreign), "--out", str(draft), code=2)
        assert refused["error"]["code"] == "E-USAGE"
        # As it stands nobody can send it: what only an officer knows is empty.
        assert (await here("send", str(draft), code=1))["error"]["problems"]
        text = draft.read_text()
        for name, value in (
            ("organisation", "QM desk"),
            ("officer_ref", "QM-OFF-001"),
            ("case_ref", "QM-T-1"),
            ("- code", "HC-TLP-GREEN"),
        ):
            text = text.replace(f'{name}: ""', f'{name}: "{value}"')
        draft.write_text(text)
        await here("send", str(draft))

        async def arrived() -> bool:
            return bool(await net.qn.desk.threats.listed())

        await until(arrived)
        (listed,) = await there("threats", "list", "--search", "POLICE-mail.example")
        identity = listed["threat"]["request"]
        assert await there("threats", "list", "--search", "other.example") == []
        await there("threats", "sighted", identity, "--first-seen", "2026-01-01T00:00Z", "--count", "4")
        assert (await there("threats", "recall", identity, "--yes", code=1))["error"]["code"] == "E-MOVE-ILLEGAL"
        token = (await there("threats", "key", "add", "siem"))["key"]
        inside = read_settings(net.qn.home).inside
        scheme = "https" if inside.tls else "http"
        async with httpx2.AsyncClient(verify=False) as http:
            url = f"{scheme}://{inside.host}:{inside.port}/feed/threats"
            answer = await http.get(url, headers={"authorization": f"Bearer {token}"})
            assert [json.loads(line)["entry"] for line in answer.text.splitlines()] == ["shared"]
            after = answer.headers["x-next-cursor"]

            async def sighted() -> bool:
                return (await net.qm.desk.threats.listed())[0].sighted == 1

            await until(sighted)
            mine = (await net.qm.desk.threats.listed())[0].threat.request
            shown = await here("threats", "show", mine)
            assert shown["threat"]["sightings"][0]["count"] == 4
            assert (await here("threats", "recall", mine, "--reason", "a mistake", "--yes"))["queued"] == 1

            async def struck() -> bool:
                return (await net.qn.desk.threats.listed())[0].recalled

            await until(struck)
            answer = await http.get(url, params={"after": after}, headers={"authorization": f"Bearer {token}"})
            assert [json.loads(line)["entry"] for line in answer.text.splitlines()] == ["recalled"]
            await there("threats", "key", "revoke", "siem", "--yes")
            answer = await http.get(url, headers={"authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "E-API-KEY")
        assert [key["revoked_at"] is not None for key in await there("threats", "key", "list")] == [True]
        out = tmp_path / "out.json"
        await there("threats", "export", identity, "--out", str(out))
        assert all(each["revoked"] for each in json.loads(out.read_text())["objects"] if each["type"] == "indicator")


async def test_a_hostile_file_is_refused_with_its_code(tmp_path: Path) -> None:
    for name, data, code in (
        ("a.json", b"[" * 200_000, "E-STIX"),
        ("b.json", bundle(indicator("[(")), "E-STIX-PATTERN"),
    ):
        (tmp_path / name).write_bytes(data)
        from contactpoint.desk.errors import DeskError
        from contactpoint.main import threat_read

        with pytest.raises(DeskError) as refused:
            threat_read(tmp_path / name)
        assert refused.value.code == code
