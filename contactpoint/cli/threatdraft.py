"""A draft case file from what was taken out of a STIX bundle: the officer reads, completes and sends it.

Every text stands in quotes, spelled as JSON, which YAML reads alike: nothing in a foreign bundle can become a key, a tag or a line
of its own in the file.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contactpoint.domain.catalogue.personal import holds_personal_data
from contactpoint.domain.threats import INDICATORS, METHOD, threat_kind

if TYPE_CHECKING:
    from contactpoint.desk.stix_in import ReadBundle
    from contactpoint.domain.catalogue import Catalogue


def draft_of(bundle: ReadBundle, own: str, catalogue: Catalogue) -> str:
    """The draft as YAML text. What only an officer can say stands empty."""
    kind = threat_kind(catalogue)
    least = catalogue[kind].urgencies[-1]
    return "\n".join((*_head(kind, own, least), *_body(bundle), ""))


def _head(kind: str, own: str, urgency: str) -> Iterator[str]:
    yield "# A draft from a STIX bundle. Complete what is empty, read all of it, and send it."
    yield f"type: {kind}"
    yield f"from: {_text(own)}"
    yield "to: ALL"
    yield f"urgency: {urgency}"
    yield "authority:"
    yield '  organisation: ""'
    yield '  officer_ref: ""'
    yield '  case_ref: ""'


def _body(bundle: ReadBundle) -> Iterator[str]:
    if bundle.method:
        yield f"{METHOD}: {_text(bundle.method)}"
    if bundle.indicators:
        yield f"{INDICATORS}:"
        yield from (f"  - {_text(each)}" for each in bundle.indicators)
    marks = [code for code in (bundle.tlp, bundle.pap) if code]
    yield "handling:"
    yield from (f"  - code: {code}" for code in marks)
    if not marks:
        yield '  - code: ""'
    personal = holds_personal_data("\n".join((bundle.method, *bundle.indicators)))
    yield f"personal_data: {'true' if personal else 'false'}"


def _text(text: str) -> str:
    # NFC, as the reader of case files makes it; characters that YAML forbids in the open are spelled out.
    spelled = json.dumps(unicodedata.normalize("NFC", text), ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in spelled)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
