"""Templates to pages: one Jinja environment per language, strict about names, escaping everything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from contactpoint.desk.views import Task
from contactpoint.domain import codes
from contactpoint.domain.catalogue import Problem
from contactpoint.web.articles import cited
from contactpoint.web.coded import coded_texts, status_of, title_of
from contactpoint.web.findings import say
from contactpoint.web.forms import NAMELESS, PROBLEM_WORDS
from contactpoint.web.i18n import direction, is_draft, only_translations, translations
from contactpoint.web.labels import LEVELS, TWINS, WORDS
from contactpoint.web.settings import LANGUAGES
from contactpoint.web.visitor import CSRF, Visitor, set_cookie
from contactpoint.web.when import Moment, day_name, day_of_month, moment, span, weekday
from keys.digest import digest

HERE = Path(__file__).parent
STATIC = HERE / "static"


@lru_cache(maxsize=1)
def static_versions() -> Mapping[str, str]:
    """Each static file's name and the start of its digest: a changed file has a new address, so old ones may be kept."""
    return {
        path.relative_to(STATIC).as_posix(): digest(path.read_bytes()).hex()[:12]
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in (".css", ".js", ".svg")
    }


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """The environment of one language."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalogue = translations(language)
    known, draft = only_translations(language), is_draft(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]

    def word(code: str) -> str:
        return catalogue.gettext(WORDS[code]) if code in WORDS else code

    def plain(text: str) -> str:
        """The same without marks, for titles and menus, which hold text only."""
        return catalogue.gettext(text) if text else ""

    def translated(text: str) -> Markup:
        """A text of the catalogue or the table of codes; marked as a draft where no lawyer has reviewed the language, and as English
        where no translation ships."""
        put = known.gettext(text) if text else ""
        if language == "en" or not text:
            return escape(text)
        if not put:
            return Markup('<span lang="en" dir="auto">{}</span>').format(text)
        return Markup('<span class="draft">{}</span>').format(put) if draft and text in coded_texts() else escape(put)

    def sentence(text: str) -> Markup:
        """An error's words as a sentence: they are written to stand after a code, small and without a stop."""
        put = catalogue.gettext(text).strip() if text else ""
        if put and put == text.strip():
            put = put[0].upper() + put[1:] + ("" if put.endswith((".", "?", "!")) else ".")
            return escape(put) if language == "en" else Markup('<span lang="en" dir="auto">{}</span>').format(put)
        return escape(put)

    def problem_words(problem: Problem, labels: Mapping[str, str]) -> Markup:
        """The check's own sentence in English, otherwise the sentence of its code with the field's label."""
        own = language == "en" and problem.code not in NAMELESS
        if own or problem.code not in PROBLEM_WORDS or problem.field not in labels:
            return translated(problem.message)
        return escape(
            catalogue.gettext(PROBLEM_WORDS[problem.code]) % {"label": catalogue.gettext(labels[problem.field])}
        )

    def told(task: Task) -> Markup:
        """A task's text: the sentence of its code in the reader's language, then whatever the desk added, as foreign text."""
        row = codes.TABLE.get(task.code)
        if row is None or not task.text.startswith(row.text):
            return translated(task.text)
        return translated(row.text) + Markup(' <bdi dir="auto">{}</bdi>').format(task.text[len(row.text) :].strip())

    def coded(code: str) -> Markup:
        """What a code says and what is to be done about it."""
        row = codes.TABLE.get(code)
        return escape(code) if row is None else translated(row.text) + " " + translated(row.action)

    made.filters.update(
        coded=coded,
        told=told,
        word=word,
        translated=translated,
        plain=plain,
        cited=lambda article: cited(article, language),
        sentence=sentence,
        span=span,
        short=short,
        problem_words=problem_words,
        finding=lambda each: say(each, catalogue, language, word, lambda code: _language_name(code, language)),
    )
    made.globals.update(
        title_of=title_of,
        status_of=status_of,
        language=language,
        direction=direction(language),
        languages=LANGUAGES,
        levels=LEVELS,
        twins=TWINS,
        ltr=lambda text: Markup('<bdi dir="ltr">{}</bdi>').format(text),
        static=lambda name: f"/static/{name}?v={static_versions()[name]}",
        language_name=lambda code: _language_name(code, language),
        day_name=lambda day: day_name(day, language),
        day_of_month=lambda day: day_of_month(day, language),
        weekday=lambda day, width="abbreviated": weekday(day, language, width),
    )
    return made


def _language_name(code: str, shown_in: str) -> str:
    try:
        return Locale.parse(code).get_language_name(shown_in) or code
    except ValueError:
        return code


def short(identifier: str) -> str:
    """The tail of an id that tells it from its neighbours on a page; the full id stands on the case page."""
    return identifier[-8:]


def page(
    seen: Visitor,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    language: str | None = None,
) -> HTMLResponse:
    """Draw one page for this visitor."""
    spoken = language or seen.language
    zone = seen.console.settings.zone

    def when(at: datetime) -> Moment:
        return moment(at, zone, spoken)

    text = (
        environment(spoken)
        .get_template(template)
        .render(
            {
                "seen": seen,
                "officer": seen.officer,
                "now": seen.now,
                "nonce": seen.nonce,
                "csrf": seen.csrf,
                "own": seen.desk.state,
                "network": seen.desk.network,
                "settings": seen.console.settings,
                "when": when,
                "when_in": lambda at, place: moment(at, place, spoken),
                "terms_of": "",
                "seconds_left": lambda at: (at - seen.now).total_seconds(),
                **(context or {}),
            }
        )
    )
    response = HTMLResponse(text, status_code=status)
    if seen.new_csrf:
        set_cookie(response, CSRF, seen.csrf, seen.console.settings.session_s)
    return response
