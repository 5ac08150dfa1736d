"""What a node says of itself: at the level and in the form of its settings, and never the value of a variable."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from contactpoint.main.logs import set_up
from contactpoint.settings.tables import LogSettings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def said(settings: LogSettings) -> str:
    stream = io.StringIO()
    set_up(settings, stream)
    log = structlog.get_logger("contactpoint")
    log.info("node.started", state="XA")
    try:
        fail("the officer's secret words".upper())
    except ValueError:
        log.debug("loop.fault.detail", exc_info=True)
    return stream.getvalue()


def fail(key: str) -> None:
    raise ValueError(f"cannot, {len(key)} characters")


def test_details_of_faults_are_not_said_unless_they_are_asked_for() -> None:
    text = said(LogSettings())
    assert "node.started" in text
    assert "loop.fault.detail" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_trace_of_a_fault_never_shows_the_values_of_variables(form: str) -> None:
    text = said(LogSettings.model_validate({"level": "debug", "format": form}))
    assert "ValueError" in text and "test_logs.py" in text
    assert "SECRET WORDS" not in text


def test_a_collector_gets_one_json_object_a_line() -> None:
    [line] = said(LogSettings.model_validate({"format": "json"})).splitlines()
    assert json.loads(line)["event"] == "node.started"
    assert json.loads(line)["state"] == "XA"
