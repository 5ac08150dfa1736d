"""A notice says that something waits. Whatever else one tries to put in is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from contactpoint.notify import Notice, NoticeError, Subject

GOOD: dict[str, Any] = {
    "id": "0195d6c0-0000-7000-8000-000000000001",
    "subject": Subject.MESSAGE,
    "urgency": "U1",
    "reference": "0195d6c0",
    "to": "night@xa.example",
    "network": "training",
}


def test_a_notice_has_no_field_that_could_hold_content() -> None:
    assert {f.name for f in fields(Notice)} == {"id", "subject", "urgency", "reference", "to", "network", "link"}
    with pytest.raises(TypeError):
        Notice(**{**GOOD, "body": "the server held the key-delivery panel"})


@pytest.mark.parametrize("name", ["id", "reference", "network"])
@pytest.mark.parametrize("value", ["", "the server held the panel", "a\r\nBcc: x@y.example", "a" * 65, "é", "a:b"])
def test_a_sentence_or_a_line_break_does_not_pass_as_a_reference(name: str, value: str) -> None:
    with pytest.raises(NoticeError):
        Notice(**{**GOOD, name: value})


@pytest.mark.parametrize("to", ["a@b.example\nBcc: c@d.example", "a\x00b@c.example", "a" * 255])
def test_an_address_cannot_start_another_header(to: str) -> None:
    with pytest.raises(NoticeError):
        Notice(**{**GOOD, "to": to})


def test_free_text_does_not_pass_as_a_subject_or_a_class() -> None:
    with pytest.raises(NoticeError):
        Notice(**{**GOOD, "subject": "the suspect boards at nine"})
    with pytest.raises(NoticeError):
        Notice(**{**GOOD, "urgency": "U4"})


def test_the_line_is_marked_outside_the_live_network_and_only_there() -> None:
    assert Notice(**GOOD).line == "[TRAINING] U1 A message waits: 0195d6c0"
    assert Notice(**{**GOOD, "network": "live"}).line == "U1 A message waits: 0195d6c0"


_LINK = "https://desk.xa.example:8443/calls/reach/" + "Aa0_-" * 8 + "AAA"


def test_the_link_is_the_only_addition_and_only_of_a_message() -> None:
    for subject in (Subject.MESSAGE, Subject.OVERDUE):
        notice = Notice("0195d6c0-1", subject, "U1", "0195d6c0", link=_LINK)
        assert notice.body == f"{notice.line}\n{_LINK}"
    for subject in set(Subject) - {Subject.MESSAGE, Subject.OVERDUE}:
        with pytest.raises(NoticeError):
            Notice("0195d6c0-1", subject, "U1", "0195d6c0", link=_LINK)


@pytest.mark.parametrize(
    "link",
    [
        "https://desk.xa.example/reach/A hospital was attacked",
        "https://desk.xa.example/reach/" + "A" * 42,
        "https://desk.xa.example/reach/" + "A" * 44,
        "https://desk.xa.example/reach/" + "A" * 43 + "?case=hospital",
        "https://desk.xa.example/cases/" + "A" * 43,
        "javascript:alert(1)//reach/" + "A" * 43,
        "https://user:pw@desk.xa.example/reach/" + "A" * 43,
        "https://desk.xa.example/reach/" + "A" * 43 + "\nBcc: thief@qm.example",
    ],
)
def test_a_link_says_nothing_but_its_token(link: str) -> None:
    with pytest.raises(NoticeError):
        Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0195d6c0", link=link)
