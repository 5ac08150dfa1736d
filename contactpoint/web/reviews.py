"""Words and forms of rights checks (Articles 6, 24, 40(22)): what the second person is asked, and what a posted form becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.datastructures import FormData

from contactpoint.desk.callback import NUMBER, is_call_back
from contactpoint.desk.review import Check
from contactpoint.domain.catalogue import Answer, Entry
from contactpoint.domain.rights import Finding, Reason
from contactpoint.web.forms import Control, Option
from contactpoint.web.i18n import N_
from contactpoint.web.visitor import text

REASONS: Mapping[str, str] = {
    Reason.OFFENCE.value: N_("An offence outside Articles 7 to 17 is named."),
    Reason.SPEECH.value: N_("The facts are speech, press, belief or assembly."),
    Reason.FLAG.value: N_("An officer says that the facts do not match the offence, or are speech."),
    Reason.OVERRIDE.value: N_("A ground is given that this type does not open; a supervisor decides."),
}
FINDINGS: Mapping[str, str] = {
    Finding.NONE.value: N_("No concern under Article 40(22)"),
    Finding.NOTE.value: N_("Proportionate, with this note"),
    Finding.STOP.value: N_("Stop: it does not leave"),
}
AUTHORITY: Mapping[str, str] = {
    "authorised_by": N_("Who authorised it"),
    "kind": N_("Kind of authorisation"),
    "date": N_("Date of the authorisation"),
    "scope": N_("What it covers"),
    "end": N_("When it ends"),
    "review_reference": N_("Review that it can have, by reference"),
}
"""The fields of Article 24, in the order of the form."""
LABELS: Mapping[str, str] = {
    "finding": N_("Finding"),
    "text": N_("What was looked at, and why you find so"),
    **AUTHORITY,
}


def read_check(form: FormData) -> Check | None:
    """The check that was posted, or None where none of its fields was touched."""
    finding, words = text(form, "finding"), text(form, "text")
    fields = {name: value for name in AUTHORITY if (value := text(form, name))}
    if not finding and not words and not fields:
        return None
    return Check(finding, words, fields)


def words() -> dict[str, Mapping[str, str]]:
    """What every page that shows checks needs beside them."""
    return {"review_reasons": REASONS, "review_findings": FINDINGS, "review_fields": AUTHORITY, "review_labels": LABELS}


def with_known_numbers(
    drawn: Sequence[Control], entry: Entry, answer: Answer, phones: Sequence[str]
) -> tuple[Control, ...]:
    """A call-back's number as a choice of the directory's: nobody types one, and none comes from the message."""
    if not is_call_back(entry, answer) or not phones:
        return tuple(drawn)
    return tuple(
        replace(each, type="choice", options=tuple(Option(one, "", one == each.value) for one in phones))
        if each.path == NUMBER
        else each
        for each in drawn
    )
