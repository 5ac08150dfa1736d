"""Fields of an answer as options, and the answers that `init` asks for."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactpoint.cli.answerfields import fields_of, read_body
from contactpoint.cli.answers import read_answers
from contactpoint.cli.errors import CaseFileError, CommandError
from contactpoint.domain import catalogue
from contactpoint.domain.catalogue import Field, FieldType, Required

KNOWN = catalogue.load()
ROOT = Path(__file__).parents[2]


def field(name: str, kind: FieldType, *inner: Field) -> Field:
    given: dict[str, Any] = dict.fromkeys(Field.__dataclass_fields__, ())
    given |= {"name": name, "type": kind, "fields": inner, "required": Required.OPTIONAL}
    return Field(**given)


FORM = (
    field("number", FieldType.TEXT),
    field("days", FieldType.INTEGER),
    field("agreed", FieldType.BOOLEAN),
    field("codes", FieldType.TEXTS),
    field("data", FieldType.GROUP, field("what", FieldType.TEXT), field("until", FieldType.INSTANT)),
)


def test_options_become_fields_of_their_kind() -> None:
    words = ["--number", "+999-0001", "--days=-3", "--agreed", "--codes", "a", "--codes", "b", "--data.what", "logs"]
    assert read_body(FORM, None, words) == {
        "number": "+999-0001", "days": -3, "agreed": True, "codes": ["a", "b"], "data": {"what": "logs"},
    }  # fmt: skip


def test_the_call_back_takes_its_three_fields_as_the_officer_writes_them() -> None:
    words = ["--number", "+999-0001", "--spoke-with", "duty officer", "--result", "confirmed"]
    body = read_body(fields_of(KNOWN, "CALLED-BACK"), None, words)
    assert body == {"number": "+999-0001", "spoke_with": "duty officer", "result": "confirmed"}


def test_a_request_that_starts_from_a_case_is_no_answer_and_leads_to_its_draft() -> None:
    with pytest.raises(CommandError) as refused:
        fields_of(KNOWN, "STATUS-QUERY")
    assert "request of its own" in refused.value.text
    assert "contactpoint draft STATUS-QUERY" in refused.value.what_to_do


def test_a_move_that_is_an_entry_of_its_own_can_be_said_too() -> None:
    assert fields_of(KNOWN, "WITHDRAW") == KNOWN["WITHDRAW"].fields


@pytest.mark.parametrize(
    "words",
    [["--nmber", "1"], ["--days", "x"], ["--days", "1" * 17], ["--days", "²"], ["--agreed", "perhaps"], ["number", "1"],
     ["--data", "x"], ["--data.wat", "x"], ["--number.x", "y"]],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_says_what_does(words: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        read_body(FORM, None, words)
    assert caught.value.what_to_do


def test_an_option_wins_over_the_file_and_the_file_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "answer.yaml"
    path.write_text("number: '1'\ndays: 5\ndata: {what: a}\n")
    body = read_body(FORM, path, ["--days", "6", "--data.until", "2027-01-01T00:00Z"])
    assert body == {"number": "1", "days": 6, "data": {"what": "a", "until": "2027-01-01T00:00Z"}}
    path.write_text("number: '1'\ndyas: 5\n")
    with pytest.raises(CaseFileError, match="line 2"):
        read_body(FORM, path, [])


def test_answers_from_a_file_are_complete_with_secret_and_mail(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    (tmp_path / "answers.toml").write_text(
        'state = "XA"\nname = "Night desk"\nhost = "xa.example"\npublic_port = 4141\ninside_port = 8141\n'
        f'register_url = "https://register.example"\ngenesis = "{"AB" * 32}"\nofficer = "XA-OFF-001"\n'
        'officer_name = "A. Duty"\nofficer_secret_file = "secret"\nphones = ["+999-0001"]\n\n[mail]\n'
        'host = "m.example"\nport = 587\nsecurity = "starttls"\nsender = "a@xa.example"\nrecipient = "b@xa.example"\n'
        'username = "desk"\npassword_file = "pw"\n'
    )
    found = read_answers(tmp_path / "answers.toml")
    assert (found.state, found.public_port, found.genesis, found.phones) == ("XA", 4141, "ab" * 32, ("+999-0001",))
    assert found.officer_secret == "correct horse"
    assert "correct horse" not in repr(found)
    assert found.mail is not None
    assert found.mail.password_file == tmp_path / "pw"


def test_the_secret_is_asked_unseen_at_a_terminal_and_never_taken_from_an_argument() -> None:
    code = (
        "from contactpoint.cli.options import signing_secret\n"
        "print('LENGTH', len(signing_secret(None, 'XA-OFF-001')))\n"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True
    )
    try:
        wait_for(lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO)  # what is typed earlier is thrown away
        os.write(ours, b"correct horse\n")
        assert process.wait(30) == 0
        seen = os.read(ours, 4096)
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)
    assert b"Signing secret of XA-OFF-001" in seen
    assert b"correct horse" not in seen
    assert b"LENGTH 13" in seen


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
