"""What a desk does together with several States, or beside its own authorities, as console and command line know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import NotFoundError
from contactpoint.desk.find import find_request
from contactpoint.desk.group import announce_members, tell_group
from contactpoint.desk.handover import hand_over, own_authority
from contactpoint.desk.next_steps import prefilled
from contactpoint.desk.operation_views import OperationLine, OperationView
from contactpoint.desk.operations import find_thread, operation_lines, operation_view
from contactpoint.desk.plan import Signer, open_case
from contactpoint.desk.several import submit_several
from contactpoint.desk.views import Draft, Spread, Submitted


class JointPort(Protocol):
    """Use cases of operations. Every refusal is a ``DeskError``."""

    async def listed(self, now: datetime) -> tuple[OperationLine, ...]:
        """Every operation of this desk, the newest first."""
        ...

    async def find(self, reference: str) -> str:
        """The operation's id, from the beginning of it or from any request of it."""
        ...

    async def shown(self, thread: str, now: datetime) -> OperationView:
        """The cases of an operation, and its group where it has one."""
        ...

    async def submit(self, draft: Draft, key: Signer, now: datetime) -> Spread:
        """Send one matter to the draft's ``recipients``."""
        ...

    async def tell(
        self, thread: str, body: Mapping[str, Any], key: Signer, now: datetime, only: Sequence[str] = ()
    ) -> Spread:
        """A message to all that take part in a group."""
        ...

    async def announce(self, thread: str, key: Signer, now: datetime) -> Spread:
        """Sign the group's list of members anew."""
        ...

    async def prefilled(self, request: str, kind: str, now: datetime) -> Draft:
        """The form of a next step, filled with what stands on the request already."""
        ...

    async def authority(self, request: str, now: datetime) -> str:
        """Which authority the own card names for this request, or nothing."""
        ...

    async def hand_over(self, request: str, authority: str, key: Signer, now: datetime) -> Submitted:
        """Hand a request to the authority that decides it; "" for the one on the own card."""
        ...


@dataclass(frozen=True, slots=True)
class Joint:
    """Implements `JointPort` over one desk's means."""

    cw: Casework

    async def listed(self, now: datetime) -> tuple[OperationLine, ...]:
        return await self.cw.db.read(lambda tx: operation_lines(tx, self.cw))

    async def find(self, reference: str) -> str:
        return await find_thread(self.cw, reference)

    async def shown(self, thread: str, now: datetime) -> OperationView:
        view = await self.cw.db.read(lambda tx: operation_view(tx, self.cw, thread, now))
        if view is None:
            raise NotFoundError("E-NOT-FOUND", f"there is no operation {thread} here", "look at the list of operations")
        return view

    async def submit(self, draft: Draft, key: Signer, now: datetime) -> Spread:
        return await submit_several(self.cw, draft, key, now)

    async def tell(
        self, thread: str, body: Mapping[str, Any], key: Signer, now: datetime, only: Sequence[str] = ()
    ) -> Spread:
        return await tell_group(self.cw, thread, body, key, now, only)

    async def announce(self, thread: str, key: Signer, now: datetime) -> Spread:
        return await announce_members(self.cw, thread, key, now)

    async def prefilled(self, request: str, kind: str, now: datetime) -> Draft:
        case_id, request_id = await find_request(self.cw, request)
        case = await open_case(self.cw, case_id)
        if kind not in self.cw.catalogue:
            raise NotFoundError("E-UNKNOWN-KIND", f"there is no type {kind}", "look at the list of types")
        return prefilled(self.cw, case, case.case.requests[request_id], kind)

    async def authority(self, request: str, now: datetime) -> str:
        case_id, request_id = await find_request(self.cw, request)
        kind = (await open_case(self.cw, case_id)).case.requests[request_id].kind
        return own_authority(self.cw, self.cw.catalogue[kind])

    async def hand_over(self, request: str, authority: str, key: Signer, now: datetime) -> Submitted:
        return await hand_over(self.cw, request, authority, key, now)
