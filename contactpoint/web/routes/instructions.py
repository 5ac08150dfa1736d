"""The State's standing instructions: a page for each type of request, and the ticks beside an answer form."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from contactpoint.desk.errors import DeskError
from contactpoint.desk.instructions import RIGHT, Instruction, InstructionView, Provider
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Entry, Opens
from contactpoint.web.render import page
from contactpoint.web.visitor import Form, Officer, SignedIn, text

router = APIRouter()
TICK, RECORD = "tick", "ticks"


def _entry(kind: str) -> Entry:
    catalogue = catalogues.load()
    if kind not in catalogue or catalogue[kind].opens is Opens.MOVE:
        raise HTTPException(404)
    return catalogue[kind]


@router.get("/instructions")
async def kinds(seen: SignedIn) -> Response:
    """Every type of request, and whether instructions stand for it."""
    entries = [entry for entry in catalogues.load().entries.values() if entry.opens is not Opens.MOVE]
    written = await seen.desk.instruction_kinds()
    return page(seen, "instructions.html", {"entries": entries, "written": written})


@router.get("/instructions/{kind}")
async def one(kind: str, seen: SignedIn) -> Response:
    """The instructions for one type; who may administer can write them here."""
    entry = _entry(kind)
    return _draw(entry, await seen.desk.instruction(kind), seen)


def _draw(entry: Entry, view: InstructionView, seen: Officer, error: DeskError | None = None) -> Response:
    providers = "\n".join(f"{each.name} | {each.address}" for each in view.content.providers)
    context = {
        "entry": entry,
        "view": view,
        "providers": providers,
        "ticks": "\n".join(view.content.ticks),
        "may_write": RIGHT in seen.officer.rights,
        "error": error,
    }
    return page(seen, "instruction.html", context, status=422 if error else 200)


@router.post("/instructions/{kind}")
async def write(kind: str, form: Form, seen: SignedIn) -> Response:
    """Write them; refused when somebody else has written since the page was opened."""
    entry = _entry(kind)
    content = Instruction(
        text=_lines(form, "text"),
        prosecutor=text(form, "prosecutor"),
        providers=tuple(_provider(line) for line in _lines(form, "providers").splitlines() if line.strip()),
        ticks=tuple(line.strip() for line in _lines(form, "ticks").splitlines() if line.strip()),
    )
    given = text(form, "rev")
    rev = int(given) if given.isdecimal() and len(given) < 9 else 0
    try:
        view = await seen.desk.set_instruction(kind, content, rev, seen.officer.number, seen.now)
    except DeskError as error:
        stands = await seen.desk.instruction(kind)
        return _draw(entry, InstructionView(kind, content, stands.rev, stands.by, stands.at), seen, error)
    return _draw(entry, view, seen)


def _lines(form: FormData, name: str) -> str:
    return text(form, name).replace("\r\n", "\n")


def _provider(line: str) -> Provider:
    name, _, address = line.partition("|")
    return Provider(name.strip(), address.strip())


async def beside(kind: str, request: str, seen: Officer) -> dict[str, Any]:
    """What an answer form shows beside it: the instructions of its type and the ticks of this request."""
    return {"instruction": await seen.desk.instruction(kind), "ticks": await seen.desk.ticks(kind, request)}


async def record_ticks(request: str, form: FormData, seen: Officer) -> bool:
    """Record the ticks of a posted answer form. True when that is all that the officer wanted now."""
    items = [each for each in form.getlist(TICK) if isinstance(each, str)]
    if items:
        await seen.desk.tick(request, items, seen.officer.number, seen.now)
    return text(form, "stage") == RECORD
