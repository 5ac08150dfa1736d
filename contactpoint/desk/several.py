"""One matter to several States, or to all: one letter and one case for each, joined by the operation's id.

One officer signs once; what is queued is queued for all in one transaction. A State to which nothing can be queued (unknown, no key)
is named with the reason and put on the board; the others are not held up by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.errors import LockedError
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import queue_all
from contactpoint.desk.compose import prepare, waits, write
from contactpoint.desk.errors import DeskError, DraftError, NotPermittedError, UnreachablePeerError, locked_out
from contactpoint.desk.plan import Plan, Signer, make_plan
from contactpoint.desk.views import Draft, NotSent, SentTo, Spread
from contactpoint.domain.catalogue.words import Audience
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import DomainError
from directory.rules import Status

ALL = "ALL"


def every_other(cw: Casework) -> tuple[str, ...]:
    """Every State that the register lists and has not suspended, but one's own."""
    found = []
    for state in cw.register.copy.states:
        contact = cw.register.contact(state)
        if state != cw.state and contact is not None and contact.status is not Status.SUSPENDED:
            found.append(str(state))
    return tuple(found)


async def submit_several(cw: Casework, draft: Draft, officer: Signer, now: datetime) -> Spread:
    """Check, sign and queue ``draft`` for each of its ``recipients``.

    Raises DraftError when the form itself is wrong (then nothing at all was queued), NotPermittedError for a missing right, and what
    the one State's refusal was where there is but one. Otherwise the result says of each State what became of it.
    """
    states = _recipients(cw, draft)
    thread = draft.thread or new_id(cw.random, now)
    plans: list[Plan] = []
    failed: list[NotSent] = []
    for state in states:
        try:
            plans.append(await make_plan(cw, _draft_for(draft, state, thread, len(states)), officer, now))
        except (DraftError, UnreachablePeerError) as error:
            if _of_everybody(draft, state, error):
                raise
            failed.append(_not_sent(state, error))
        await asyncio.sleep(0)
    thread = next((plan.thread for plan in plans if plan.thread), thread)
    sent = await _queue(cw, plans, officer, failed, now)
    if failed:
        await cw.db.write(lambda tx: _put_on_the_board(tx, cw, draft.kind, thread, failed, now))
        cw.bell.ring("board")
    return Spread(thread, tuple(sent), tuple(failed))


def _recipients(cw: Casework, draft: Draft) -> tuple[str, ...]:
    if draft.kind not in cw.catalogue:
        raise DraftError("E-UNKNOWN-KIND", f"{draft.kind} is no type of this catalogue", "look at the list of types")
    entry = cw.catalogue[draft.kind]
    if not entry.opens.may_open_case:
        text = f"{draft.kind} stands in one case and goes to one State"
        raise DraftError("E-FIELD-INVALID", text, "write one State")
    named = tuple(dict.fromkeys(draft.recipients))
    if ALL in named:
        # A request for help to everybody would be a fishing trip: only a type made for all may go to all.
        if entry.audience is not Audience.ALL:
            raise DraftError("E-FIELD-INVALID", f"{draft.kind} does not go to all States", "name the States")
        named = every_other(cw)
    if not named:
        raise DraftError("E-FIELD-MISSING", "no State is named", "name one State or more")
    return named


def _draft_for(draft: Draft, state: str, thread: str, among: int) -> Draft:
    """The draft as this State gets it; ``subsets`` replace fields, and a field set to None there is left out."""
    body = {**draft.body, **draft.subsets.get(state, {})}
    return replace(
        draft,
        recipient=state,
        recipients=(),
        subsets={},
        thread=draft.thread if draft.parent else thread,
        body={name: value for name, value in body.items() if value is not None},
        label=f"{draft.label}-{state}" if draft.label and among > 1 else draft.label,
    )


def _of_everybody(draft: Draft, state: str, error: DeskError) -> bool:
    """Whether the fault lies in what all would get: then nothing is sent to anybody."""
    alone = len(draft.recipients) == 1 and ALL not in draft.recipients
    return alone or (bool(error.problems) and state not in draft.subsets)


def _not_sent(state: str, error: DeskError) -> NotSent:
    return NotSent(state, error.code, error.text, error.what_to_do)


async def _queue(
    cw: Casework, plans: Sequence[Plan], officer: Signer, failed: list[NotSent], now: datetime
) -> list[SentTo]:
    """Sign every letter. Those that need nobody else go out together; the others wait, each for its own second officer."""
    together = []
    sent: list[SentTo] = []
    for plan in plans:
        if plan.case is None and not waits(cw, plan):
            together.append(prepare(cw, plan, officer, now))
        else:
            await write_one(cw, plan, officer, sent, failed, now)
        await asyncio.sleep(0)
    try:
        without = await queue_all(cw, together, now)
    except LockedError as error:
        raise locked_out(error) from error
    except DomainError as error:
        row = look_up(error.code)
        raise NotPermittedError(error.code, row.text, row.action) from error
    for each in together:
        statement = each.letter.statement
        refusal = without.get(statement.recipient)
        if refusal is None:
            sent.append(SentTo(statement.recipient, statement.id, statement.case, "QUEUED"))
        else:
            failed.append(NotSent(statement.recipient, refusal.code, refusal.text, "wait a minute, or telephone"))
    return sent


async def write_one(
    cw: Casework, plan: Plan, officer: Signer, sent: list[SentTo], failed: list[NotSent], now: datetime
) -> None:
    """Write one of several letters by itself; a State that cannot be written to holds up none of the others."""
    try:
        made = await write(cw, plan, officer, now)
    except UnreachablePeerError as error:
        failed.append(_not_sent(plan.recipient, error))
    else:
        sent.append(SentTo(plan.recipient, made.id, made.case, made.state, made.approver))


async def _put_on_the_board(
    tx: AsyncConnection, cw: Casework, kind: str, thread: str, failed: Sequence[NotSent], now: datetime
) -> None:
    """Whoever was left out must not be forgotten when the page is closed."""
    for each in failed:
        once = f"unsent/{thread}/{each.recipient}"
        await raise_task(tx, cw, each.code, now, state=each.recipient, note=f"{kind} was not sent", once=once)
