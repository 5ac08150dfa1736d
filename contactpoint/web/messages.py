"""The list of every text a person can be shown, and its translations: extract, update, compile.

``python -m contactpoint.web.messages`` writes ``messages.pot``, brings each ``messages.po`` up to date and compiles it.
Texts come from the templates, from what the console's code marks with ``N_``, from the catalogue and from the codes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from contactpoint.domain import catalogue as catalogues
from contactpoint.domain import codes
from contactpoint.domain.precheck_texts import TEXTS
from contactpoint.web.coded import texts_of_catalogue
from contactpoint.web.i18n import DOMAIN, LOCALE
from contactpoint.web.settings import LANGUAGES

HERE = Path(__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trimmed": "false"}}
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # the same texts compile to the same bytes on every day
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def extract() -> Catalog:
    """Every text with the places where it stands; no date and no address, so that the same code gives the same file."""
    found = Catalog(project="contactpoint", version="1", fuzzy=False)
    for name, _, message, _, _ in extract_from_dir(HERE, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True):
        if message:
            found.add(message, locations=[(f"contactpoint/web/{Path(name).as_posix()}", 1)])
    for place, text in (*_catalogue_texts(), *_code_texts(), *_precheck_texts()):
        if text:
            found.add(text, locations=[(place, 1)])
    return found


def _catalogue_texts() -> Iterator[tuple[str, str]]:
    for version in catalogues.VERSIONS:
        yield from ((f"contactpoint/domain/catalogue/v{version}", text) for text in texts_of_catalogue(version))


def _code_texts() -> Iterator[tuple[str, str]]:
    for row in codes.TABLE.values():
        yield from (("contactpoint/domain/codes.py", row.text), ("contactpoint/domain/codes.py", row.action))


def _precheck_texts() -> Iterator[tuple[str, str]]:
    yield from (("contactpoint/domain/precheck_texts.py", text) for text in TEXTS.values())


def update(language: str, found: Catalog) -> Catalog:
    """The language's catalogue with today's texts; what is gone is dropped, what is new is empty (English: itself)."""
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = read_po(io.BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    made = Catalog(
        locale=language, project="contactpoint", version="1", fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE
    )
    for message in found:
        if not message.id:
            continue
        old = known.get(message.id if isinstance(message.id, str) else message.id[0])
        text = old.string if old else ""
        made.add(message.id, message.id if language == "en" else text, locations=message.locations)
    path.write_bytes(_spelled(made))
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, made)
    return made


def _spelled(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, catalogue, width=120, no_location=False, omit_header=True, sort_output=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    if catalogue.locale:
        head += f'"Language: {catalogue.locale}\\n"\n"Plural-Forms: nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};\\n"\n'
    return head.encode() + b"\n" + file.getvalue()


def main() -> None:
    """Write the template, then each language."""
    found = extract()
    LOCALE.mkdir(exist_ok=True)
    (LOCALE / f"{DOMAIN}.pot").write_bytes(_spelled(found))
    for language in LANGUAGES:
        made = update(language, found)
        missing = [message.id for message in made if message.id and not _complete(message.string)]
        sys.stderr.write(f"{language}: {len(made)} texts, {len(missing)} not translated\n")


def _complete(text: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(text) if text is None or isinstance(text, str) else all(text)


if __name__ == "__main__":
    main()
