"""The desk's own list of shared threats: look, search, say that one was seen, take an own one back, write them as a file.

A threat that went to many States stands here once, with all that came back. Nothing is ever taken out of the list: what its sender
recalled stays, marked as recalled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.compose import submit
from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.feed import FeedPage, read_feed
from contactpoint.desk.find import find_request
from contactpoint.desk.plan import Signer
from contactpoint.desk.stix import write_bundle
from contactpoint.desk.toolkeys import Scope, ToolKey, add_key, list_keys, refuse_key, revoke_key
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.case import permitted
from contactpoint.domain.threats import (
    Handling,
    Sighting,
    Threat,
    pap_of,
    recall_kind,
    sighting_kind,
    threat_of,
    tlp_of,
)
from contactpoint.domain.values import Level, Side
from contactpoint.store.rows_threats import letters_by_case, newest_threats, reached, sent_together, threat_row

MOST_LISTED = 500
"""Threats on a page and in a file: the newest."""

_ARRIVED = frozenset(level.value for level in Level if level.rank >= Level.RECEIVED.rank)


@dataclass(frozen=True, slots=True)
class ThreatView:
    """One threat as this desk shows it. ``states``: where an own one went; ``unreached``: those that have it not yet.

    ``sighted`` counts letters of sightings. ``may_sight`` and ``may_recall`` are the codes that this desk may say of it now, or empty.
    """

    threat: Threat
    incoming: bool
    tlp: Handling
    pap: Handling
    states: tuple[str, ...]
    unreached: tuple[str, ...]
    sighted: int
    may_sight: str = ""
    may_recall: str = ""

    @property
    def recalled(self) -> bool:
        return self.threat.recalled_at is not None


@dataclass(frozen=True, slots=True)
class Recall:
    """What became of a recall: to how many States it was queued now, and to how many it had been before."""

    request: str
    queued: int
    before: int


class ThreatsPort(Protocol):
    """What the console needs of the list of threats."""

    async def listed(self, search: str = "") -> tuple[ThreatView, ...]: ...
    async def one(self, reference: str) -> ThreatView: ...
    async def recall(self, reference: str, reason: str, key: Signer, now: datetime) -> Recall: ...
    async def bundle(self, reference: str = "") -> str: ...
    async def feed(self, token: str, after: str) -> FeedPage: ...


@dataclass(frozen=True, slots=True)
class Threats:
    """The list of threats of one desk; implements ``ThreatsPort``."""

    cw: Casework

    async def listed(self, search: str = "") -> tuple[ThreatView, ...]:
        """The newest threats first; with ``search`` those of which an indicator, the method or the sender holds it."""
        views = await self.cw.db.read(lambda tx: _listed(tx, self.cw))
        return tuple(view for view in views if not search.strip() or view.threat.names(search))

    async def one(self, reference: str) -> ThreatView:
        """One threat with every sighting. Raises NotFoundError."""
        _, request_id = await find_request(self.cw, reference)
        view = await self.cw.db.read(lambda tx: _one(tx, self.cw, request_id))
        if view is None:
            raise NotFoundError("E-NOT-FOUND", f"{reference} is no shared threat", "look at the list of threats")
        return view

    async def sight(self, reference: str, body: Mapping[str, Any], key: Signer, now: datetime) -> Submitted:
        """Tell its sender that the threat was seen here."""
        view = await self.one(reference)
        kind = sighting_kind(self.cw.catalogue[view.threat.kind])
        draft = Draft(kind, "", "", body, re=view.threat.request)
        return await submit(self.cw, draft, key, now)

    async def recall(self, reference: str, reason: str, key: Signer, now: datetime) -> Recall:
        """Take an own threat back from every State that it went to. Whom an earlier recall reached is left alone: it may be repeated.

        Raises NotPermittedError for another State's threat, or a missing right.
        """
        view = await self.one(reference)
        kind = recall_kind(self.cw.catalogue[view.threat.kind])
        if view.incoming or not kind:
            raise NotPermittedError("E-MOVE-ILLEGAL", "only its sender takes a threat back", "telephone the sender")
        rows = await self.cw.db.read(lambda tx: _together(tx, view.threat.request))
        waiting = [row.request_id for row in rows if row.recalled_at is None]
        for request_id in waiting:
            body = {"reason": reason} if reason else {}
            await submit(self.cw, Draft(kind, "", "", body, re=request_id), key, now)
            await asyncio.sleep(0)  # two hundred signatures; the alarm's beat goes on between them
        return Recall(view.threat.request, len(waiting), len(rows) - len(waiting))

    async def bundle(self, reference: str = "") -> str:
        """One threat as STIX 2.1, or all that may leave the console. Raises NotPermittedError (E-TLP, E-STIX-MISSING)."""
        if reference:
            threats = [(await self.one(reference)).threat]
        else:
            every = await self.cw.db.read(lambda tx: _listed(tx, self.cw))
            threats = [view.threat for view in every if view.threat.may_be_file]
        return await asyncio.to_thread(write_bundle, threats)

    async def feed(self, token: str, after: str) -> FeedPage:
        """What came after the cursor. Raises NotPermittedError (E-API-KEY), DraftError (E-CURSOR)."""
        await refuse_key(self.cw, token, Scope.THREATS)
        return await read_feed(self.cw, after)

    async def add_key(self, name: str, now: datetime) -> str:
        return await add_key(self.cw, name, Scope.THREATS, now)

    async def revoke_key(self, name: str, now: datetime) -> None:
        await revoke_key(self.cw, name, Scope.THREATS, now)

    async def keys(self) -> tuple[ToolKey, ...]:
        return await list_keys(self.cw, Scope.THREATS)


async def _listed(tx: AsyncConnection, cw: Casework) -> list[ThreatView]:
    views = []
    for row in await newest_threats(tx, MOST_LISTED):
        view = await _view(tx, cw, row, await _together_with(tx, row), every=False)
        if view is not None:
            views.append(view)
    return views


async def _one(tx: AsyncConnection, cw: Casework, request_id: str) -> ThreatView | None:
    rows = await _together(tx, request_id)
    return await _view(tx, cw, rows[0], rows, every=True) if rows else None


async def _together(tx: AsyncConnection, request_id: str) -> Sequence[Row[Any]]:
    row = await threat_row(tx, request_id)
    return () if row is None else await _together_with(tx, row)


async def _together_with(tx: AsyncConnection, row: Row[Any]) -> Sequence[Row[Any]]:
    """The rows of one threat: those of an own one that went to several States, otherwise the row itself."""
    return (row,) if row.incoming or not row.thread else await sent_together(tx, row.thread, row.at)


async def _view(
    tx: AsyncConnection, cw: Casework, row: Row[Any], rows: Sequence[Row[Any]], *, every: bool
) -> ThreatView | None:
    """``every``: open each State's case, for the words of all sightings; a list needs only their number, which rests in clear."""
    opened = await load_case(tx, cw, row.case_id)
    if opened is None:
        return None
    threat = threat_of(opened.case, opened.case.requests[row.request_id], cw.catalogue)
    if every and len(rows) > 1:
        threat = replace(threat, sightings=await _all_sightings(tx, cw, rows))
    sighting = sighting_kind(cw.catalogue[threat.kind])
    letters = await letters_by_case(tx, [each.case_id for each in rows], sighting)
    peers = {} if row.incoming else await reached(tx, [each.request_id for each in rows])
    return ThreatView(
        threat=threat,
        incoming=row.incoming,
        tlp=tlp_of(threat.tlp),
        pap=pap_of(threat.pap),
        states=tuple(peers),
        unreached=tuple(peer for peer, level in peers.items() if level not in _ARRIVED),
        sighted=sum(letters.values()),
        may_sight=sighting if sighting in _may(cw, opened, row) else "",
        may_recall=recall_kind(cw.catalogue[threat.kind]) if _may_recall(row, rows) else "",
    )


async def _all_sightings(tx: AsyncConnection, cw: Casework, rows: Sequence[Row[Any]]) -> tuple[Sighting, ...]:
    found: list[Sighting] = []
    for row in rows:
        opened = await load_case(tx, cw, row.case_id)
        if opened is not None:
            found += threat_of(opened.case, opened.case.requests[row.request_id], cw.catalogue).sightings
    return tuple(sorted(found, key=lambda each: each.at))


def _may(cw: Casework, opened: OpenCase, row: Row[Any]) -> tuple[str, ...]:
    side = Side.ADDRESSEE if row.incoming else Side.REQUESTER
    return permitted(opened.case, row.request_id, side, cw.catalogue)


def _may_recall(row: Row[Any], rows: Sequence[Row[Any]]) -> bool:
    return not row.incoming and any(each.recalled_at is None for each in rows)
