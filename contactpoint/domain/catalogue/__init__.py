"""The catalogue: what may be asked and answered under the Convention, as data, one version a folder, kept for ever.

A new type of request is one file more in the folder and no code elsewhere: forms, validators, permitted steps and
the number of signatures are all derived from it. Citations carry a source tag and `checked`: false until a lawyer
ticked it.
"""

from functools import cache
from pathlib import Path

from contactpoint.domain.catalogue.check import UNKNOWN, Problem, check_body
from contactpoint.domain.catalogue.model import (
    Answer,
    Catalogue,
    Choice,
    Citation,
    Clock,
    Consequence,
    Entry,
    Field,
    FieldType,
    Ground,
    Offence,
    Offer,
    Opens,
    Required,
    Signers,
)
from contactpoint.domain.catalogue.reading import read_catalogue
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.values import Urgency

__all__ = [
    "UNKNOWN",
    "VERSIONS",
    "Answer",
    "Catalogue",
    "Choice",
    "Citation",
    "Clock",
    "Consequence",
    "Entry",
    "Field",
    "FieldType",
    "Ground",
    "Offence",
    "Offer",
    "Opens",
    "Problem",
    "Required",
    "Signers",
    "check_body",
    "load",
    "signers_needed",
]

VERSIONS = ("1",)

_STRICTNESS = (Signers.STATION, Signers.ONE, Signers.TWO)


@cache
def load(version: str = "1") -> Catalogue:
    """Promise: the catalogue that ships under this version. Raises CatalogueError."""
    if version not in VERSIONS:
        raise CatalogueError("E-UNKNOWN-KIND", field=f"catalogue {version}")
    return read_catalogue(version, Path(__file__).with_name(f"v{version}"))


def signers_needed(catalogue: Catalogue, kind: str, urgency: Urgency) -> Signers:
    """Promise: who must sign a letter of this kind and urgency; a function of these two only, so that a verifier who
    sees one letter alone can judge it.

    An answer that several types offer takes the strictest of those to which the urgency is open: at U0, what discloses
    and what looks like it both take two. Raises CatalogueError: E-UNKNOWN-KIND, or E-URGENCY where the urgency is not open.
    """
    if kind in catalogue:
        signers = catalogue[kind].signers.get(urgency)
        if signers is None:
            raise CatalogueError("E-URGENCY", field=kind)
        return signers
    offering = [
        (entry, answer) for entry in catalogue.entries.values() for answer in entry.answers if answer.code == kind
    ]
    if not offering:
        raise CatalogueError("E-UNKNOWN-KIND", field=kind)
    open_here = [answer.signers for entry, answer in offering if urgency in entry.signers]
    if not open_here:
        raise CatalogueError("E-URGENCY", field=kind)
    return max(open_here, key=_STRICTNESS.index)
