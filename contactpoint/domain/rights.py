"""When a second person must look at the rights of the people concerned before a letter leaves (Articles 6, 24, 40(22)).

Promise: nothing is guessed. What counts is what officers wrote: the offence codes they named, their own answer to the question whether
the facts are speech, press, belief or assembly, and a flag that an officer raised. No setting changes the verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from contactpoint.domain.catalogue.model import Entry, Field, Offence
from contactpoint.domain.catalogue.words import FieldType
from contactpoint.domain.values import Plain

SPEECH = "speech"
"""The field of that question, wherever a type asks it."""


class Reason(StrEnum):
    """Why a second person must look."""

    OFFENCE = "offence"  # an offence outside Articles 7 to 17 is named, or a marker with no such offence beside it
    SPEECH = "speech"  # the officer says that the facts are speech, press, belief or assembly
    FLAG = "flag"  # an officer of the requested State says that the facts do not match the offence, or are speech
    OVERRIDE = "override"  # a ground of refusal that the type does not open, by an officer who may not use it alone


class Finding(StrEnum):
    """What the second person found."""

    NONE = "none"  # no concern under Article 40(22)
    NOTE = "note"  # proportionate, for the reasons noted
    STOP = "stop"  # the letter does not leave; it is a draft again


def check_needed(
    entry: Entry, body: Mapping[str, Plain], offences: Mapping[str, Offence], flagged: bool
) -> Reason | None:
    """Promise: why a request of this type with this body needs the check, or None. `flagged`: an officer here raised a flag.

    `offences` is the catalogue's list. A code that it does not know counts as outside, and so does an entry that cannot be read:
    who writes nonsense must not thereby escape the check.
    """
    if flagged:
        return Reason.FLAG
    if _says_speech(body):
        return Reason.SPEECH
    if entry.rights_check and _outside(tuple(_named(entry.fields, body)), offences):
        return Reason.OFFENCE
    return None


def _says_speech(body: Mapping[str, Plain]) -> bool:
    """Only a clear no, or no answer, is no: another product may write yes in its own way."""
    return body.get(SPEECH) not in (None, False, "")


def _named(fields: Sequence[Field], body: Mapping[str, Plain]) -> Iterable[str | None]:
    """Every offence code of the body, None for one that cannot be read."""
    for field in fields:
        value = body.get(field.name)
        if value is None:
            continue
        if field.type is FieldType.OFFENCES:
            items = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
            yield from (_code(item) for item in items)
        elif field.type is FieldType.GROUP and isinstance(value, Mapping):
            yield from _named(field.fields, value)


def _code(item: Plain) -> str | None:
    code = item.get("code") if isinstance(item, Mapping) else item
    return code.split("(")[0] if isinstance(code, str) else None


def _outside(codes: Sequence[str | None], offences: Mapping[str, Offence]) -> bool:
    found = [offences.get(code) if code is not None else None for code in codes]
    plain = [each for each in found if each is None or not each.marker]
    if any(each is None or not each.convention for each in plain):
        return True
    return bool(found) and not plain


def right_for(reason: Reason) -> str:
    """The right that the second person needs: a legal look at rights, or a supervisor's for a ground outside the list."""
    return "supervise" if reason is Reason.OVERRIDE else "review"
