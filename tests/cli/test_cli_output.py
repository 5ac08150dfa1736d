"""What commands print: safe for a terminal, exact for a program, and as `docs/cli-json.md` says."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from contactpoint import settings
from contactpoint.cli import failure
from contactpoint.cli.app import run_command
from contactpoint.cli.failure import failure_of
from contactpoint.cli.output import Output, clean, described, plain
from contactpoint.desk import (
    drill_views,
    errors,
    operation_views,
    policies,
    results,
    rota_views,
    shift_views,
    toolkeys,
    views,
)
from contactpoint.desk import figures as desk_figures
from contactpoint.desk import notices as desk_notices
from contactpoint.desk import threats as desk_threats
from contactpoint.domain import availability, bell, catalogue, figures, indicators, threats
from contactpoint.domain.errors import CatalogueError
from contactpoint.main import bell as main_bell
from contactpoint.main import rota as main_rota

ROOMS = (
    results, views, shift_views, operation_views, settings, failure, desk_figures, figures, desk_threats, threats, indicators,
    toolkeys, main_bell, bell, drill_views, availability, desk_notices, rota_views, main_rota,
    policies,
)  # fmt: skip
"""Where the values that commands print are made; of two with one name the first is meant."""
DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli-json.md").read_text()


def documented() -> dict[str, list[str]]:
    """Each value of the document with the names that stand first in its parts."""
    found = {}
    for heading, text in re.findall(r"^### (\w+)\n(.+?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL):
        found[heading] = [m[1] for part in text.split(";") if (m := re.match(r"\s*`(\w+)`", part))]
    return found


@pytest.mark.parametrize("name", sorted(documented()))
def test_the_document_names_every_field_of_every_value_and_no_other(name: str) -> None:
    known = next(getattr(room, name) for room in ROOMS if hasattr(room, name))
    assert documented()[name] == [field.name for field in fields(known)]


def test_every_value_that_the_document_mentions_is_described() -> None:
    mentioned = set(re.findall(r"\b(?:list of |\| )([A-Z]\w+[a-z]\w*)\b", DOCUMENT))
    assert mentioned - {"Code", "Command", "Meaning", "Value"} <= set(documented())


def test_foreign_text_cannot_drive_the_terminal() -> None:
    hostile = "ok\x1b[2J\x1b]0;title\x07\x9b31m\rHIDDEN\u202egnp.exe\x00"
    shown = clean(hostile)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert "\u202e" not in shown
    assert "HIDDEN" in shown
    for harmless in ("two\nlines, ñ, العربية", "می\u200cخواهم", "1\u00a0000"):
        assert clean(harmless) == harmless


def test_foreign_keys_and_nested_values_are_cleaned_too() -> None:
    body = {"a\x1b": {"b\x1b": "c\x1b"}, "l": ["x\x1b", {"k": "\x1b"}], "n": None}
    text = "\n".join(described(body))
    assert "\x1b" not in text
    assert text.splitlines()[-1] == "  n: "


def test_a_line_break_in_a_field_cannot_pretend_to_be_another_field() -> None:
    lines = "\n".join(described({"facts": "x\nstatus: EXECUTED"})).splitlines()
    assert lines == ["  facts: x", "    status: EXECUTED"]


def test_a_table_keeps_one_row_a_line() -> None:
    rows = Output(json=False, colour=False).table(("a", "b"), [("1\n2", "x\x1b")])
    assert rows == ["A    B", "1 2  x\\x1b"]


def test_json_is_one_line_and_times_are_utc(capsys: pytest.CaptureFixture[str]) -> None:
    class Some(Enum):
        VALUE = "v"

    given: dict[str, Any] = {
        "at": datetime(2027, 3, 4, 13, 0, 0, tzinfo=UTC), "ms": datetime(2027, 3, 4, 13, 0, 0, 5000, tzinfo=UTC), "b": b"\x01\xff",
        "p": Path("x/y"), "e": Some.VALUE, "t": ("a", None), "c": results.Check("n", True, "t\x1b"),
    }  # fmt: skip
    Output(json=True, colour=False).data(given, ())
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "\x1b" not in printed
    assert json.loads(printed) == {
        "at": "2027-03-04T13:00:00Z", "ms": "2027-03-04T13:00:00.005Z", "b": "01ff", "p": "x/y", "e": "v", "t": ["a", None],
        "c": {"name": "n", "ok": True, "text": "t\x1b", "what_to_do": ""},
    }  # fmt: skip
    assert plain(given)["at"] == "2027-03-04T13:00:00Z"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (results.RefusedByPeerError("E-X", "No.", "Ask."), 3),
        (results.UnreachableError("E-X", "Gone.", "Wait."), 4),
        (results.NotInTimeError("E-X", "Late.", "Telephone."), 5),
        (results.NodeError("E-X", "Bad.", "Mend."), 1),
        (errors.NotFoundError("E-X", "None.", "Look."), 2),
        (errors.UnreachablePeerError("E-X", "None.", "Look."), 4),
        (errors.SecretError("E-X", "Wrong.", "Again."), 1),
        (CatalogueError("E-UNKNOWN-KIND", field="X"), 1),
    ],
)
def test_each_error_has_its_exit_code_a_sentence_and_what_to_do(error: Exception, code: int) -> None:
    told = failure_of(error)
    assert told is not None
    assert told.exit_code == code
    assert all((told.code, told.text, told.what_to_do))


def test_problems_of_a_form_are_named_one_by_one_with_what_fits_instead() -> None:
    offer = catalogue.Offer("E-FUTURE-DATA", "MLA-TRAF-RT", "Traffic data in real time")
    problems = (
        catalogue.Problem("E-FIELD-MISSING", "necessity", "Say why."),
        catalogue.Problem("E-FUTURE-DATA", "data.until", "These data do not exist yet.", (offer,)),
    )
    told = failure_of(errors.DraftError("E-FIELD-MISSING", "The request is not complete.", "Fill in.", problems))
    assert told is not None
    assert told.exit_code == 1
    assert "necessity" in told.lines()[1]
    assert "MLA-TRAF-RT" in told.lines()[2]


def test_an_error_that_nobody_foresaw_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure_of(KeyError("x")) is None

    def broken() -> str:
        raise KeyError("gone")

    monkeypatch.setattr("contactpoint.settings.template", broken)
    with pytest.raises(KeyError):
        run_command(["config", "template"])


def test_foreign_text_cannot_drive_the_terminal_through_json_either(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = {"facts": "a\x9b31m\u202eb\x7f\U000e0001 ñ\n"}
    Output(json=True, colour=False).data(hostile, [])
    shown = capsys.readouterr().out
    assert not set(shown) & set("\x9b\u202e\x7f\U000e0001")
    assert "ñ" in shown
    assert json.loads(shown) == hostile


def test_foreign_text_cannot_forge_a_line_of_ours() -> None:
    body = {"facts\n  answer: EXECUTED": "x", "list": ["a\n  answer: EXECUTED"], "text": "a\n  answer: EXECUTED"}
    lines = "\n".join(described(body)).split("\n")
    assert not [line for line in lines if line.startswith("  answer")]
