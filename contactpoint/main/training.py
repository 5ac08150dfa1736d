"""Training: the officer's own desk, in its own network and folder, against an invented State that answers by script.

The officer works in the real console; this room only plays the other State (`contactpoint.domain.training` says what and when), looks
at both desks, and writes down what was done against what was expected. Nothing of the live node is read but its State and the
officer's name; nothing is written there but the exercise.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

import structlog

from contactpoint.desk.errors import DeskError
from contactpoint.desk.exercises import check_trainee, record_exercise
from contactpoint.desk.officers import SigningOfficer
from contactpoint.desk.results import ExerciseLine, ExerciseReport, NodeError
from contactpoint.desk.views import CaseView, Draft, RequestView
from contactpoint.domain.training import (
    OWN,
    Do,
    Line,
    Mark,
    OwnRequest,
    Script,
    Seen,
    Sight,
    body_of,
    closed,
    due,
    is_over,
    judge,
    load,
)
from contactpoint.domain.values import parse_instant, spell_instant
from contactpoint.main.clock import system_clock
from contactpoint.main.node import open_desk
from contactpoint.main.stage import Cast, StateOnStage, hire, staged
from contactpoint.store.rows_requests import request_row

_LOOK_S = 0.3
_REPORT = "training.json"
_SECRET, _INVENTED = "amber harbour lantern", "birch meadow compass"
_DEPUTY = ("approve", "answer", "send")


@dataclass(frozen=True, slots=True)
class Trainee:
    """Who is trained, at which State's desk; ``live`` is where the exercise is recorded, None when nowhere."""

    state: str
    officer: str
    name: str
    live: Path | None


@dataclass(slots=True)
class Exercise:
    """One training while it runs."""

    script: Script
    pace: float
    own: StateOnStage
    peer: StateOnStage
    deputy: SigningOfficer
    say: Callable[[str], None]
    started: datetime
    acts: dict[str, str] = field(default_factory=dict)  # name of an act: id of its request
    seen: dict[tuple[str, Sight, datetime | None], Seen] = field(default_factory=dict)  # the first sight of each thing
    given_up: set[str] = field(default_factory=set)


async def training(
    script: str,
    folder: Path | None = None,
    officer: str = "",
    live: Path | None = None,
    pace: float = 1.0,
    stay: bool = False,
    json: bool = False,
) -> ExerciseReport:
    """Play one script until it is over, or until SIGINT or SIGTERM; returns the report. Raises NodeError, DeskError.

    ``folder``: an empty one, which is kept; without it a temporary one, which is removed. ``pace`` hurries the invented State.
    """
    if script not in load():
        raise NodeError("E-SCRIPT", f"there is no script {script!r}", "choose from " + ", ".join(load()))
    if pace <= 0:
        raise NodeError("E-SCRIPT", "a pace is more than nothing", "leave --pace away")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    trainee = await _trainee(officer, live)
    out: TextIO = sys.stderr if json else sys.stdout

    def say(text: str = "") -> None:
        out.write(text + "\n")
        out.flush()

    with tempfile.TemporaryDirectory(prefix="contactpoint-training-") as temporary:
        home = folder or Path(temporary)
        _refuse_used(home)
        async with on_stage(home, trainee, say) as (own, peer, deputy):
            exercise = Exercise(load()[script], pace, own, peer, deputy, say, system_clock())
            _tell_how(exercise, home, trainee)
            report = await _play(exercise, home, trainee, stay, stop)
    if trainee.live is not None:
        async with open_desk(trainee.live) as (desk, clock):
            await record_exercise(desk.cw, report, clock())
        report = replace(report, recorded=True)
    return report


async def training_report(folder: Path) -> ExerciseReport:
    """What was written down of the training in this folder, while it runs or afterwards. Raises NodeError."""
    path = folder / _REPORT
    try:
        plain = jsonlib.loads(path.read_text(encoding="utf-8"))
        lines = tuple(ExerciseLine(**{**line, "among": tuple(line["among"])}) for line in plain["lines"])
        started, ended = parse_instant(plain["started"]), parse_instant(plain["ended"])
        return ExerciseReport(**{**plain, "lines": lines, "started": started, "ended": ended})
    except OSError as error:
        raise NodeError("E-FOLDER", f"there is no training in {folder}", "give the folder that it printed") from error
    except (ValueError, KeyError, TypeError) as error:
        raise NodeError("E-FOLDER", f"{path} is no report", "run the training again") from error


async def _trainee(officer: str, live: Path | None) -> Trainee:
    """Whom to train. With a live node, one of its officers at a desk of its State; that node is only read."""
    if live is None:
        if officer:
            raise NodeError("E-FOLDER", "--for needs the node of the officer", "give its folder with --home")
        return Trainee("XA", "XA-OFF-001", "Duty officer of XA", None)
    async with open_desk(live) as (desk, _):
        if not officer:
            raise NodeError("E-FOLDER", "whose exercise is it?", "name the officer with --for")
        return Trainee(desk.state, officer, await desk.cw.db.read(lambda tx: check_trainee(tx, officer)), live)


def _refuse_used(home: Path) -> None:
    """A training never runs in a folder that holds something: it could be the live node's."""
    if home.exists() and any(home.iterdir()):
        raise NodeError("E-EXISTS", f"{home} is not empty", "choose an empty folder, or none")


@asynccontextmanager
async def on_stage(
    home: Path, trainee: Trainee, say: Callable[[str], None]
) -> AsyncIterator[tuple[StateOnStage, StateOnStage, SigningOfficer]]:
    """The trainee's own State, the invented one, and the second officer of the latter, for what two must sign."""
    invented = "XC" if trainee.state == "XB" else "XB"
    cast = (
        Cast(
            trainee.state,
            f"Contact point of {trainee.state} (training)",
            trainee.officer,
            trainee.name,
            _SECRET,
            "training.localhost",
        ),
        Cast(
            invented,
            f"Contact point of {invented} (invented)",
            f"{invented}-OFF-001",
            f"Duty officer of {invented}",
            _INVENTED,
            "invented.localhost",
        ),
    )
    async with staged(home, "Training", "standard-1", cast, say) as (own, peer):
        deputy = await hire(peer, f"{invented}-OFF-002", f"Deputy of {invented}", _DEPUTY, _INVENTED)
        yield own, peer, deputy


def _tell_how(exercise: Exercise, home: Path, trainee: Trainee) -> None:
    say, own = exercise.say, exercise.own
    say("")
    say(f"{exercise.script.title}: {own.node.state} and the invented State {exercise.peer.node.state}")
    for line in exercise.script.told:
        say(f"  {line}")
    say("")
    say(f"sign in once    {own.link}")
    say(f"officer         {trainee.officer}")
    say(f"signing secret  {_SECRET}      (of this training only: never type your own here)")
    say(f"folder          {home}")
    say("")
    say("End with Ctrl-C.")


async def _play(exercise: Exercise, home: Path, trainee: Trainee, stay: bool, stop: asyncio.Event) -> ExerciseReport:
    """Act, look and judge until it is over. What was done is written down at every change, so that a report can be asked for."""
    before: tuple[Line, ...] = ()
    while True:
        now = system_clock()
        lines = await turn(exercise, now)
        for line in lines:
            if line not in before and line.mark is not Mark.WAITING:
                exercise.say(f"{line.mark.value:8} {line.what.value} ({line.of})")
        over = is_over(lines)
        if lines != before:
            _write(home, _report(exercise, trainee, lines, over, now))
        before = lines
        if stop.is_set() or (over and not stay):
            break
        try:
            await asyncio.wait_for(stop.wait(), _LOOK_S)
        except TimeoutError:
            continue
    report = _report(exercise, trainee, closed(before), over, system_clock())
    _write(home, report)
    return report


async def turn(exercise: Exercise, now: datetime) -> tuple[Line, ...]:
    """One turn: the invented State does what is due, both desks are looked at, and the officer's work is judged."""
    await _act(exercise, now)
    await _look(exercise, now)
    return judge(exercise.script, exercise.started, exercise.seen.values(), now)


async def _act(exercise: Exercise, now: datetime) -> None:
    """What the invented State does now. An officer's request that the script cannot answer is left unanswered, and said so."""
    own = [each for each in await _own_requests(exercise) if each.id not in exercise.given_up]
    for do in due(exercise.script, exercise.started, exercise.acts, own, exercise.pace, now):
        try:
            await (_reply(exercise, do, now) if do.request else _ask(exercise, do, now))
        except DeskError as error:
            exercise.given_up.add(do.request)
            exercise.acts.setdefault(do.name, "")
            exercise.say(f"the invented State cannot do its part ({do.kind}): {error.code} {error.text}")


async def _ask(exercise: Exercise, do: Do, now: datetime) -> None:
    peer = exercise.peer
    approver = exercise.deputy.number if do.urgency == "U0" else None
    draft = Draft(do.kind, exercise.own.node.state, do.urgency, body_of(do.body, now), approver=approver)
    sent = await peer.desk.submit(draft, peer.officer, now)
    if approver is not None:
        sent = await peer.desk.approve(sent.id, exercise.deputy, now)
    exercise.acts[do.name] = sent.id
    exercise.say(f"{peer.node.state} sends {do.kind} ({do.urgency})")


async def _reply(exercise: Exercise, do: Do, now: datetime) -> None:
    peer = exercise.peer
    if do.kind == "ACKNOWLEDGED":
        await peer.desk.opened(do.request, peer.officer.number, now)
        await peer.desk.acknowledge(do.request, peer.officer.number, peer.officer, now)
    else:
        await peer.desk.answer(do.request, do.kind, body_of(do.body, now), peer.officer, now)
    exercise.say(f"{peer.node.state} says {do.kind}")


async def _own_requests(exercise: Exercise) -> list[OwnRequest]:
    """The officer's requests as the invented State has them, the oldest first."""
    found = []
    for sent in await _sent(exercise):
        view = await exercise.peer.desk.request_view(sent.id, system_clock())
        received = None if view is None else _reached(view, "received")
        if view is not None and received is not None:
            case = await exercise.peer.desk.case_view(view.case, system_clock())
            theirs = _words(case, exercise.own.node.state, view.id)
            found.append(OwnRequest(view.id, received, _words(case, exercise.peer.node.state, view.id), theirs))
    return found


async def _sent(exercise: Exercise) -> list[RequestView]:
    """What the officer has sent since the beginning, the oldest first."""
    board = await exercise.own.desk.board("", system_clock())
    return sorted((v for v in board.sent if v.at >= exercise.started), key=lambda view: (view.at, view.id))


async def _look(exercise: Exercise, now: datetime) -> None:
    """Note each thing at its first sight: of the acts at the officer's desk, and of the officer's first request."""
    desk, state = exercise.own.desk, exercise.own.node.state
    for name, request in exercise.acts.items():
        view = await desk.request_view(request, now) if request else None
        if view is None:
            continue
        _note(exercise, name, Sight.ARRIVED, _reached(view, "received") or now)
        if view.acknowledged_by:
            _note(exercise, name, Sight.ACKNOWLEDGED, _reached(view, "acknowledged") or now)
        if view.flagged:
            _note(exercise, name, Sight.FLAGGED, now)
        for word, at in _words(await desk.case_view(view.case, now), state, request):
            _note(exercise, name, Sight.SAID, at, word)
    sent = await _sent(exercise)
    if sent:
        await _look_at_own(exercise, sent[0], now)


async def _look_at_own(exercise: Exercise, view: RequestView, now: datetime) -> None:
    desk, state = exercise.own.desk, exercise.own.node.state
    _note(exercise, OWN, Sight.SENT, view.at)
    case = await desk.case_view(view.case, now)
    for word, at in _words(case, state, view.id):
        _note(exercise, OWN, Sight.SAID, at, word)
    heard = _words(case, exercise.peer.node.state, view.id)
    for word, at in heard:
        _note(exercise, OWN, Sight.HEARD, at, word)
    row = await desk.cw.db.read(lambda tx: request_row(tx, view.id))
    if row is not None and any(word != "ACKNOWLEDGED" for word, _ in heard) and not row.answer_unread:
        _note(exercise, OWN, Sight.READ, now)


def _note(exercise: Exercise, of: str, sight: Sight, at: datetime, code: str = "") -> None:
    # A word may be said twice; of everything else the first sight counts.
    exercise.seen.setdefault((of, sight, at if code else None), Seen(of, sight, at, code))


def _reached(view: RequestView, level: str) -> datetime | None:
    return next((fact.at for fact in view.facts if fact.level == level), None)


def _words(case: CaseView, state: str, request: str) -> tuple[tuple[str, datetime], ...]:
    """What a State has said in a case after the request that opened it, the oldest first."""
    return tuple((each.kind, each.at) for each in case.statements if each.sender == state and each.id != request)


def _report(exercise: Exercise, trainee: Trainee, lines: tuple[Line, ...], over: bool, now: datetime) -> ExerciseReport:
    shown = tuple(
        ExerciseLine(line.what.value, line.of, line.among, line.expected_s, line.took_s, line.mark.value)
        for line in lines
    )
    met = sum(line.mark is Mark.MET for line in lines)
    return ExerciseReport(
        exercise.script.name, exercise.script.title, trainee.officer, exercise.started, now, met, shown, over
    )


def _write(home: Path, report: ExerciseReport) -> None:
    plain = {
        "script": report.script,
        "title": report.title,
        "officer": report.officer,
        "started": spell_instant(report.started),
        "ended": spell_instant(report.ended),
        "met": report.met,
        "lines": [
            {
                "what": line.what,
                "of": line.of,
                "among": list(line.among),
                "expected_s": line.expected_s,
                "took_s": line.took_s,
                "mark": line.mark,
            }
            for line in report.lines
        ],
        "over": report.over,
    }
    fresh = home / (_REPORT + ".new")
    fresh.write_text(jsonlib.dumps(plain), encoding="utf-8")
    fresh.replace(home / _REPORT)
