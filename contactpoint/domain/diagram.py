"""The page `docs/states.md`, drawn from the transition table and the catalogue, so that picture and law cannot part.

`python -m contactpoint.domain.diagram > docs/states.md` writes it anew; a test compares the two.
"""

import sys
from collections.abc import Iterator

from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.model import Catalogue, Entry, Opens
from contactpoint.domain.transitions import FINAL, STAYS, TABLE, Status, settle
from contactpoint.domain.values import Side

_HEAD = """# States of a request

Generated from `contactpoint/domain/transitions.py` and the catalogue; do not edit. A letter's *level* (queued, held, received,
opened, acknowledged, answered) is another thing: see `protocol.md`.

Each State writes its own half of a case as a chain. A move is judged in the view that its author had (`mine`, `seen`).
Every type of request offers only some of these moves; the lists at the end say which.
"""


def state_page(catalogue: Catalogue) -> str:
    """Promise: the whole page as text, the same for the same table and catalogue."""
    parts = [_HEAD, "## All moves\n", "```mermaid\n" + diagram() + "```\n"]
    parts += ["## Recorded steps\n", "These are kept and shown, and leave the status as it was.\n", *_recorded()]
    parts += ["\n## Moves that crossed\n", _CROSSED, *_crossed(), "\n## What each type offers\n"]
    parts += [_offers(entry, catalogue) for entry in catalogue.entries.values() if entry.opens is not Opens.MOVE]
    return "\n".join(parts)


def diagram() -> str:
    """The transition table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(Status.OPEN)}"]
    lines += [f'    state "{status.value}" as {_node(status)}' for status in Status if "-" in status.value]
    for status in Status:
        lines += [f"    {_node(status)} --> {_node(after)}: {kinds}" for after, kinds in _edges(status)]
    lines += [f"    {_node(status)} --> [*]" for status in Status if status in FINAL]
    return "\n".join(lines) + "\n"


def _node(status: Status) -> str:
    return status.value.replace("-", "_")


def _edges(status: Status) -> Iterator[tuple[Status, str]]:
    for after in Status:
        kinds = [kind for kind, to in TABLE[status].items() if to is after]
        if kinds:
            yield after, ", ".join(kinds)


def _recorded() -> Iterator[str]:
    for status in Status:
        kinds = [kind for kind, to in TABLE[status].items() if to is STAYS]
        if kinds:
            yield f"- {status.value}: {', '.join(kinds)}"


_CROSSED = """The last words of the two halves, each written without the other; arrival plays no part.

| requester's word | addressee's word | status |
|---|---|---|"""

_REQUESTER_WORDS = (Status.INFO, Status.CONFIRMED_BY_REQUESTER, Status.CONDITIONS_ACCEPTED, Status.WITHDRAWN)


def _crossed() -> Iterator[str]:
    addressee_words = [status for status in Status if status not in (Status.OPEN, *_REQUESTER_WORDS)]
    for requester in _REQUESTER_WORDS:
        for addressee in addressee_words:
            yield f"| {requester.value} | {addressee.value} | {settle(requester, addressee).value} |"


def _offers(entry: Entry, catalogue: Catalogue) -> str:
    moves = [
        move.code for move in catalogue.entries.values() if move.opens is Opens.MOVE and entry.code in move.parents
    ]
    requester = [answer.code for answer in entry.answers if answer.by is Side.REQUESTER]
    addressee = [answer.code for answer in entry.answers if answer.by is Side.ADDRESSEE]
    needs = [f"{answer.code} only after {', '.join(answer.needs)}" for answer in entry.answers if answer.needs]
    lines = [
        f"### {entry.code}: {entry.title} (Article {entry.article})\n",
        f"- asked State: {', '.join(addressee)}",
        f"- asking State: {', '.join([*requester, *moves])}",
        *(f"- {need}" for need in needs),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(state_page(load()))
