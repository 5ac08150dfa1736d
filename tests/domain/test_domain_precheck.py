"""Before a request leaves, an officer hears what both cards say of it; nothing of that closes a way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.calendar import Calendar
from contactpoint.domain.catalogue import Opens, load
from contactpoint.domain.codes import TABLE
from contactpoint.domain.precheck import Finding, Severity, open_grounds, pre_checks
from contactpoint.domain.precheck_offences import named_offences
from contactpoint.domain.precheck_texts import TEXTS
from contactpoint.domain.statepicture import Accepts, Body, Does, Law, OwnOffence, StatePicture
from tests.domain.domain_examples import T0, request_of

CATALOGUE = load()
FAMILIES = ("a", "b", "c", "d", "e")
EN = Accepts("en", FAMILIES, True)
OWN = StatePicture("XA", "Alandia", has_card=True, status="party", languages=(EN,))
THEIRS = StatePicture(
    "XB", "Borduria", has_card=True, status="party", languages=(EN,), bodies=(Body("central", "Ministry"),)
)
SERIOUS = {"code": "O-SC", "name": "fraud", "provision": "XA 5", "maximum_years": 6}


def found(
    kind: str = "PRES-NEW",
    body: Mapping[str, Any] | None = None,
    theirs: StatePicture = THEIRS,
    own: StatePicture = OWN,
    urgency: str = "U2",
    lang: str = "en",
    now: datetime = T0,
) -> dict[str, Finding]:
    told = request_of("A01")[1] if body is None else body
    return {each.code: each for each in pre_checks(CATALOGUE[kind], told, urgency, lang, own, theirs, now)}


def with_law(**law: Any) -> StatePicture:
    return replace(THEIRS, law=Law(**law))


def body(**more: Any) -> Mapping[str, Any]:
    return {**request_of("A01")[1], **more}


def test_a_request_between_two_parties_that_fits_warns_of_nothing() -> None:
    assert [each.code for each in found().values() if each.severity is not Severity.TELLS] == []


def test_what_warns_stands_before_what_is_good_to_know() -> None:
    told = pre_checks(CATALOGUE["PRES-NEW"], body(), "U1", "ru", OWN, with_law(oral_requests=True), T0)
    ranks = [list(Severity).index(each.severity) for each in told]
    assert ranks == sorted(ranks) and len(set(ranks)) == 2


# Scope (Articles 2(h), 35)


def test_a_convention_offence_and_a_serious_crime_are_told_to_be_in_scope() -> None:
    assert "O-07" in found()["N-SCOPE"].message
    assert "max. 6" in found(body=body(offences=[SERIOUS]))["N-SCOPE"].message


@pytest.mark.parametrize("offences", [["O-NONE"], [{**SERIOUS, "maximum_years": 2}], ["O-18"]])
def test_out_of_scope_names_another_basis_and_another_channel(offences: list[Any]) -> None:
    told = found(body=body(offences=offences))["E-SCOPE-35"]
    assert told.severity is Severity.WARNS and told.field == "offences"
    assert "another treaty" in told.message and "INTERPOL" in told.message


# Status (treaty of both)


def test_a_state_that_is_no_party_asks_for_another_legal_basis() -> None:
    told = found(theirs=replace(THEIRS, status="signatory"))["W-NOT-PARTY"]
    assert told.field == "legal_basis" and "Borduria" in told.message
    assert "Alandia" in found(own=replace(OWN, status="guest"))["W-NOT-PARTY"].message


@pytest.mark.parametrize("kind", [code for code, each in CATALOGUE.entries.items() if each.opens.may_open_case])
def test_whatever_asks_or_tells_a_state_of_a_matter_hears_that_it_is_no_party(kind: str) -> None:
    everybody = kind in ("DIR-CHANGE", "DIR-PING", "THREAT-SHARE")
    assert ("W-NOT-PARTY" in found(kind, {}, theirs=replace(THEIRS, status="signatory"))) is not everybody


@pytest.mark.parametrize("basis", ["Treaty of 1999", {"treaty": "Treaty of 1999"}])
def test_another_legal_basis_that_is_named_turns_the_warning_into_a_note(basis: Any) -> None:
    told = found(body=body(legal_basis=basis), theirs=replace(THEIRS, status="guest"))
    assert "W-NOT-PARTY" not in told and "1999" in told["N-OTHER-BASIS"].message


@pytest.mark.parametrize("since, party", [("2027-03-04", True), ("2027-03-05", False), ("", True)])
def test_a_party_is_one_from_its_day_on_in_its_own_zone(since: str, party: bool) -> None:
    assert ("W-NOT-PARTY" not in found(theirs=replace(THEIRS, since=since))) is party


# Language


def test_a_language_that_is_not_accepted_names_those_that_are() -> None:
    assert "Accepted now: en" in found(lang="ru")["W-LANGUAGE"].message


def test_the_language_that_a_form_names_counts_and_not_that_of_the_console() -> None:
    written = {**request_of("A11")[1], "language": "fr"}
    told = found("MLA-FWD", written)["W-LANGUAGE"]
    assert told.field == "language" and "fr" in told.message
    assert "W-LANGUAGE" not in found("MLA-FWD", {**written, "language": "en"}, lang="ar")


def test_a_language_counts_by_its_family_of_help_and_without_its_region() -> None:
    theirs = replace(THEIRS, languages=(Accepts("en-GB", ("a", "b"), True), Accepts("fr", ("e",), True)))
    assert "W-LANGUAGE" not in found(theirs=theirs, lang="en")
    assert "W-LANGUAGE" in found(theirs=theirs, lang="fr")


def test_at_night_only_the_languages_of_the_night_count() -> None:
    theirs = replace(THEIRS, languages=(Accepts("en", FAMILIES, False), Accepts("fr", FAMILIES, True)))
    assert "W-LANGUAGE" not in found(theirs=theirs, now=T0)  # Thursday, 13:00 UTC
    night = found(theirs=theirs, now=T0 + timedelta(hours=9))["W-LANGUAGE"]
    assert "only in working hours" in night.message and "fr" in night.values["accepted"]
    assert "W-LANGUAGE" in found(theirs=theirs, now=T0 + timedelta(days=2))  # Saturday
    late = replace(theirs, opens=time(22), calendar=Calendar(closes=time(6)))
    assert "W-LANGUAGE" in found(theirs=late) and "W-LANGUAGE" not in found(theirs=late, now=T0 + timedelta(hours=10))
    east = replace(theirs, calendar=Calendar("Asia/Tokyo"), opens=time(9))
    assert "W-LANGUAGE" in found(theirs=east, now=T0)


# What the desk there does, and who decides


def test_the_card_says_itself_passes_on_or_not_available() -> None:
    def helps(does: Does, to: str = "") -> StatePicture:
        return replace(THEIRS, helps={"b": (does, to)})

    assert "N-ITSELF" in found()
    assert "Police of XB" in found(theirs=helps(Does.PASSES_ON, "Police of XB"))["W-PASSES-ON"].message
    assert found(theirs=helps(Does.PASSES_ON))["W-PASSES-ON"].message.endswith("That takes time.")
    assert found(theirs=helps(Does.NOT_AVAILABLE))["W-NOT-AVAILABLE"].severity is Severity.WARNS


def test_a_state_without_a_card_promises_nothing() -> None:
    told = found(theirs=StatePicture("XB", "XB"))
    assert "W-NO-CARD" in told and "N-ITSELF" not in told and "W-LANGUAGE" not in told


def test_who_decides_is_named_from_the_card_by_the_role_of_the_type() -> None:
    assert "Ministry" in found("MLA-FWD")["N-DECIDES"].message
    assert "W-DECIDES" in found("EXTR-PROV") and "N-DECIDES" not in found("PRES-NEW")
    assert "itself" in found("EXTR-PROV", theirs=replace(THEIRS, roles=("extradition",)))["N-DECIDES"].message


def test_a_state_that_does_not_take_the_convention_as_basis_is_named() -> None:
    refusing = with_law(bases={"transfer": False, "extradition": True})
    asked = {"legal_basis": {"treaty": "none", "convention_as_basis": True}}
    assert "W-NO-BASIS" in found("TCP", asked, refusing)
    assert "W-NO-BASIS" not in found("EXTR-PROV", {}, refusing)
    assert "W-NO-BASIS" not in found("TCP", {"legal_basis": "Treaty of 1999"}, refusing)


# Its law


def test_a_reservation_is_told_only_where_it_can_bite() -> None:
    reserved = with_law(reservations={"42(5)": True, "23(3)": True})
    assert "W-RESERVATION" not in found(theirs=reserved)  # Convention offences are named
    assert "42(5)" in found(body=body(offences=[SERIOUS]), theirs=reserved)["W-RESERVATION"].message
    assert "23(3)" in found("MLA-TRAF-RT", theirs=reserved)["W-RESERVATION"].message


def test_dual_criminality_is_never_asked_for_a_preservation() -> None:
    """Article 42(4)."""
    strict = with_law(dual_criminality="required")
    for kind in ("PRES-NEW", "PRES-EXT", "PRES-REL"):
        assert not {"W-DUAL-CRIMINALITY", "N-DUAL-CRIMINALITY"} & set(found(kind, theirs=strict))
    assert "W-DUAL-CRIMINALITY" in found("MLA-FWD", theirs=strict)
    assert "N-DUAL-CRIMINALITY" in found("MLA-FWD", theirs=with_law(dual_criminality="discretionary"))


def test_the_own_offence_there_and_its_maximum_are_told() -> None:
    theirs = with_law(
        offences={"O-09": OwnOffence("Damage to data", "XB Code 9", 3), "O-13": OwnOffence("Fraud", "XB 13", 5)}
    )
    told = found(body=body(offences=["O-09"]), theirs=theirs)
    assert told["N-OWN-OFFENCE"].message == "In Borduria O-09 is: Damage to data, XB Code 9, maximum 3 years."
    assert "W-OWN-PENALTY" not in told  # an offence of the Convention needs no maximum
    assert "XB 13" in found(body=body(offences=["O-13a"]), theirs=theirs)["N-OWN-OFFENCE"].message


def test_below_four_years_there_an_offence_outside_the_convention_warns() -> None:
    for years, code in ((3, "W-OWN-PENALTY"), (4, "N-OWN-OFFENCE")):
        theirs = with_law(offences={"O-SC": OwnOffence("Fraud", "XB 5", years)})
        assert code in found(body=body(offences=[SERIOUS]), theirs=theirs)


def test_secrecy_is_warned_of_only_where_it_is_asked_and_the_law_tells_the_user() -> None:
    telling = with_law(user_notification="delayed", user_notification_days=30)
    assert "30 days" in found(theirs=telling)["W-USER-NOTICE"].message
    assert "W-USER-NOTICE" not in found(body=body(confidentiality={}), theirs=telling)
    assert "W-USER-NOTICE" not in found(theirs=with_law(user_notification="none"))


def test_a_judge_is_told_for_the_kinds_of_data_that_are_asked() -> None:
    assert (
        found(theirs=with_law(judge_needed_for=("subscriber", "content")))["N-JUDGE"].values["classes"]
        == "subscriber, content"
    )
    data = {**body()["data"], "classes": ["traffic"]}
    assert "N-JUDGE" not in found(body=body(data=data), theirs=with_law(judge_needed_for=("content",)))


def test_urgent_requests_hear_whether_the_telephone_is_enough() -> None:
    oral = with_law(oral_requests=True, confirmation_hours=24, emergency_minimum="the place and the danger")
    assert "24 hours" in found(theirs=oral, urgency="U1")["N-ORAL"].message
    assert "N-NO-ORAL" in found(urgency="U1") and "N-NO-ORAL" not in found(urgency="U2")
    assert "the danger" in found("EMERG-DATA", {}, oral, urgency="U0")["N-EMERGENCY-MINIMUM"].message


def test_other_channels_are_named() -> None:
    assert "I-24/7" in found(body=body(also_sent_by=["I-24/7 no. 7"]))["W-SAME-MATTER"].message
    both = with_law(diplomatic_channel=True, refuses_interpol=True)
    assert {"W-DIPLOMATIC", "N-NO-INTERPOL"} <= set(found("MLA-FWD", {}, both, urgency="U1"))
    assert not {"W-DIPLOMATIC", "N-NO-INTERPOL"} & set(found(theirs=both, urgency="U1"))


# Grounds


def grounds(offences: list[Any], reserved: bool) -> set[str]:
    own = replace(OWN, law=Law(reservations={"42(5)": reserved}))
    return {each.code for each in open_grounds(CATALOGUE["PRES-NEW"], body(offences=offences), own)}


def test_the_reservation_is_a_ground_only_where_the_own_card_holds_it_and_no_convention_offence_is_named() -> None:
    assert "RG-42-5" in grounds([SERIOUS], True)
    assert "RG-42-5" not in grounds([SERIOUS], False)
    assert "RG-42-5" not in grounds([SERIOUS, "O-15"], True)


def test_discrimination_is_a_ground_whatever_the_card_says() -> None:
    assert "RG-22" in grounds([SERIOUS], False) & grounds(["O-07"], True)


# Attacks, and what holds for every type


@pytest.mark.parametrize("entry", CATALOGUE.entries.values(), ids=lambda each: each.code)
def test_every_type_can_be_checked_against_any_card(entry: Any) -> None:
    full = with_law(
        reservations={"42(5)": True, "23(3)": True},
        dual_criminality="required",
        user_notification="required",
        judge_needed_for=("content",),
        diplomatic_channel=True,
        offences={"O-07": OwnOffence("a", "b", 1)},
    )
    for theirs in (full, StatePicture("XB", "XB")):
        for each in pre_checks(entry, body(), "U1", "zh", replace(OWN, status="guest"), theirs, T0):
            assert each.code in TABLE and each.message and each.severity is not Severity.BLOCKS
        if entry.opens is Opens.MOVE:
            assert set(found(entry.code, theirs=theirs)) <= {"W-LANGUAGE"}


def test_every_sentence_belongs_to_a_code_of_the_table() -> None:
    assert {code.split("/")[0] for code in TEXTS} <= set(TABLE)


def test_percent_signs_in_a_cards_words_stay_words() -> None:
    theirs = replace(THEIRS, name="100%(state)s %d")
    assert "100%(state)s %d" in found(theirs=theirs)["N-ITSELF"].message


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["O-07", "O-SC", "none"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "classes", "treaty"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["offences", "data", "legal_basis", "confidentiality", "also_sent_by"]), _ANY, max_size=5
    )
)
def test_type_confusion_a_body_of_any_shape_is_survived(told: dict[str, Any]) -> None:
    entry = CATALOGUE["PRES-NEW"]
    pre_checks(entry, told, "U9", "xx", OWN, with_law(user_notification="required", judge_needed_for=("content",)), T0)
    open_grounds(entry, told, OWN)
    named_offences(entry, told)
