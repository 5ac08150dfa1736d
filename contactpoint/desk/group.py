"""Use cases of a group: a message to everybody who takes part, and the list of members after it has changed.

Each is one letter to each member, in the case with that member: who left or never joined has no open request there, and gets nothing.
A member writes to the lead only, because it has no case with the others; the lead passes on what concerns all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.operations import find_thread, group_of, load_operation
from contactpoint.desk.plan import Signer, make_plan
from contactpoint.desk.several import write_one
from contactpoint.desk.views import Draft, NotSent, SentTo, Spread
from contactpoint.domain.catalogue.model import Answer
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import MoveError
from contactpoint.domain.group import Group, Member, Standing, list_answer, message_answer


async def tell_group(
    cw: Casework, thread: str, body: Mapping[str, Any], officer: Signer, now: datetime, only: Sequence[str] = ()
) -> Spread:
    """A message to all that take part now, or to those of them in ``only``; from a member, to the lead.

    Raises NotPermittedError (E-NOT-MEMBER when a State is named, or writes, that does not take part), NotFoundError, DraftError.
    """
    thread = await find_thread(cw, thread)
    group = await _group(cw, thread)
    answer = _said(message_answer(cw.catalogue[group.kind]), group)
    readers = _readers(cw, group, only)
    if not readers:
        raise _nobody_yet()
    return await _write(cw, thread, readers, answer.code, body, officer, now)


async def announce_members(cw: Casework, thread: str, officer: Signer, now: datetime) -> Spread:
    """Sign the list of members anew, the same to each that takes part now. Only the lead may. Raises as `tell_group`."""
    thread = await find_thread(cw, thread)
    group = await _group(cw, thread)
    if group.lead != cw.state:
        raise NotPermittedError("E-NOT-MEMBER", f"the list of members is {group.lead}'s to sign", "write to that State")
    if not group.current:
        raise _nobody_yet()
    answer = _said(list_answer(cw.catalogue[group.kind]), group)
    return await _write(cw, thread, group.current, answer.code, group.next_list(), officer, now)


async def _group(cw: Casework, thread: str) -> Group:
    cases, _ = await cw.db.read(lambda tx: load_operation(tx, cw, thread))
    group = group_of(cw, cases)
    if group is None:
        raise NotFoundError(
            "E-NOT-FOUND", f"operation {thread} has no group", "run `contactpoint show` on a request of it"
        )
    return group


def _nobody_yet() -> NotPermittedError:
    return NotPermittedError("E-NOT-MEMBER", "no State takes part now", "wait until one has accepted")


def _said(answer: Answer | None, group: Group) -> Answer:
    if answer is None:
        raise DraftError("E-UNKNOWN-KIND", f"{group.kind} has no such letter", "look at the answers of its type")
    return answer


def _readers(cw: Casework, group: Group, only: Sequence[str]) -> tuple[Member, ...]:
    own = next((each for each in group.members if each.state == cw.state), None)
    try:
        if group.lead == cw.state:
            return group.told(only)
        others = [state for state in only if state != group.lead]
        if others or own is None or own.standing is not Standing.ACCEPTED:
            raise MoveError("E-NOT-MEMBER")
        return (own,)
    except MoveError as error:
        row = look_up(error.code)
        raise NotPermittedError(error.code, f"{error.field or cw.state}: {row.text}", row.action) from error


async def _write(
    cw: Casework,
    thread: str,
    readers: Sequence[Member],
    kind: str,
    body: Mapping[str, Any],
    officer: Signer,
    now: datetime,
) -> Spread:
    """One letter to each, all checked before the first is signed."""
    plans = [await make_plan(cw, Draft(kind, "", "", body, re=each.request), officer, now) for each in readers]
    sent: list[SentTo] = []
    failed: list[NotSent] = []
    for plan in plans:
        await write_one(cw, plan, officer, sent, failed, now)
    return Spread(thread, tuple(sent), tuple(failed))
