"""What each command does: open the node's folder, call one use case, close it again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.keyring import list_keys
from contactpoint.desk import officers
from contactpoint.desk.desk import Desk
from contactpoint.desk.errors import UnreachablePeerError
from contactpoint.desk.evidence import export
from contactpoint.desk.leaving import leave
from contactpoint.desk.results import (
    CaseFile,
    DirectoryReport,
    InboxRow,
    KeyRow,
    NotInTimeError,
    OfficerAdded,
    RefusedByPeerError,
    UnreachableError,
)
from contactpoint.desk.review import Check
from contactpoint.desk.shift_views import LeftView
from contactpoint.desk.views import CaseView, ContactView, Draft, OfficerView, RequestView, Submitted, Taken
from contactpoint.main.clock import Clock
from contactpoint.main.folder import write_file
from contactpoint.main.mirror import load_copy
from contactpoint.main.node import draw, open_desk, open_means

Result = TypeVar("Result")
_PATIENCE_S, _PATIENCE_UNKNOWN_S, _LOOK_AGAIN_S = 20.0, 4.0, 0.3


async def _once_reachable(home: Path, say: Callable[[Desk, Clock], Awaitable[Result]]) -> Result:
    """Say it; while the peer's entry or key sheet is not here yet, try again with what the running node has fetched meanwhile.

    A node that was started a moment ago has both within seconds; a State that is unknown for longer is a mistyped one.
    """
    started = time.monotonic()
    while True:
        try:
            async with open_desk(home) as (desk, clock):
                return await say(desk, clock)
        except UnreachablePeerError as error:
            patience = _PATIENCE_UNKNOWN_S if error.code == "E-UNKNOWN-STATE" else _PATIENCE_S
            if time.monotonic() - started >= patience:
                raise
        await asyncio.sleep(_LOOK_AGAIN_S)


def draft_of(request: CaseFile) -> Draft:
    """What a case file asks for, as the desk takes it."""
    return Draft(
        kind=request.kind,
        recipient=request.recipient,
        urgency=request.urgency,
        body=request.body,
        parent=request.parent,
        re=request.parent,
        label=request.label,
        lang=request.lang,
        approver=request.approver,
        recipients=request.recipients,
        subsets=request.subsets,
    )


async def send(home: Path, request: CaseFile, officer: str, secret: str) -> Submitted:
    draft = draft_of(request)

    async def say(desk: Desk, clock: Clock) -> Submitted:
        return await desk.submit(draft, await desk.unseal(officer, secret, clock()), clock())

    return await _once_reachable(home, say)


async def await_charge(home: Path, identity: str) -> str:
    """Wait until an officer of the other State has taken charge of an own request; returns that officer's number.

    Raises NotInTimeError at the common deadline, RefusedByPeerError, UnreachableError: the ladder goes on all the same.
    """
    async with open_desk(home) as (desk, clock):
        while True:
            view = await desk.request_view(identity, clock())
            said = {fact.level for fact in view.facts} if view is not None else set()
            if view is not None and view.acknowledged_by:
                return view.acknowledged_by
            if view is not None and view.refused:
                raise RefusedByPeerError(view.refused, "the other State's node refused the request", "look at the case")
            if "not-acknowledged" in said:
                raise NotInTimeError(
                    "W-NOT-ACKNOWLEDGED", "nobody has taken charge in time", "telephone the other State"
                )
            if "unreachable" in said:
                raise UnreachableError(
                    "W-UNREACHABLE", "the other State's gateway cannot be reached", "telephone; the node keeps trying"
                )
            await asyncio.sleep(_LOOK_AGAIN_S)


async def approve(home: Path, identity: str, officer: str, secret: str, check: Check | None = None) -> Submitted:
    async def say(desk: Desk, clock: Clock) -> Submitted:
        return await desk.approve(identity, await desk.unseal(officer, secret, clock()), clock(), check)

    return await _once_reachable(home, say)


async def inbox(home: Path, wait_s: float = 0.0) -> list[InboxRow]:
    """What has come in, the ringing first; waits up to ``wait_s`` seconds until something is there. It never says *opened*."""
    deadline = time.monotonic() + wait_s
    async with open_desk(home) as (desk, clock):
        while True:
            board = await desk.board("", clock())
            rows = [_inbox_row(view) for view in (*board.unacknowledged, *board.open, *board.mine, *board.central)]
            if rows or time.monotonic() >= deadline:
                return rows
            await asyncio.sleep(_LOOK_AGAIN_S)


def _inbox_row(view: RequestView) -> InboxRow:
    return InboxRow(
        id=view.id,
        case=view.case,
        kind=view.kind,
        urgency=view.urgency,
        sender=view.sender,
        status=view.status,
        level=view.level,
        at=view.at,
        due=view.next_due,
        label=view.label,
    )


async def show(home: Path, identity: str, officer: str, secret: str) -> CaseView:
    """The case of a request, shown to an officer who proves it with the signing secret; says *opened*."""
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        case, request = await desk.find_request(identity)
        await desk.opened(request, officer, clock())
        return await desk.case_view(case, clock())


async def acknowledge(home: Path, identity: str, officer: str, secret: str | None) -> Taken:
    async def say(desk: Desk, clock: Clock) -> Taken:
        key = None if secret is None else await desk.unseal(officer, secret, clock())
        _, request = await desk.find_request(identity)
        return await desk.acknowledge(request, officer, key, clock())

    return await _once_reachable(home, say)


async def answer(
    home: Path,
    identity: str,
    kind: str,
    body: Mapping[str, Any],
    officer: str,
    secret: str,
    approver: str | None = None,
) -> Submitted:
    async def say(desk: Desk, clock: Clock) -> Submitted:
        key = await desk.unseal(officer, secret, clock())
        _, request = await desk.find_request(identity)
        return await desk.answer(request, kind, body, key, clock(), approver)

    return await _once_reachable(home, say)


async def export_case(home: Path, identity: str, out: Path, officer: str, secret: str) -> Path:
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        case, _ = await desk.find_request(identity)
        bundle = await export(desk.cw, case, clock())
    return write_file(out, bundle)


async def directory_list(home: Path) -> tuple[ContactView, ...]:
    async with open_desk(home) as (desk, clock):
        return (await desk.directory(clock())).states


async def directory_show(home: Path, state: str) -> ContactView:
    async with open_desk(home) as (desk, clock):
        return await desk.contact(state, clock())


async def directory_verify(home: Path) -> DirectoryReport:
    """Check the copy again from its first entry; nothing is fetched."""
    means = await open_means(home)
    copy = load_copy(means.folder, means.pinned, means.clock()) or means.register.copy
    lines = [f"{copy.size} entries follow from genesis {copy.genesis.digest.hex()}"]
    lines += [f"entry {fault.index} has no effect: {fault.text}" for fault in copy.faults]
    return DirectoryReport(
        ok=not copy.faults,
        network=copy.genesis.purpose.value,
        genesis=copy.genesis.digest.hex(),
        size=copy.size,
        root=copy.root.hex(),
        checked_at=copy.checked_at,
        lines=tuple(lines),
    )


async def officer_add(
    home: Path, number: str, name: str, rights: tuple[str, ...], contacts: Mapping[str, str], secret: str
) -> OfficerAdded:
    async with open_desk(home) as (desk, clock):
        cw = desk.cw
        key = await officers.make_key(secret, draw)

        async def work(tx: AsyncConnection) -> str:
            return await officers.add_officer(
                tx,
                draw,
                number=number,
                name=name,
                rights=rights,
                mail=contacts.get("smtp", ""),
                key=key,
                language="en",
                now=clock(),
            )

        token = await cw.db.write(work)
        means = await open_means(home)
        inside = means.settings.inside
        scheme = "https" if inside.tls else "http"
        return OfficerAdded(number, f"{scheme}://{inside.host}:{inside.port}/first/{token}")


async def officer_list(home: Path) -> tuple[OfficerView, ...]:
    async with open_desk(home) as (desk, clock):
        return await desk.officers(clock())


async def officer_lock(home: Path, number: str, compromised: bool = False) -> LeftView:
    async with open_desk(home) as (desk, clock):
        return await leave(desk.cw, number, compromised, clock())


async def officer_secret(home: Path, number: str, old: str, new: str) -> None:
    async with open_desk(home) as (desk, clock):
        await officers.change_secret(desk.cw, number, old, new, clock())


async def key_list(home: Path) -> list[KeyRow]:
    async with open_desk(home) as (desk, _):
        rows = await desk.cw.db.read(list_keys)
    return [KeyRow(role, key_id.hex(), start, end, "desk.sqlite3") for role, key_id, start, end, _ in rows]
