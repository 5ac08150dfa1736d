"""The offences that a body names, and what they are in the law of the State that is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contactpoint.domain.catalogue.model import Choice, Entry, Field
from contactpoint.domain.catalogue.words import FieldType
from contactpoint.domain.statepicture import StatePicture
from contactpoint.domain.values import Plain

SERIOUS_YEARS = 4
"""Article 2(h): a serious crime has a maximum of at least four years."""


@dataclass(frozen=True, slots=True)
class Named:
    """One offence of a body. `convention`: Articles 7 to 17; `years`: the maximum in the requester's law, where it says one."""

    code: str
    name: str
    convention: bool
    in_scope: bool
    years: int | None

    @property
    def told(self) -> str:
        """The code, with name and maximum where the code alone says nothing."""
        more = ", ".join(filter(None, (self.name, "" if self.years is None else f"max. {self.years}")))
        return f"{self.code} ({more})" if more else self.code


def named_offences(entry: Entry, body: Mapping[str, Plain]) -> tuple[Named, ...]:
    """Promise: the offences that stand in a body's fields, groups searched too; what is no known code is left out, never an error.

    The body may come from another product: any shape is survived.
    """
    return tuple(_named_in(entry.fields, body))


def _named_in(fields: Sequence[Field], body: Mapping[str, Plain]) -> Iterable[Named]:
    for field in fields:
        value = body.get(field.name)
        if field.type is FieldType.GROUP and isinstance(value, Mapping):
            yield from _named_in(field.fields, value)
        elif field.type is FieldType.OFFENCES and isinstance(value, Sequence) and not isinstance(value, str | bytes):
            choices = {choice.code: choice for choice in field.choices}
            for item in value:
                row: Mapping[str, Plain] = item if isinstance(item, Mapping) else {"code": item}
                code = row.get("code")
                choice = choices.get(code.split("(")[0]) if isinstance(code, str) else None
                if choice is not None:
                    yield _named(choice, row)


def _named(choice: Choice, row: Mapping[str, Plain]) -> Named:
    def number(name: str) -> int | None:
        value = row.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    name = row.get("name")
    enough = all((number(each) or 0) >= least for each, least in choice.least.items())
    # A code that asks for nothing beside it is one of the Convention's own.
    return Named(
        choice.code,
        name if isinstance(name, str) else "",
        choice.scope and not choice.asks,
        choice.scope and enough,
        number("maximum_years"),
    )


def offence_findings(
    offences: Sequence[Named], theirs: StatePicture
) -> Iterable[tuple[str, bool, Mapping[str, str], str]]:
    """(code, whether it warns, values, variant) of what each code is there; nothing for codes that the card does not map."""
    for offence in {each.code: each for each in offences}.values():
        own = theirs.offence(offence.code)
        if own is None:
            continue
        values = {
            "code": offence.code,
            "state": theirs.name,
            "name": own.name,
            "provision": own.provision,
            "years": str(own.maximum_years),
        }
        # Below four years it is no serious crime there; an offence of the Convention needs no such maximum.
        if own.maximum_years < SERIOUS_YEARS and not offence.convention:
            yield "W-OWN-PENALTY", True, values, ""
        else:
            yield "N-OWN-OFFENCE", False, values, ""
