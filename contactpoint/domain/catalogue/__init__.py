"""The catalogue: what may be asked and answered under the Convention, as data, one version a folder, kept for ever.

A new type of request is one file more in the folder and no code elsewhere: forms, validators, permitted steps and
the number of signatures are all derived from it. Citations carry a source tag and `checked`: false until a lawyer
ticked it.
"""

from functools import cache
from pathlib import Path

from contactpoint.domain.catalogue.check import UNKNOWN, Problem, check_body, lacking
from contactpoint.domain.catalogue.model import (
    OPEN,
    Answer,
    Catalogue,
    Choice,
    Citation,
    Clock,
    Entry,
    Field,
    Ground,
    NextStep,
    Offence,
    Offer,
)
from contactpoint.domain.catalogue.reading import read_catalogue
from contactpoint.domain.catalogue.words import (
    At,
    Audience,
    Consequence,
    Counting,
    FieldType,
    Opens,
    Required,
    Signers,
    Stage,
)
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Urgency

__all__ = [
    "OPEN",
    "UNKNOWN",
    "VERSIONS",
    "Answer",
    "At",
    "Audience",
    "Catalogue",
    "Choice",
    "Citation",
    "Clock",
    "Consequence",
    "Counting",
    "Entry",
    "Field",
    "FieldType",
    "Ground",
    "NextStep",
    "Offence",
    "Offer",
    "Opens",
    "Problem",
    "Required",
    "Signers",
    "Stage",
    "check_body",
    "lacking",
    "load",
    "signers_needed",
    "signers_open",
]

VERSIONS = ("1",)

_STRICTNESS = (Signers.STATION, Signers.ONE, Signers.TWO)


@cache
def load(version: str = "1") -> Catalogue:
    """Promise: the catalogue that ships under this version. Raises CatalogueError."""
    if version not in VERSIONS:
        raise CatalogueError("E-UNKNOWN-KIND", field=f"catalogue {version}")
    return read_catalogue(version, Path(__file__).with_name(f"v{version}"))


def signers_open(catalogue: Catalogue, kind: str, urgency: Urgency) -> frozenset[Signers]:
    """Promise: who may sign a letter of this kind and urgency, as far as can be said without its case.

    Raises CatalogueError: E-UNKNOWN-KIND, or E-URGENCY where the urgency is not open.
    """
    entries = catalogue.entries.values()
    if kind in catalogue:
        own = [catalogue[kind].signers.get(urgency), Signers.STATION if urgency in catalogue[kind].station else None]
    elif any(entry.offered(kind) for entry in entries):
        own = [answer.signers for entry in entries if urgency in entry.signers and (answer := entry.offered(kind))]
    else:
        raise CatalogueError("E-UNKNOWN-KIND", field=kind)
    found = frozenset(signers for signers in own if signers is not None)
    if not found:
        raise CatalogueError("E-URGENCY", field=kind)
    return found


def signers_needed(catalogue: Catalogue, kind: str, urgency: Urgency, about: str = "") -> Signers:
    """Promise: who must sign a letter of this kind and urgency; for an answer, `about` is the kind of the request it answers.

    Whatever discloses takes two officers, an acknowledgement one. Raises CatalogueError as `signers_open` does.
    """
    answer = catalogue[about].offered(kind) if about in catalogue else None
    if answer is not None and kind not in catalogue:
        if urgency not in catalogue[about].signers:
            raise CatalogueError("E-URGENCY", field=kind)
        return answer.signers
    return max(signers_open(catalogue, kind, urgency), key=_STRICTNESS.index)
