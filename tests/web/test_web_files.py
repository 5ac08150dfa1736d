"""What ships with the console: weight, vendored files, styles that work in both directions, complete translations."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

from contactpoint.desk.views import Deadline, Fact
from contactpoint.domain.catalogue import Problem
from contactpoint.web.forms import place
from contactpoint.web.i18n import DOMAIN, LOCALE, chosen_language, direction, translations
from contactpoint.web.ladder import rungs_of
from contactpoint.web.messages import extract
from contactpoint.web.render import STATIC
from contactpoint.web.settings import LANGUAGES
from contactpoint.web.when import moment, span
from keys.digest import digest

NOON = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def _read(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=language)


def _texts(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def test_the_whole_console_weighs_less_than_40_kilobytes() -> None:
    files = [path for path in STATIC.rglob("*") if path.suffix in (".css", ".js", ".svg")]
    assert len(files) >= 5
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < 40_000


def test_vendored_files_are_the_ones_whose_digests_were_written_down() -> None:
    vendor = STATIC / "vendor"
    listed = dict(reversed(line.split("  ")) for line in (vendor / "SHA256SUMS").read_text().splitlines())
    assert set(listed) == {path.name for path in vendor.iterdir()} - {"SHA256SUMS"}
    for name, expected in listed.items():
        assert digest((vendor / name).read_bytes()).hex() == expected, name


def test_styles_know_no_left_and_no_right() -> None:
    styles = re.sub(r"/\*.*?\*/", "", (STATIC / "console.css").read_text(), flags=re.DOTALL)
    physical = re.findall(
        r"(?:margin|padding|border)-(?:left|right|top|bottom)|(?:^|[{;\s])(?:left|right|top|bottom|width|height)\s*:|text-align:\s*(?:left|right)",
        styles,
    )
    assert physical == []


def test_the_list_of_texts_is_the_one_that_the_code_holds() -> None:
    with (LOCALE / f"{DOMAIN}.pot").open("rb") as file:
        assert _texts(read_po(file)) == _texts(extract()), "run: python -m contactpoint.web.messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_untranslated(language: str) -> None:
    catalogue, compiled = _read(language), translations(language)
    for message in catalogue:
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"{language}: {message.id}"
        first = message.id if isinstance(message.id, str) else message.id[0]
        for text in strings:
            assert set(re.findall(r"%\(\w+\)s", text)) <= set(re.findall(r"%\(\w+\)s", first)), first
        if isinstance(message.id, str):
            assert set(re.findall(r"%\(\w+\)s", strings[0])) == set(re.findall(r"%\(\w+\)s", first)), first
            assert compiled.gettext(first) == strings[0], "run: python -m contactpoint.web.messages"


def test_arabic_is_arabic() -> None:
    same = [each.id for each in _read("ar") if each.id and each.string == each.id]
    assert same == []
    assert direction("ar") == "rtl"


def test_the_browsers_wish_is_heard_in_its_own_order() -> None:
    assert chosen_language(None, "pt-BR, ar;q=0.9, en;q=0.8") == "ar"
    assert chosen_language(None, "fr-CH, ar;q=0.9, en;q=0.8") == "fr"
    assert chosen_language("en", "ar") == "en"
    assert chosen_language("xx", "zz;q=nonsense") == "en"


def test_a_time_is_told_twice_and_the_hour_that_comes_twice_is_told_apart() -> None:
    first = moment(NOON, "Europe/Brussels", "en")
    second = moment(NOON.replace(hour=1), "Europe/Brussels", "en")
    assert (first.local_time, first.offset) == ("02:30", "+02:00")
    assert (second.local_time, second.offset) == ("02:30", "+01:00")
    assert (first.utc_time, first.local_day) == ("00:30", "25 Oct 2026")
    assert re.fullmatch(r"25 \w+ 2026", moment(NOON, "Africa/Cairo", "ar").local_day)
    assert moment(NOON, "No/Such", "en").offset == "+00:00"


def test_a_length_of_time_says_when_it_is_past() -> None:
    assert [span(0), span(845.9), span(28_750), span(-483)] == ["00:00", "14:05", "7:59:10", "\N{MINUS SIGN}08:03"]


def test_a_late_proof_stands_beside_its_twin_and_replaces_nothing() -> None:
    facts = (
        Fact("queued", NOON, "XA", "station"),
        Fact("received", NOON, "XB", "station", late_s=720),
        Fact("not-received", NOON, "XA", "station"),
        Fact("rung", NOON, "XB", "station", note="duty officer"),
    )
    ladder = {rung.level: rung for rung in rungs_of(facts, (Deadline("decision", NOON, None),))}
    assert ladder["received"].reached
    assert ladder["received"].missed
    assert [fact.late_s for fact in ladder["received"].proofs] == [720]
    assert [rung.level for rung in ladder.values() if rung.next] == ["opened"]
    assert [rung.level for rung in ladder.values() if rung.passed] == ["held"]
    assert ladder["acknowledged"].called == (facts[3],)
    assert ladder["answered"].deadline is not None


def test_a_problem_of_one_offence_stands_at_that_offence() -> None:
    body = {"offences": ["O-07", {"code": "O-SC"}]}
    problems = (
        Problem("E-FIELD-MISSING", "offences[1].name", "x"),
        Problem("E-FIELD-INVALID", "offences[0]", "x"),
        Problem("E-FIELD-MISSING", "data.what", "x"),
    )
    assert [each.field for each in place(problems, body)] == ["offences.O-SC.name", "offences", "data.what"]
