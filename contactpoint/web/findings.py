"""Findings of the pre-checks in the reader's language: our sentence translated, what both cards say in it as foreign text."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from contactpoint.domain.catalogue import Problem
from contactpoint.domain.precheck import Finding, Severity

_WORDS = frozenset({"by", "classes"})
_LANGUAGES = frozenset({"accepted", "language"})


def say(
    finding: Finding,
    catalogue: gettext.NullTranslations,
    language: str,
    word: Callable[[str], str],
    language_name: Callable[[str], str],
) -> Markup:
    """The sentence with each value isolated. A card's words are another State's: they are escaped, and keep their own direction."""
    put = catalogue.gettext(finding.text)
    values = {name: _value(name, text, word, language_name) for name, text in finding.values.items()}
    sentence = escape(put) % values if values else escape(put)
    translated = language == "en" or put != finding.text
    return sentence if translated else Markup('<span lang="en" dir="auto">{}</span>').format(sentence)


def _value(name: str, text: str, word: Callable[[str], str], language_name: Callable[[str], str]) -> Markup:
    shown = text
    if name in _WORDS:
        shown = ", ".join(word(each) for each in text.split(", "))
    elif name in _LANGUAGES:
        shown = ", ".join(language_name(each) for each in text.split(", "))
    return Markup('<bdi dir="auto">{}</bdi>').format(shown)


def sorted_out(
    found: Iterable[Finding], problems: Sequence[Problem]
) -> tuple[tuple[Problem, ...], tuple[Finding, ...], tuple[Finding, ...]]:
    """What the page shows: the form's own problems that still stand, what warns, what is good to know; nothing twice."""
    findings = tuple(found)
    said = {finding.text for finding in findings}
    formal = {problem.message for problem in problems}
    rest = [finding for finding in findings if finding.text not in formal]
    return (
        tuple(problem for problem in problems if problem.blocks or not findings or problem.message in said),
        tuple(finding for finding in rest if finding.severity is not Severity.TELLS),
        tuple(finding for finding in rest if finding.severity is Severity.TELLS),
    )
