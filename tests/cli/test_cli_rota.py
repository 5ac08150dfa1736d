"""The commands `rota` as a keeper types them, on a node that does not run: every change is a version that somebody signed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vobject

from contactpoint.cli.app import run_command
from tests.system.test_training import SECRET, live_node

KEEPER, OTHER = "XA-OFF-001", "XA-OFF-007"
FILE = f"""
name = "night"
zone = "Europe/Brussels"

[[rotation]]
anchor = 2020-03-02T09:00:00
unit = "day"
officers = ["{KEEPER}", "{OTHER}"]
"""
Rota = Callable[..., Any]


@pytest.fixture(scope="module")
def rota(tmp_path_factory: pytest.TempPathFactory) -> Rota:
    """`rota WORDS...`; ``by``: who signs it. One node for all: each test has a rota of its own."""
    folder = tmp_path_factory.mktemp("rota")
    home = asyncio.run(live_node(folder))
    (folder / "secret").write_text(SECRET)

    def command(*words: str, by: str = "", code: int = 0) -> Any:
        who = ["--as", by, "--secret-file", str(folder / "secret")] if by else []
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            ended = run_command(["rota", *words, *who, "--home", str(home), "--json"])
        assert ended == code, out.getvalue()
        return json.loads(out.getvalue())

    return command


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def period(day: int) -> tuple[str, ...]:
    return "--from", f"2031-06-{day:02}T09:00", "--until", f"2031-06-{day + 1:02}T09:00"


def test_a_keeper_makes_changes_and_exports_a_rota_by_commands_alone(rota: Rota, tmp_path: Path) -> None:
    assert rota("set", write(tmp_path, "night.toml", FILE), by=KEEPER) == {"rota": "night", "version": 1, "entry": ""}
    assert "night" in [line["name"] for line in rota("now")]
    first = rota("show", "night", *period(10))[0]["officers"][0]
    second = OTHER if first == KEEPER else KEEPER

    done = rota("override", "night", "replace", second, *period(10), by=KEEPER)
    assert [each["source"] for each in rota("show", "night", *period(10))] == ["override"]
    clash = rota("override", "night", "remove", second, *period(10), by=KEEPER, code=1)
    assert clash["error"]["code"] == "E-ROTA-OVERLAP"
    rota("remove", "night", done["entry"], by=KEEPER)
    assert [each["source"] for each in rota("show", "night", *period(10))] == ["rotation"]

    offered = rota("swap", "offer", "night", "--to", second, *period(10), by=first)
    rota("swap", "accept", "night", offered["entry"], by=first, code=1)
    rota("swap", "accept", "night", offered["entry"], by=second)
    assert rota("show", "night", *period(10))[0]["officers"] == [second]

    rota("absence", "night", second, *period(10), by=second)
    assert rota("show", "night", *period(10))[0]["officers"] == []
    rota("absence", "night", KEEPER, *period(12), by=OTHER, code=1)

    out = tmp_path / "night.ics"
    rota("export", "night", "--out", str(out), "--officer", KEEPER, "--from", "2031-06-01", "--until", "2031-07-01")
    events = vobject.readOne(out.read_text()).vevent_list
    assert {event.contents["x-contactpoint-officer"][0].value for event in events} == {KEEPER}
    assert len(rota("show", "night")["history"]) == 6


def test_a_calendar_is_taken_as_a_fixed_roster_and_hours_are_counted(rota: Rota, tmp_path: Path) -> None:
    rota("set", write(tmp_path, "a.toml", FILE.replace("night", "fixed")), by=KEEPER)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20310101T000000Z"]
    lines += [f"SUMMARY:{OTHER}", "DTSTART;VALUE=DATE:20310601", "DTEND;VALUE=DATE:20310603", "END:VEVENT"]
    calendar = write(tmp_path, "in.ics", "\n".join([*lines, "END:VCALENDAR", ""]))
    assert rota("import", "fixed", calendar, by=KEEPER) == {"rota": "fixed", "version": 2, "duties": 1, "left": 0}
    (shift,) = rota("show", "fixed", "--from", "2031-06-01", "--until", "2031-06-03")
    assert (shift["officers"], shift["source"]) == ([OTHER], "roster")
    (hours,) = rota("fairness", "fixed", "--from", "2031-06-01", "--until", "2031-06-03")
    # 1 June 2031 is a Sunday: of each day eight hours are night.
    assert hours == {"officer": OTHER, "all": 48, "night": 16, "weekend": 24, "holiday": 0}


def test_a_default_officer_who_is_missing_leaves_a_gap_that_is_named(rota: Rota, tmp_path: Path) -> None:
    windows = 'windows = [{ days = ["mon"], from = "09:00", to = "17:00" }]\n'
    rota("set", write(tmp_path, "a.toml", FILE.replace("night", "gappy") + windows), by=KEEPER)
    gaps = rota("gaps", code=1)
    assert "gappy" in {gap["rota"] for gap in gaps}


def test_what_cannot_be_meant_is_said_in_words(rota: Rota, tmp_path: Path) -> None:
    assert rota("show", "nobody", code=2)["error"]["code"] == "E-NOT-FOUND"
    broken = rota(
        "set",
        write(tmp_path, "a.toml", FILE.replace("night", "wrong").replace("09:00:00", "09:00:00Z")),
        by=KEEPER,
        code=1,
    )
    assert "without a zone" in broken["error"]["text"]
    assert (
        rota("set", write(tmp_path, "a.toml", FILE.replace("night", "wrong")), by=OTHER, code=1)["error"]["code"]
        == "E-RIGHT"
    )
    rota("set", write(tmp_path, "a.toml", FILE.replace("night", "wrong")), by=KEEPER)
    wrong = rota("override", "wrong", "add", OTHER, "--from", "tomorrow", "--until", "2031-06-02", by=KEEPER, code=1)
    assert wrong["error"]["text"] == "Tomorrow is not a time."
    late = rota("override", "wrong", "add", OTHER, "--from", "2031-06-02", "--until", "2031-06-02", by=KEEPER, code=1)
    assert "not later" in late["error"]["text"]
