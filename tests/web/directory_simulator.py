"""The invented States of the simulated desk's directory."""

from __future__ import annotations

from datetime import datetime, timedelta

from contactpoint.desk.drill_views import DrillView, Published, Reachability
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.views import ContactView, DirectoryView, KeyView
from contactpoint.domain.availability import Availability
from contactpoint.domain.drills import Span
from tests.web.sample import NAMES


class DirectorySimulator:
    """The directory's half of the port."""

    network = "training"

    async def directory(self, now: datetime) -> DirectoryView:
        states = tuple([await self.contact(state, now) for state in NAMES])
        return DirectoryView(
            self.network,
            "Training register of contact points",
            "5e" * 32,
            41,
            "a7" * 32,
            now - timedelta(minutes=4),
            states,
        )

    async def contact(self, state: str, now: datetime) -> ContactView:
        if state not in NAMES:
            raise NotFoundError("E-NOT-FOUND", "This State is not in the register.", "Check the code in the directory.")
        place = list(NAMES).index(state)
        zone = (
            "Europe/Brussels",
            "Africa/Cairo",
            "Asia/Kathmandu",
            "America/Chicago",
            "Atlantic/Azores",
            "Asia/Tokyo",
        )[place]
        spoken = (("en", "fr"), ("ar", "en"), ("en",), ("es", "en"), ("fr",), ("en", "ru"))[place]
        keys = tuple(
            KeyView(role, f"{place + 1}{number}" * 32, now - timedelta(days=90), now + timedelta(days=300))
            for number, role in enumerate(("root", "station", "gateway", "keeper", "issuer"))
        )
        words = "abandon ability able about above absent absorb abstract absurd abuse access accident"
        status = "suspended" if state == "XF" else "listed"
        return ContactView(
            state,
            NAMES[state],
            status,
            spoken,
            (f"+999 555 010{place + 1}", f"+999 555 020{place + 1}"),
            f"duty@{state.lower()}.example",
            zone,
            (state,),
            keys,
            words,
            "c4" * 32,
            "ca" * 32,
            {},
            "seen 12 s ago" if place < 3 else "",
            None if state == "XB" else _reach(state, place, now),
        )


def _reach(state: str, place: int, now: datetime) -> Reachability:
    """How well an invented State is reached: each another class; one failed and disputes it, one was never tried."""
    classes = ("30-min", "", "5-min", "not", "4-h", "")
    why = "<script>alert(1)</script> the exchange had no power" if classes[place] == "not" else ""
    at = now - timedelta(days=3 + place, hours=7)
    last = DrillView(f"d{place}", state, False, "link", "", at, classes[place], at, "", why, "ab" * 32)
    day = Availability(1438 - place, 1438 - 7 * place, 2, 40 + 13 * place)
    closure = Span(now + timedelta(days=1), now + timedelta(days=1, hours=6)) if state == "XD" else None
    told = tuple(Published(by, "2027-03-01", classes[place] or "4-h", why) for by in ("XA", "XE") if by != state)
    return Reachability(state, last if classes[place] else None, day, day, told, closure)
