"""What an officer did in a training is kept at the live desk: the newest counts, for officers who are here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contactpoint.desk.errors import NotFoundError, NotPermittedError
from contactpoint.desk.exercises import record_exercise
from contactpoint.desk.leaving import leave
from contactpoint.desk.results import ExerciseLine, ExerciseReport
from tests.simulator import START, simulated
from tests.stories.test_stories_rota import turns

ONE, TWO = "XA-OFF-001", "XA-OFF-002"
LINE = ExerciseLine("acknowledged", "life", (), 120.0, 61.5, "met")
DONE = ExerciseReport("emergency", "A risk to life", ONE, START - timedelta(minutes=9), START, 1, (LINE,), over=True)


async def test_the_keeper_of_the_rota_sees_each_officers_last_exercise_and_who_never_had_one(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        older = replace(DONE, script="quick", ended=START - timedelta(days=90), met=0)
        await record_exercise(xa.cw, DONE, net.now)
        await record_exercise(xa.cw, older, net.now)
        shown = {each.number: (each.exercised_at, each.exercise) for each in await xa.desk.officers(net.now)}
        assert shown == {ONE: (START, "emergency 1/1"), TWO: (None, "")}
        await xa.desk.rota.save("desk", turns(), 0, xa.officer, net.now)
        view = await xa.desk.rota.shown("desk", net.now)
        assert dict(view.exercises) == {ONE: START, TWO: None}


async def test_an_exercise_of_nobody_or_of_a_locked_officer_is_not_recorded(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        xa = net["XA"]
        with pytest.raises(NotFoundError):
            await record_exercise(xa.cw, replace(DONE, officer="XA-OFF-999"), net.now)
        await leave(xa.cw, ONE, False, net.now)
        with pytest.raises(NotPermittedError):
            await record_exercise(xa.cw, DONE, net.now)
