"""What one State gave, as it is handed on to another: with its origin, all its labels, and only where its origin lets it go.

Promise: a package goes to a third State only where a label of its own names that State, or a consent that its origin signed covers this
very package, this State and this day. What a consent asks is added; nothing is ever taken away. Back to the origin it may always go.
Source: Articles 36(3), 40(5) and 40(19).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from unicodedata import category

from contactpoint.domain.errors import MoveError
from contactpoint.domain.labels import (
    LABEL_FIELDS,
    RETAIN,
    UNREADABLE,
    Label,
    Labels,
    expired,
    labels_of,
    lets_onward,
    read_labels,
    spell_labels,
    strictest,
    without_permissions,
)
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Plain

PACKAGES = "packages"
"""The field of a body that holds what other States gave."""

LEAST_PASSAGE = 80
"""Characters: a passage of this length that stands in two texts was copied, not written twice."""


@dataclass(frozen=True, slots=True)
class Package:
    """What one State gave in one signed letter. ``digest``: of that letter's signed bytes, in hexadecimal.

    ``proved``: that letter rests here, so the labels are its origin's own word; otherwise they are what another State says of it.
    """

    origin: str
    letter: str
    digest: str
    kind: str
    content: Mapping[str, Plain]
    labels: Labels
    proved: bool = False

    def spelled(self, *, with_content: bool = True) -> dict[str, Plain]:
        """As it stands in a body. Without its content it only names itself: enough for a question to its origin."""
        row: dict[str, Plain] = {
            "origin": self.origin,
            "letter": self.letter,
            "digest": self.digest,
            "kind": self.kind,
            "labels": spell_labels(self.labels),
        }
        return {**row, "content": self.content} if with_content else row


@dataclass(frozen=True, slots=True)
class Consent:
    """What an origin allowed by signature: these packages, to this State, through this day (UTC), under these labels besides."""

    origin: str
    digests: frozenset[str]
    to: str
    until: date | None
    labels: Labels

    def reaches(self, package: Package, state: str, now: datetime) -> bool:
        """Whether it covers this package, for this State, today."""
        return (
            self.origin == package.origin
            and package.digest in self.digests
            and self.to == state
            and (self.until is None or now.astimezone(UTC).date() <= self.until)
        )


def read_packages(value: Plain) -> tuple[Package, ...]:
    """Promise: the packages that a field holds, whoever wrote it. One whose labels cannot be read lets nothing pass."""
    rows = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    return tuple(_read(row) for row in rows if isinstance(row, Mapping))


def _read(row: Mapping[str, Plain]) -> Package:
    content = row.get("content")
    labels = read_labels(row["labels"]) if "labels" in row else (Label(UNREADABLE),)
    origin, letter, digest, kind = (str(row.get(name) or "") for name in ("origin", "letter", "digest", "kind"))
    return Package(origin, letter, digest.lower(), kind, content if isinstance(content, Mapping) else {}, labels)


_NAMES = frozenset({"case", "letter", "digest"})
_FILLED = frozenset({"origin", "kind", "labels", "content"})


def package_problems(value: Plain) -> Iterator[tuple[str, str]]:
    """Everything wrong with packages as an officer names them: the place after the field's name, and how to mend it."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        yield "", "write a list of letters, each by its case and its id"
        return
    for number, row in enumerate(value):
        named = {"letter": row} if isinstance(row, str) else row
        if not isinstance(named, Mapping) or not isinstance(named.get("letter"), str):
            yield f"[{number}]", "name a letter of another State: case, letter, and its digest if you like"
        elif set(named) - _NAMES - _FILLED:
            yield f"[{number}]", "a package has case, letter and digest; the rest is filled in from the letter"


def given_in(statement: Statement) -> tuple[Package, ...]:
    """Promise: what a received letter gave: its own content under its own labels, then each package in it under that one's own."""
    content = {name: value for name, value in statement.body.items() if name not in (*LABEL_FIELDS, PACKAGES)}
    own = Package(
        origin=str(statement.sender),
        letter=statement.id,
        digest=statement.digest.hex(),
        kind=statement.kind,
        content=content,
        labels=labels_of(statement.body),
        proved=True,
    )
    return (own, *read_packages(statement.body.get(PACKAGES)))


def joined(package: Package, copy: Package) -> Package:
    """Promise: the package with what a copy of it asks besides. What the copy permits counts for nothing, unless the package does too."""
    own = package if package.proved or not copy.proved else copy
    other = copy if own is package else package
    return replace(own, labels=strictest(own.labels, without_permissions(other.labels, own.labels)))


def hand_on(package: Package, state: str, consents: Iterable[Consent], now: datetime) -> Package:
    """Promise: the package as it may go to this State, with every condition of the consent that lets it go.

    Raises MoveError: E-ONWARD where nothing lets it go, E-RETAINED where it should have been erased already.
    """
    if package.origin == state:
        return package
    if any(label.code == RETAIN for label in expired(package.labels, now)):
        raise MoveError("E-RETAINED", field=package.letter)
    fitting = [consent for consent in consents if consent.reaches(package, state, now)]
    if fitting:
        return replace(package, labels=strictest(package.labels, *(consent.labels for consent in fitting)))
    # Only its origin can permit: a permission in a copy that went through other hands may have been written there.
    if package.proved and lets_onward(package.labels, state):
        return package
    raise MoveError("E-ONWARD", field=package.letter)


def passage(outgoing: Iterable[str], given: Iterable[str], own: Iterable[str]) -> str:
    """The first passage of an outgoing text that stands in what another State gave and not in what we wrote ourselves, or "".

    Stops: onward by paste. Spaces, case and invisible characters do not hide it. What the giver only quoted of us is ours.
    """
    ours = set(_windows(own))
    theirs = {window for window in _windows(given) if window not in ours}
    return next((window for window in _windows(outgoing) if window in theirs), "")


def texts_in(value: Plain) -> Iterator[str]:
    """Every text inside a value of a body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for inner in value:
            yield from texts_in(inner)


def _windows(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        plain = _plain(text)
        for start in range(len(plain) - LEAST_PASSAGE + 1):
            yield plain[start : start + LEAST_PASSAGE]


def _plain(text: str) -> str:
    visible = "".join(char for char in text if category(char) != "Cf")
    return " ".join(visible.split()).casefold()
