"""A State's card grows without breaking what was signed before: new fields stand in the bytes only where they say something."""

from typing import Any

import pytest

from directory.card import Authority, Card, LegalCard, OwnOffence, PublicCard
from directory.enrolment import make_card
from directory.errors import DocumentError
from keys import cbor
from tests.directory.registerworld import NET, NOW, PUBLIC, REACH, signing

_AS_FIRST_SIGNED = {
    "body", "parent", "status", "mla_authority", "extradition_authority", "languages", "authorities", "own_help", "legal", "calendar",
    "promises",
}  # fmt: skip


def _content(public: PublicCard = PUBLIC) -> dict[str, Any]:
    return Card(state="XA", number=1, public=public, members=None, at=NOW).to_value()  # type: ignore[return-value]


def test_a_card_that_says_nothing_new_is_spelled_as_the_first_cards_were() -> None:
    value = _content(PUBLIC.model_copy(update={"authorities": (Authority(role="central", name="Ministry"),)}))
    assert set(value["public"]) == _AS_FIRST_SIGNED
    assert set(value["public"]["authorities"][0]) == {"role", "name", "mail"}
    assert not {"offences", "user_notification_days"} & set(value["public"]["legal"])


def test_a_card_with_its_own_offences_authorities_and_dates_is_read_as_it_was_signed() -> None:
    said = {
        "party_since": "2027-01-01",
        "authorities": (Authority(role="transfer", name="Ministry", telephone="+999100300"),),
        "legal": LegalCard(
            user_notification="delayed",
            user_notification_days=30,
            offences={"O-09": OwnOffence(name="Damage", provision="XA Code 9", maximum_years=3)},
        ),
    }
    signed, _ = make_card(signing("XA/keeper"), "XA", 1, PUBLIC.model_copy(update=said), REACH, b"s" * 16, NOW, NET)
    read = Card.from_content(signed.content)
    assert read.public.legal.offences["O-09"].maximum_years == 3
    assert read.public.authorities[0].telephone == "+999100300"
    assert read.public.party_since == "2027-01-01" and read.to_content() == signed.content


@pytest.mark.parametrize("place, name, value", [((), "party_since", None), (("legal",), "offences", {})])
def test_second_spelling_a_new_field_that_says_nothing_is_refused_when_it_is_written_out(
    place: tuple[str, ...], name: str, value: Any
) -> None:
    content = _content()
    inner = content["public"]
    for part in place:
        inner = inner[part]
    inner[name] = value
    with pytest.raises(DocumentError):
        Card.from_content(cbor.encode(content))


@pytest.mark.parametrize("code", ["07", "O-", "O-09\N{RIGHT-TO-LEFT OVERRIDE}", "O-123456789"])
def test_an_offence_code_of_another_shape_is_refused(code: str) -> None:
    with pytest.raises(ValueError):
        LegalCard(offences={code: OwnOffence(name="n", provision="p", maximum_years=1)})
