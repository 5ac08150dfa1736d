"""`figures`: response times by State, type and class, refusals by ground, rights checks; as a table, CSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, output, run, write_text

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.figures import DeskFigures


def add_to(app: typer.Typer) -> None:
    app.command("figures")(figures)


def figures(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=9998, help="One calendar year, in UTC.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the yearly export there; no personal data.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Count a year's requests and their answers.

    Times count only as far as the other State's signatures attest them; where the two sides differ, the case is listed.
    """
    from contactpoint import main

    found, text = run(main.figures(home, year))
    out = output(as_json)
    if csv is not None:
        write_text(csv, text)
        out.say(f"Written: {csv}")
    out.data(found, _lines(out, found))


def _lines(out: Output, found: DeskFigures) -> Iterator[str]:
    from contactpoint.cli.output import instant

    counted = found.counted
    yield f"requests: {counted.requests}, {instant(counted.since)} to {instant(counted.until)}"
    rows = [
        (row.asking, row.asked, row.kind, row.urgency, str(row.requests), level, _span(t.median_s), _span(t.slow_s),
         f"{t.in_time} of {t.count}")
        for row in counted.rows
        for level, t in row.times.items()
    ]  # fmt: skip
    if rows:
        head = ("from", "to", "type", "class", "requests", "level", "median", "slowest tenth", "in time")
        yield from out.table(head, rows)
    for each in counted.refusals:
        yield f"refused: {each.number} {each.kind} from {each.asking} by {each.asked} on {each.what}"
    for urgency in counted.classes:
        if urgency.lowered:
            yield f"lowered by the receiver: {urgency.lowered} of {urgency.asked} in class {urgency.urgency}"
    for count in found.rights:
        yield f"rights: {count.number} {' '.join(part for part in dict.fromkeys((count.kind, count.reason, count.verdict)) if part)}"
    for apart in counted.disagreements:
        times = f"{instant(apart.claimed)} claimed, {instant(apart.witnessed)} attested"
        yield f"the two sides differ: {apart.request} {apart.level}: {times}"


def _span(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}"
