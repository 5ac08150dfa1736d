"""What a story of published cases is, and what its players ask of a desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from contactpoint.desk.errors import DeskError
from contactpoint.domain.values import parse_instant
from contactpoint.store.rows_desk import open_tasks
from tests.fixtures.many_states import ManyStates, Seat, published


@dataclass(frozen=True)
class Story:
    """One or more cases that are played in one network, from the instant at which it begins."""

    cases: tuple[str, ...]
    begins: datetime
    seats: tuple[Seat, ...]
    play: Callable[[ManyStates], Awaitable[None]]


STORIES: dict[str, Story] = {}
Played = Callable[[ManyStates], Awaitable[None]]


def story(name: str, *seats: Seat, begins: str = "") -> Callable[[Played], Played]:
    """Enter a story under the cases that it plays (`A11 A22`); it begins at the first one's `at`."""

    def enter(play: Played) -> Played:
        cases = tuple(name.split())
        STORIES[name] = Story(cases, parse_instant(begins or published(cases[0])["at"]), seats, play)
        return play

    return enter


async def refused(doing: Awaitable[Any], code: str, *fields: str) -> DeskError:
    """The desk says no with this code, and names these fields."""
    with pytest.raises(DeskError) as said:
        await doing
    assert said.value.code == code, said.value
    assert {each.field for each in said.value.problems} >= set(fields)
    return said.value


async def tasks(state: Any, code: str, request: str) -> list[Any]:
    rows = await state.cw.db.read(open_tasks)
    return [row for row in rows if row.code == code and row.request_id == request]
