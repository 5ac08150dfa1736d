"""Drills as the desk's people know them: start one, see how they ended, dispute a failed one, and how well other States are reached.

A result is no State's word alone: the request, its *held* receipt, the answer and its *held* receipt lie at both ends, and either can
export and verify them. What a State publishes in its card is what it measured; what the tested State says against it stands in that
one's card, and both are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.drill_letter import URGENCY, drill_kind
from contactpoint.casework.drills import BY_LINK, closed_now, closures
from contactpoint.casework.ids import new_id
from contactpoint.desk.compose import submit
from contactpoint.desk.drill_views import DrillView, Published, Reachability
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.plan import Signer, need_right
from contactpoint.desk.views import Draft, Submitted
from contactpoint.domain.availability import DAY, KEPT, MONTH, Hour, availability
from contactpoint.domain.drills import NUMBER, Reach, Span, new_number, reach_of
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_drills import (
    drills_called,
    insert_drill,
    newest_drills,
    pings_since,
    running_drills,
    update_drill,
)

BY_HAND = ("telephone", "alternate")
"""Channels over which an officer tries another State, and writes down what came of it."""
_LONGEST_REASON = 200
_PUBLISHED_FOR = timedelta(days=400)
_FAILED = frozenset((Reach.NOT.value,))


@dataclass(frozen=True, slots=True)
class Drills:
    """The use cases of drills over one desk's means."""

    cw: Casework

    async def start(self, peer: str, key: Signer, now: datetime) -> Submitted:
        """Open a drill of one State, signed by an officer. Raises NotPermittedError, DraftError, UnreachablePeerError."""
        for row in await self.cw.db.read(running_drills):
            if row.peer == peer and not row.incoming:
                text = f"a drill of {peer} runs already, since {row.at:%Y-%m-%d %H:%M} UTC"
                raise NotPermittedError("E-DRILL-RUNS", text, "wait for its end")
        if closed_now(self.cw, peer, now):
            raise NotPermittedError("E-CLOSED", f"{peer} has announced that it is closed now", "try it when it is open")
        body = {NUMBER: new_number(self.cw.random)}
        return await submit(self.cw, Draft(drill_kind(self.cw), peer, URGENCY.value, body), key, now)

    async def listed(self, state: str = "") -> tuple[DrillView, ...]:
        """Drills from here and of this State, the newest first."""
        rows = await self.cw.db.read(lambda tx: newest_drills(tx, state))
        return tuple(self._view(row) for row in rows)

    async def figures(self, now: datetime, state: str = "", *, month: bool = True) -> tuple[Reachability, ...]:
        """How well every other State is reached, or this one only. Without ``month`` only a day's pings are read: for a list of all."""
        since = now - (KEPT if month else DAY + timedelta(hours=1))

        async def look(tx: AsyncConnection) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
            return await newest_drills(tx, state, 2000), await pings_since(tx, since, state)

        drills, pings = await self.cw.db.read(look)
        last: dict[str, DrillView] = {}
        for row in drills:
            if not row.incoming and row.reach not in ("", Reach.VOID.value):
                last.setdefault(row.peer, self._view(row))
        hours: dict[str, list[Hour]] = {}
        for row in pings:
            hours.setdefault(row.peer, []).append(Hour(row.hour, row.marks))
        states = [state] if state else [each for each in self.cw.register.copy.states if each != self.cw.state]
        published = self._published()
        return tuple(
            Reachability(
                each,
                last.get(each),
                availability(hours.get(each, ()), now - DAY, now),
                availability(hours.get(each, ()), now - MONTH, now) if month else None,
                published.get(each, ()),
                next((span for span in sorted(closures(self.cw, each), key=_begins) if span.ends > now), None),
            )
            for each in states
        )

    async def dispute(self, drill: str, reason: str, key: Signer, now: datetime) -> DrillView:
        """Say why a drill that this State failed does not show what it seems to. Once; it is published beside the result."""
        need_right(key, "answer")
        reason = reason.strip()
        if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
            raise DraftError("E-FIELD-INVALID", f"a reason has 1 to {_LONGEST_REASON} characters", "say it in a line")
        row = await self._one(drill)
        if not row.incoming or row.reach not in _FAILED:
            text = "only a drill that this State failed is disputed here"
            raise NotPermittedError("E-MOVE-ILLEGAL", text, "look at `contactpoint drill list`")
        if row.disputed_at is not None:
            raise NotPermittedError("E-EXISTS", "this drill is disputed already", "what was said stands")
        values = {"disputed_at": now, "disputed_by": key.number, "dispute": reason}

        async def work(tx: AsyncConnection) -> None:
            await update_drill(tx, row.id, values)
            await append(tx, journal, "drill disputed", row.id, row.digest, now)

        await self.cw.db.write(work)
        return self._view(await self._one(row.id))

    async def record(
        self, peer: str, channel: str, took: timedelta | None, key: Signer, now: datetime, note: str = ""
    ) -> DrillView:
        """Write down a drill by telephone or over an alternate address: how long until a person answered, None for nobody.

        It is this desk's word alone, and is not published.
        """
        need_right(key, "send")
        if channel not in BY_HAND:
            raise DraftError("E-FIELD-INVALID", f"{channel} is no channel", "choose " + " or ".join(BY_HAND))
        if self.cw.register.contact(peer) is None or peer == self.cw.state:
            raise NotFoundError(
                "E-UNKNOWN-STATE", f"{peer} is no other State of this register", "look at the directory"
            )
        if took is not None and took < timedelta():
            raise DraftError("E-FIELD-INVALID", "an answer does not come before the call", "give the minutes it took")
        reach = Reach.NOT if took is None else reach_of(took)
        began = now if took is None else now - took
        values = {
            "id": new_id(self.cw.random, now),
            "peer": peer,
            "incoming": False,
            "channel": channel,
            "by_officer": key.number,
            "at": began,
            "next_at": None,
            "answered_at": None if took is None else now,
            "reach": reach.value,
            "note": note.strip()[:_LONGEST_REASON],
        }

        async def work(tx: AsyncConnection) -> None:
            await insert_drill(tx, values)
            await append(tx, journal, f"drill by {channel} {reach.value}", str(values["id"]), None, now)

        await self.cw.db.write(work)
        return self._view(await self._one(str(values["id"])))

    async def to_publish(self, now: datetime) -> tuple[tuple[dict[str, str], ...], tuple[dict[str, str], ...]]:
        """What belongs in the own card: the newest result of each State that was tried from here, and the own disputes."""
        rows = await self.cw.db.read(lambda tx: newest_drills(tx, "", 5000))
        drills: dict[str, dict[str, str]] = {}
        disputes = []
        for row in rows:
            if row.channel != BY_LINK or row.digest is None or now - row.at > _PUBLISHED_FOR:
                continue
            mark = bytes(row.digest).hex()
            if row.incoming and row.dispute:
                disputes.append({"by": row.peer, "drill": mark, "reason": row.dispute})
            elif not row.incoming and row.reach not in ("", Reach.VOID.value):
                told = {"state": row.peer, "day": f"{row.at:%Y-%m-%d}", "reach": row.reach, "drill": mark}
                drills.setdefault(row.peer, told)
        return tuple(drills[state] for state in sorted(drills)), tuple(disputes[:50])

    async def _one(self, drill: str) -> Row[Any]:
        rows = await self.cw.db.read(lambda tx: drills_called(tx, drill)) if drill else ()
        if len(rows) != 1:
            code = "E-AMBIGUOUS" if rows else "E-NOT-FOUND"
            raise NotFoundError(code, f"{drill} names no one drill here", "run `contactpoint drill list`")
        return rows[0]

    def _view(self, row: Row[Any]) -> DrillView:
        mark = "" if row.digest is None else bytes(row.digest).hex()
        dispute = row.dispute or ("" if row.incoming else self._disputes(row.peer).get((self.cw.state, mark), ""))
        return DrillView(
            row.id, row.peer, row.incoming, row.channel, row.by_officer, row.at, row.reach, row.answered_at, row.note,
            dispute, mark,
        )  # fmt: skip

    def _disputes(self, state: str) -> Mapping[tuple[str, str], str]:
        """By tester and drill, what this State's card says against others' results."""
        contact = self.cw.register.contact(state)
        if contact is None or contact.card is None:
            return {}
        return {(each.by, each.drill): each.reason for each in contact.card.public.disputes}

    def _published(self) -> dict[str, tuple[Published, ...]]:
        """By tested State, what the others' cards say of it."""
        found: dict[str, list[Published]] = {}
        for tester in self.cw.register.copy.states:
            contact = self.cw.register.contact(tester)
            for each in contact.card.public.drills if contact is not None and contact.card is not None else ():
                if each.state != tester:  # nobody measures itself
                    against = self._disputes(each.state).get((tester, each.drill), "")
                    found.setdefault(each.state, []).append(Published(tester, each.day, each.reach, against))
        return {state: tuple(told) for state, told in found.items()}


def _begins(span: Span) -> datetime:
    return span.begins
