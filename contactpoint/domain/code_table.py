"""The table of codes in `docs/protocol.md`, drawn from `codes.toml`, so that document and program cannot part.

`python -m contactpoint.domain.code_table < docs/protocol.md > new.md` writes the page anew; a test compares the two.
"""

import sys
from collections.abc import Iterator

from contactpoint.domain.codes import TABLE, Code, Retry

BEGINS = "<!-- codes: generated from contactpoint/domain/codes.toml, do not edit -->"
ENDS = "<!-- end of codes -->"


def code_table() -> str:
    """Promise: one row for every code of the table, in its order, as Markdown."""
    rows = [
        "| Code | What happened, and what to do | Again? | Who acts |",
        "|---|---|---|---|",
        *map(_row, TABLE.values()),
    ]
    return "\n".join(rows)


def with_table(page: str) -> str:
    """Promise: the page with the present table between its two marks. Raises ValueError for a page without them."""
    head, begins, rest = page.partition(BEGINS)
    _, ends, tail = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"the page has no place for the table; put these two lines into it: {BEGINS} {ENDS}")
    return f"{head}{BEGINS}\n\n{code_table()}\n\n{ENDS}{tail}"


def _row(code: Code) -> str:
    return "| " + " | ".join(_cells(code)) + " |"


def _cells(code: Code) -> Iterator[str]:
    yield f"`{code.code}`"
    yield f"{code.text} {code.action}".replace("|", "\\|")
    yield f"{code.retry.value}({code.after_s} s)" if code.retry is Retry.SAME_ID_LATER else code.retry.value
    yield code.actor.value


if __name__ == "__main__":
    sys.stdout.write(with_table(sys.stdin.read()))
