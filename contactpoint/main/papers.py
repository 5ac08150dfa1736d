"""Commands on what a State keeps for itself: pre-checks of a request, standing instructions."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contactpoint.desk.desk import Desk
from contactpoint.desk.instructions import Instruction, InstructionView, Provider
from contactpoint.desk.results import CaseFile, NodeError
from contactpoint.desk.several import ALL
from contactpoint.domain.precheck import Finding, Severity
from contactpoint.main.commands import draft_of
from contactpoint.main.folder import read_file
from contactpoint.main.node import open_desk


async def precheck(home: Path, request: CaseFile) -> tuple[Finding, ...]:
    """What stops the request, what warns, what is good to know; nothing is sent or recorded."""
    async with open_desk(home) as (desk, clock):
        strangers = tuple(_strangers(desk, request))
        found = (*strangers, *await desk.precheck(draft_of(request), clock()))
        return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))


def _strangers(desk: Desk, request: CaseFile) -> Iterator[Finding]:
    """Named recipients that nothing can be sent to: one alone stops the request, one of several is left out."""
    named = [each for each in request.recipients or (request.recipient,) if each and each != ALL]
    severity = Severity.BLOCKS if len(named) == 1 else Severity.WARNS
    for state in named:
        if state == desk.state:
            yield Finding("E-NOT-FOR-US", severity, "to", f"{state} is your own State.")
        elif desk.cw.register.contact(state) is None:
            yield Finding("E-UNKNOWN-STATE", severity, "to", f"{state} is not in this copy of the register.")


async def instruction_show(home: Path, kind: str) -> InstructionView:
    async with open_desk(home) as (desk, _):
        return await desk.instruction(kind)


async def instruction_set(home: Path, kind: str, file: Path, officer: str, secret: str) -> InstructionView:
    """Write a type's instructions from a TOML file, as an officer who may. Raises NodeError, DeskError."""
    content = read_instruction(file)
    async with open_desk(home) as (desk, clock):
        await desk.unseal(officer, secret, clock())
        stands = await desk.instruction(kind)
        return await desk.set_instruction(kind, content, stands.rev, officer, clock())


def read_instruction(file: Path) -> Instruction:
    """Keys: ``text``, ``prosecutor``, ``ticks`` (a list of lines), ``[[providers]]`` with ``name`` and ``address``. Raises NodeError."""
    try:
        said = tomllib.loads(read_file(file, "name the TOML file with the instructions").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NodeError("E-INSTRUCTION", f"{file} is no TOML: {error}", "mend the line that it names") from error
    known = {"text", "prosecutor", "ticks", "providers"}
    rows, ticks = said.get("providers", []), said.get("ticks", [])
    right = set(said) <= known and _texts([said.get("text", ""), said.get("prosecutor", "")]) and _texts(ticks)
    if not right or not isinstance(rows, list) or not all(_is_provider(row) for row in rows):
        what = "use text, prosecutor, ticks (a list of texts) and [[providers]] with name and address"
        raise NodeError("E-INSTRUCTION", f"{file} holds something else than instructions", what)
    providers = tuple(Provider(row["name"], row.get("address", "")) for row in rows)
    return Instruction(said.get("text", ""), said.get("prosecutor", ""), providers, tuple(ticks))


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(each, str) for each in values)


def _is_provider(row: Any) -> bool:
    return isinstance(row, dict) and "name" in row and set(row) <= {"name", "address"} and _texts(list(row.values()))
