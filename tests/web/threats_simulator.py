"""The shared threats of the simulated desk: one that another State shared, one that it took back, and an own one sent to all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.feed import FeedEntry, FeedPage
from contactpoint.desk.plan import Signer
from contactpoint.desk.stix import write_bundle
from contactpoint.desk.threats import Recall, ThreatView
from contactpoint.domain.indicators import read_indicator
from contactpoint.domain.threats import Sighting, Threat, pap_of, tlp_of
from contactpoint.domain.values import Address

TOKEN = "cpf_" + "ab" * 32
HOSTILE = ("evil\u202egpj.exe", '=HYPERLINK("http://x.example")', "<script>alert(1)</script>")


def _threat(number: int, sender: str, at: datetime, tlp: str, **more: object) -> ThreatView:
    named = (
        "police-mail.example",
        "203.0.113.77",
        "hxxps://login[.]police-mail.example/reset",
        "d41d8cd98f00b204e9800998ecf8427e",
    )
    threat = Threat(
        request=f"0199a000-0000-7000-8000-{number:012d}",
        case=f"0199a000-0000-7000-8000-{number:012d}",
        sender=Address(sender),
        recipient=Address("XB"),
        at=at,
        kind="THREAT-SHARE",
        digest=bytes([number]) * 32,
        thread="",
        method="fake emergency requests sent from two breached police mail domains",
        indicators=tuple(read_indicator(each) for each in (*named, *HOSTILE)),
        tlp=tlp,
        pap="HC-PAP-GREEN",
        personal_data=False,
        sightings=(
            Sighting(Address("XC"), "XC-OFF-1", at, 3, at - timedelta(hours=2), at, "at a provider", bytes(32)),
        ),
        recalled_at=None,
        recall_reason="",
    )
    incoming = sender != "XB"
    states = () if incoming else ("XA", "XC", "XD", "XE")
    threat = replace(threat, **more)  # type: ignore[arg-type]
    may = "SIGHTED" if incoming and threat.recalled_at is None else ""
    back = "" if incoming or threat.recalled_at else "RECALLED"
    return ThreatView(threat, incoming, tlp_of(tlp), pap_of(threat.pap), states, states[3:], 1, may, back)


@dataclass
class ThreatList:
    """Implements ``ThreatsPort``; what was recalled is kept in a plain list."""

    start: datetime
    views: list[ThreatView] = field(default_factory=list)
    recalls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        at = self.start - timedelta(hours=5)
        self.views = [
            _threat(3, "XB", at, "HC-TLP-AMBER", indicators=()),
            _threat(2, "XC", at - timedelta(hours=1), "HC-TLP-RED", pap="HC-PAP-RED", personal_data=True),
            _threat(1, "XA", at - timedelta(days=1), "HC-TLP-GREEN", recalled_at=at, recall_reason="a mistake of ours"),
        ]

    async def listed(self, search: str = "") -> tuple[ThreatView, ...]:
        return tuple(view for view in self.views if not search or view.threat.names(search))

    async def one(self, reference: str) -> ThreatView:
        for view in self.views:
            if view.threat.request == reference:
                return view
        raise NotFoundError("E-NOT-FOUND", f"{reference} is no shared threat", "look at the list of threats")

    async def recall(self, reference: str, reason: str, key: Signer, now: datetime) -> Recall:
        view = await self.one(reference)
        threat = replace(view.threat, recalled_at=now, recall_reason=reason)
        self.views[self.views.index(view)] = replace(view, threat=threat, may_recall="")
        self.recalls.append((reference, reason))
        return Recall(reference, len(view.states), 0)

    async def bundle(self, reference: str = "") -> str:
        views = [await self.one(reference)] if reference else [v for v in self.views if v.threat.may_be_file]
        return write_bundle(view.threat for view in views)

    async def feed(self, token: str, after: str) -> FeedPage:
        if token != TOKEN:
            raise NotPermittedError("E-API-KEY", "the key is missing, unknown or revoked", "ask an administrator")
        entries = [FeedEntry(f"c{n}", False, v.threat) for n, v in enumerate(self.views) if v.threat.may_be_fed]
        return FeedPage(tuple(entries), "c9", False)


class ThreatsSimulator:
    """The part of the simulated desk that holds them."""

    start: datetime
    _list: ThreatList | None = None

    @property
    def threats(self) -> ThreatList:
        self._list = self._list or ThreatList(self.start)
        return self._list
