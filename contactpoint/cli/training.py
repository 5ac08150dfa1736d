"""`training`: an exercise against an invented State; `training scripts` and `training report` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import Json, output, run

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.results import ExerciseReport

app = typer.Typer(
    help="Exercise at your own desk against an invented State.", rich_markup_mode=None, invoke_without_command=True
)


@app.callback()
def training(
    context: typer.Context,
    script: Annotated[str, typer.Option("--script", help="quick, slow, refusing, abusive or emergency.")] = "quick",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="An empty folder, which is kept.", show_default="a temporary one")
    ] = None,
    officer: Annotated[
        str,
        typer.Option("--for", metavar="OFFICER", help="Record the exercise for this officer of the node in --home."),
    ] = "",
    home: Annotated[
        Path | None, typer.Option("--home", help="The officer's own node; it is only read, and the exercise recorded.")
    ] = None,
    pace: Annotated[float, typer.Option("--pace", help="So many times as fast is the invented State.")] = 1.0,
    stay: Annotated[bool, typer.Option("--stay", help="Go on when everything is done, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Run an exercise in a network and a folder of its own.

    Sign in with the printed link and work in the console. Nothing of it can reach a live node, and a live node refuses its letters.
    """
    if context.invoked_subcommand is not None:
        return
    from contactpoint import main

    report = run(main.training(script, folder, officer, home, pace, stay, as_json))
    _tell(output(as_json), report)
    if report.met < len(report.lines):
        raise typer.Exit(1)


@app.command()
def scripts(as_json: Json = False) -> None:
    """List the scripts."""
    from contactpoint.domain.training import load

    found = [{"name": each.name, "title": each.title, "told": each.told} for each in load().values()]
    out = output(as_json)
    out.data(found, out.table(("script", "what happens"), [(str(e["name"]), str(e["title"])) for e in found]))


@app.command()
def report(
    folder: Annotated[Path, typer.Option("--folder", help="The folder that the training printed.")],
    as_json: Json = False,
) -> None:
    """Show what was done so far, against what is expected."""
    from contactpoint import main

    _tell(output(as_json), run(main.training_report(folder)))


def _tell(out: Output, done: ExerciseReport) -> None:
    rows = [
        (
            line.mark,
            line.what,
            line.of,
            "" if line.took_s is None else f"{line.took_s:.0f} s",
            f"{line.expected_s:.0f} s",
            ", ".join(line.among),
        )
        for line in done.lines
    ]
    head = f"{done.script}: {done.met} of {len(done.lines)} as expected, {done.officer}"
    out.data(done, [head, *out.table(("", "expected", "of", "took", "within", "one of"), rows)])
    if done.recorded:
        out.say(f"Recorded for {done.officer}; `contactpoint officer list` shows it.")
