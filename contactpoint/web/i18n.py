"""Words in the reader's language: gettext catalogues, direction of writing, the language a visitor gets."""

from __future__ import annotations

import gettext
import tomllib
from functools import lru_cache
from pathlib import Path

from babel import Locale

from contactpoint.web.settings import LANGUAGES

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "messages"


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a text for translation and return it unchanged."""
    return text


def translations(language: str) -> gettext.NullTranslations:
    """The compiled catalogue of one shipped language. Raises FileNotFoundError when it was not compiled."""
    return gettext.translation(DOMAIN, LOCALE, languages=[language])


class _Nothing(gettext.NullTranslations):
    """Behind a catalogue: what is not in it."""

    def gettext(self, message: str) -> str:
        return ""


def only_translations(language: str) -> gettext.NullTranslations:
    """The same catalogue, but a text that is not in it is empty: tells a loanword from a text that nobody translated."""
    found = translations(language)
    found.add_fallback(_Nothing())
    return found


@lru_cache(maxsize=1)
def _reviews() -> dict[str, str]:
    return tomllib.loads((LOCALE / "reviewed.toml").read_text(encoding="utf-8"))


def is_draft(language: str) -> bool:
    """Whether no lawyer has reviewed the coded texts in this language (``locale/reviewed.toml``; a language not named there is a draft)."""
    return _reviews().get(language, "draft") not in ("source", "reviewed")


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, as the language is written."""
    return "rtl" if Locale.parse(language).text_direction == "rtl" else "ltr"


def chosen_language(cookie: str | None, accepted: str | None) -> str:
    """The language to show: the cookie's, else the browser's first that ships, else English."""
    if cookie in LANGUAGES:
        return cookie
    wishes = []
    for position, part in enumerate((accepted or "")[:200].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), position, tag.split("-")[0].lower()))
        except ValueError:
            continue
    for _, _, tag in sorted(wishes):
        if tag in LANGUAGES:
            return tag
    return "en"
