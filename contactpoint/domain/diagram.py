"""The page `docs/states.md`, drawn from the catalogue, so that picture and law cannot part.

`python -m contactpoint.domain.diagram > docs/states.md` writes it anew; a test compares the two.
"""

import sys
from collections.abc import Iterator

from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.model import Answer, Catalogue, Entry
from contactpoint.domain.catalogue.words import Opens, Stage
from contactpoint.domain.stages import Status, notes, speaks, statuses
from contactpoint.domain.values import Side

_HEAD = """# States of a request

Generated from the catalogue; do not edit. A letter's *level* (queued, held, received, opened, acknowledged, answered) is another
thing: see `protocol.md`.

Each State writes its own half of a case as a chain. A move is judged in the view that its author had (`mine`, `seen`). A *word*
leads to another status; a *recorded step* (in brackets below) is kept and shown, and leaves the status as it was. What a table does
not list is illegal: it is rejected with `E-MOVE-ILLEGAL` and kept as evidence.

When the last words of both halves crossed, each written without the other, arrival plays no part: what the asked State ended stays
ended; what the asking State ended (a withdrawal) stops everything that had not; otherwise the asked State's word stands, because
the asking State's word answered an older one.
"""


def state_page(catalogue: Catalogue) -> str:
    """Promise: the whole page as text, the same for the same catalogue."""
    types = [entry for entry in catalogue.entries.values() if entry.opens is not Opens.MOVE]
    parts = [_HEAD, "## Stages\n", "```mermaid\n" + diagram(types, catalogue) + "```\n"]
    return "\n".join([*parts, *(_type(entry, catalogue) for entry in types)])


def diagram(types: list[Entry], catalogue: Catalogue) -> str:
    """How requests of all types go from stage to stage, as a Mermaid state diagram."""
    edges = {
        (status.stage, answer.stage)
        for entry in types
        for status in statuses(entry)
        for answer in _moves(entry, catalogue)
        if speaks(answer, status)
    }
    drawn = [f"    {first.value} --> {second.value}" for first, second in sorted(edges) if first is not second]
    return (
        "\n".join(["stateDiagram-v2", f"    [*] --> {Stage.NEW.value}", *drawn, f"    {Stage.FINAL.value} --> [*]"])
        + "\n"
    )


def _moves(entry: Entry, catalogue: Catalogue) -> tuple[Answer, ...]:
    others = (catalogue.move(each.code, entry.code) for each in catalogue.entries.values() if each.opens is Opens.MOVE)
    return (*entry.answers, *(move for move in others if move is not None))


def _type(entry: Entry, catalogue: Catalogue) -> str:
    lines = [f"## {entry.code}: {entry.title} (Article {entry.article})\n"]
    lines += ["| Status | Stage | Asked State | Asking State |", "|---|---|---|---|"]
    for status in statuses(entry):
        said = [", ".join(_said(entry, catalogue, status, side)) or "-" for side in (Side.ADDRESSEE, Side.REQUESTER)]
        lines.append(f"| {status.code} | {status.stage.value} | {said[0]} | {said[1]} |")
    needs = [f"- {answer.code} only after {', '.join(answer.needs)}" for answer in entry.answers if answer.needs]
    return "\n".join([*lines, "", *needs, *([""] if needs else [])])


def _said(entry: Entry, catalogue: Catalogue, status: Status, side: Side) -> Iterator[str]:
    for answer in _moves(entry, catalogue):
        if side not in answer.by:
            continue
        if speaks(answer, status):
            yield answer.code if answer.leads_to == answer.code else f"{answer.code} → {answer.leads_to}"
        elif notes(answer, status):
            yield f"({answer.code})"


if __name__ == "__main__":
    sys.stdout.write(state_page(load()))
