"""Findings as sentences: ours translated or marked as English, a card's words escaped and kept apart."""

from __future__ import annotations

from contactpoint.domain.catalogue import Problem
from contactpoint.domain.precheck import Finding, Severity
from contactpoint.domain.precheck_texts import TEXTS
from contactpoint.web.findings import say, sorted_out
from contactpoint.web.i18n import translations


def said(finding: Finding, language: str = "en") -> str:
    return str(say(finding, translations(language), language, lambda code: f"<{code}>", lambda tag: tag.upper()))


def finding(code: str, severity: Severity = Severity.WARNS, **values: str) -> Finding:
    return Finding(code, severity, "to", TEXTS[code], values)


def test_markup_and_percent_signs_of_a_card_stay_words() -> None:
    shown = said(finding("W-PASSES-ON", state="50%(other)s", other="<script>\u202e</script>"))
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert '<bdi dir="auto">50%(other)s</bdi>' in shown


def test_coded_values_are_said_in_words_and_languages_by_their_names() -> None:
    assert "&lt;judge&gt;, &lt;police&gt;" in said(finding("N-ORDER", state="XB", days="90", by="judge, police"))
    shown = said(finding("W-LANGUAGE", state="XB", language="ru", accepted="en, fr"))
    assert "RU" in shown and "EN, FR" in shown


def test_a_sentence_without_a_translation_is_marked_as_english() -> None:
    unknown = Finding("W-X", Severity.WARNS, "", "No such sentence of %(state)s.", {"state": "XB"})
    assert said(unknown, "ar").startswith('<span lang="en" dir="auto">No such sentence')
    assert "<span" not in said(unknown)


def test_nothing_is_said_twice_and_what_the_findings_say_better_is_left_to_them() -> None:
    scope = Problem("E-SCOPE-35", "offences", "short", blocks=False)
    narrow = Problem("E-NOT-SPECIFIC", "custodian", "name one", blocks=False)
    kept = Finding("E-NOT-SPECIFIC", Severity.WARNS, "custodian", "name one")
    better = finding("E-SCOPE-35")
    note = finding("N-ITSELF", Severity.TELLS, state="XB")
    assert sorted_out((kept, better, note), (scope, narrow)) == ((narrow,), (better,), (note,))
