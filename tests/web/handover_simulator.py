"""Hand-overs of the simulated desk: whatever is offered may be accepted, kept in plain lists for tests to read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.shift_views import HandoverLine, HandoverView
from contactpoint.desk.views import RequestView

if TYPE_CHECKING:
    from tests.web.desk_simulator import DeskSimulator


@dataclass
class ShiftSimulator:
    """`ShiftPort` over the requests of a simulated desk."""

    desk: DeskSimulator
    views: dict[str, HandoverView] = field(default_factory=dict)

    async def open_cases(self, officer: str, now: datetime) -> tuple[HandoverLine, ...]:
        theirs = [each for each in self.desk.requests.values() if each.incoming and _holder(each) == officer]
        return tuple(case_line(each, None) for each in theirs)

    async def offer(self, taker: str, requests: Collection[str] | None, key: Any, now: datetime) -> HandoverView:
        if taker not in self.desk.people:
            raise NotFoundError("E-NOT-FOUND", "There is no such officer.", "Look at the list.")
        lines = await self.open_cases(key.number, now)
        chosen = tuple(line for line in lines if requests is None or line.request in requests)
        made = HandoverView(
            f"h-{len(self.views)}", key.number, taker, now, now + timedelta(hours=2), "offered", chosen, None
        )
        self.views[made.id] = made
        return made

    async def accept(self, handover: str, refused: Collection[str], key: Any, now: datetime) -> HandoverView:
        view = await self.shown(handover, now)
        if view.taker != key.number or view.state != "offered":
            raise NotPermittedError("E-SIGNERS", "somebody else is named", "ask this officer")
        for line in view.lines:
            if line.request not in refused:
                old = self.desk.requests[line.request]
                self.desk.requests[line.request] = replace(old, holder=view.taker)
        lines = tuple(case_line(self.desk.requests[each.request], each.request not in refused) for each in view.lines)
        state = "accepted" if len(refused) < len(lines) or not lines else "refused"
        self.views[handover] = replace(view, state=state, lines=lines, settled_at=now)
        return self.views[handover]

    async def withdraw(self, handover: str, officer: str, now: datetime) -> HandoverView:
        self.views[handover] = replace(await self.shown(handover, now), state="withdrawn", settled_at=now)
        return self.views[handover]

    async def listed(self, officer: str, now: datetime) -> tuple[HandoverView, ...]:
        return tuple(self.views.values())

    async def shown(self, handover: str, now: datetime) -> HandoverView:
        if handover not in self.views:
            raise NotFoundError("E-NOT-FOUND", "There is no such hand-over.", "Look at the list.")
        return self.views[handover]


def _holder(view: RequestView) -> str:
    return view.holder or view.acknowledged_by


def case_line(view: RequestView, taken: bool | None) -> HandoverLine:
    return HandoverLine(
        request=view.id,
        case=view.case,
        kind=view.kind,
        title=view.title,
        urgency=view.urgency,
        peer=view.sender,
        level=view.level,
        due=view.next_due,
        status=view.status,
        holder=_holder(view),
        taken=taken,
    )


class HandoverSimulator:
    """What `DeskPort` asks about shifts; mixed into the simulated desk."""

    @property
    def shift(self) -> ShiftSimulator:
        made: ShiftSimulator | None = self.__dict__.get("_shift")
        if made is None:
            made = self.__dict__["_shift"] = ShiftSimulator(cast("DeskSimulator", self))
        return made
