"""How one person is called: own order and delay, quiet hours for U3 only, and never nobody."""

from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.domain.errors import ContactError
from contactpoint.domain.notices import VERIFIED_FOR, Contact, Rules, Turn, Ways, quiet_until, ways
from contactpoint.domain.values import Urgency

NOW = datetime(2027, 3, 4, 22, 30, tzinfo=UTC)
MAIL, PHONE = Contact("smtp", "off-001@xa.example", NOW), Contact("sms", "+999 0001", NOW)
NEW = Contact("smtp", "new@xa.example")
NIGHT = Rules(quiet=(time(22), time(7)))


def told(
    *contacts: Contact, rules: Rules | None = None, channels: tuple[str, ...] = ("smtp", "sms"), urgency: str = "U1"
) -> Ways:
    return ways(contacts, rules or Rules(), channels, Urgency(urgency), "UTC", NOW)


def brief(found: Ways) -> list[tuple[str, str, int]]:
    return [(way.channel, way.address, int((way.at - NOW).total_seconds())) for way in found.ways]


def test_without_rules_every_verified_contact_of_the_rung_is_used_at_once() -> None:
    found = told(MAIL, PHONE)
    assert brief(found) == [("smtp", MAIL.address, 0), ("sms", PHONE.address, 0)]
    assert not found.unverified


def test_an_unverified_contact_is_not_used_beside_a_verified_one() -> None:
    assert brief(told(MAIL, NEW)) == [("smtp", MAIL.address, 0), ("sms", "", 0)]


def test_pages_go_to_an_unverified_contact_rather_than_nowhere_and_it_is_said() -> None:
    found = told(NEW, channels=("smtp",))
    assert brief(found) == [("smtp", NEW.address, 0)]
    assert found.unverified


def test_a_rung_without_a_verified_channel_of_this_person_falls_to_another_verified_one() -> None:
    assert brief(told(NEW, PHONE, channels=("smtp",))) == [("sms", PHONE.address, 0)]


def test_a_console_alone_asks_for_no_other_channel() -> None:
    assert brief(told(MAIL, channels=("console",))) == [("console", "", 0)]


def test_a_contact_counts_to_the_last_moment_of_its_90_days() -> None:
    assert Contact("smtp", "a@xa.example", NOW - VERIFIED_FOR + timedelta(milliseconds=1)).good(NOW)
    assert not Contact("smtp", "a@xa.example", NOW - VERIFIED_FOR).good(NOW)


def test_order_and_delay_are_the_persons_own_by_class() -> None:
    rules = Rules({Urgency.U1: (Turn("sms", 0), Turn("smtp", 120))})
    assert brief(told(MAIL, PHONE, rules=rules)) == [("sms", PHONE.address, 0), ("smtp", MAIL.address, 120)]
    assert brief(told(MAIL, PHONE, rules=rules, urgency="U2")) == [("smtp", MAIL.address, 0), ("sms", PHONE.address, 0)]


def test_a_delay_never_holds_up_the_first_page_whatever_the_rung_names() -> None:
    rules = Rules({Urgency.U0: (Turn("push", 0), Turn("sms", 300), Turn("smtp", 600))})
    found = told(MAIL, PHONE, rules=rules, urgency="U0")
    assert brief(found) == [("sms", PHONE.address, 0), ("smtp", MAIL.address, 300)]


def test_quiet_hours_hold_back_a_u3_until_they_end_and_say_so() -> None:
    found = told(MAIL, rules=NIGHT, channels=("console", "smtp"), urgency="U3")
    assert brief(found) == [("console", "", 0), ("smtp", MAIL.address, int(8.5 * 3600))]
    assert found.ways[1].held == "held back in quiet hours until 2027-03-05 07:00 UTC"


@pytest.mark.parametrize("urgency", ["U0", "U1", "U2"])
def test_quiet_hours_never_touch_anything_but_a_u3(urgency: str) -> None:
    found = told(MAIL, rules=NIGHT, channels=("smtp",), urgency=urgency)
    assert brief(found) == [("smtp", MAIL.address, 0)]
    assert not found.ways[0].held


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2027-03-04T20:59:59", None),
        ("2027-03-04T21:00:00", "2027-03-05T06:00:00"),
        ("2027-03-05T05:59:59", "2027-03-05T06:00:00"),
        ("2027-03-05T06:00:00", None),
        ("2027-03-27T22:00:00", "2027-03-28T05:00:00"),  # the clocks go forward in that night
    ],
)
def test_quiet_hours_are_half_open_on_the_persons_own_wall(at: str, end: str | None) -> None:
    rules = Rules(quiet=(time(22), time(7)), zone="Europe/Brussels")
    found = quiet_until(rules, "Asia/Kathmandu", datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == (None if end is None else datetime.fromisoformat(end).replace(tzinfo=UTC))


_channels = st.lists(st.sampled_from(["console", "smtp", "sms", "exec", "webhook"]), min_size=1, max_size=5)
_contacts = st.lists(
    st.builds(Contact, st.sampled_from(["smtp", "sms", "exec"]), st.just("x"), st.sampled_from([None, NOW])), max_size=4
)
_turns = st.lists(
    st.builds(Turn, st.sampled_from(["smtp", "sms", "exec"]), st.integers(0, 3600)), max_size=3, unique_by=lambda t: t.channel
)  # fmt: skip


@given(_contacts, _channels, _turns, st.sampled_from(list(Urgency)))
def test_somebody_is_always_called_and_at_once_unless_it_is_a_u3(
    contacts: list[Contact], channels: list[str], turns: list[Turn], urgency: Urgency
) -> None:
    rules = Rules({urgency: tuple(turns)} if turns else {}, NIGHT.quiet)
    found = ways(contacts, rules, channels, urgency, "UTC", NOW).ways
    assert urgency is Urgency.U3 or (found and found[0].at == NOW)
    assert all(way.at >= NOW for way in found)
    good = [each for each in contacts if each.good(NOW)]
    used = {(way.channel, way.address) for way in found if way.address}
    assert not good or used <= {(each.channel, each.address) for each in good}


def test_rules_come_back_as_they_were_written_and_nonsense_is_refused() -> None:
    rules = Rules({Urgency.U0: (Turn("sms"), Turn("smtp", 60))}, (time(22), time(7)), "Africa/Cairo")
    assert Rules.from_plain(rules.to_plain()) == rules
    for bad in (
        {"turns": {"U9": [["sms", 0]]}},
        {"turns": {"U0": [["sms", -1]]}},
        {"turns": {"U0": [["sms", 3601]]}},
        {"turns": {"U0": [["sms", True]]}},
        {"turns": {"U0": [["sms", 0], ["sms", 5]]}},
        {"quiet": ["22:00", "22:00"]},
        {"quiet": ["22:00"]},
        {"quiet": ["22:00+01:00", "07:00"]},
        {"zone": "Nowhere/Here"},
        {"zone": "../../etc/passwd"},
    ):
        with pytest.raises(ContactError):
            Rules.from_plain(bad)


def test_the_table_of_delays_has_no_other_outcome() -> None:
    for urgency, (first, second) in product(Urgency, ((0, 0), (0, 60), (60, 0), (60, 120))):
        rules = Rules({urgency: (Turn("smtp", first), Turn("sms", second))})
        delays = {channel: delay for channel, _, delay in brief(told(MAIL, PHONE, rules=rules, urgency=urgency.value))}
        assert delays == {"smtp": first - min(first, second), "sms": second - min(first, second)}
