"""Commands about the node itself: `init enrol serve doctor demo`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Yes, confirm, output, run


class Part(Enum):
    ALL = "all"
    GATEWAY = "gateway"
    DESK = "desk"
    WORKER = "worker"
    AUDITOR = "auditor"


def add_to(app: typer.Typer) -> None:
    for name, command in (("init", init), ("enrol", enrol), ("doctor", doctor), ("serve", serve), ("demo", demo)):
        app.command(name)(command)


def init(
    answers: Annotated[
        Path | None, typer.Option("--answers", help="TOML file with the answers; then nothing is asked.")
    ] = None,
    genesis: Annotated[
        str | None, typer.Option("--genesis", help="Digest of the register's genesis, in place of the file's.")
    ] = None,
    home: Home = HERE,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make a node in this folder."""
    from contactpoint import main
    from contactpoint.cli.answers import ask, read_answers
    from contactpoint.cli.errors import CommandError

    if (home / "node.toml").exists():
        raise CommandError(f"There is a node in {home.resolve()} already.", "Choose an empty folder with --home.")
    given = read_answers(answers, genesis) if answers is not None else ask()
    if answers is None:
        confirm(f"Make the node of {given.state} in {home.resolve()}?", yes)
    made = run(main.init_node(home, given))
    out = output(as_json)
    out.data(
        made,
        [
            f"fingerprint   {' '.join(made.words)}",
            f"officer       {made.officer}",
            f"sign in once  {made.one_time_link}",
            *(f"wrote         {path}" for path in made.files),
        ],
    )
    out.say("Next: carry away the folder custody/, then run `contactpoint enrol` and telephone the registrar.")


def enrol(home: Home = HERE, as_json: Json = False) -> None:
    """Hand the State's documents to the register, and print the twelve words to read over the telephone."""
    from contactpoint import main

    done = run(main.enrol(home))
    out = output(as_json)
    told = "handed to the register" if done.submitted else "the register has exactly these documents already"
    out.data(done, [" ".join(done.words)])
    out.say(f"{done.state}: {told}.")
    call = "telephone the registrar and read these twelve words. Then " if done.submitted else ""
    out.say(f"Next: {call}run `contactpoint serve`.")


def serve(
    part: Annotated[Part, typer.Argument(help="Which part of the node runs in this process.")] = Part.ALL,
    clock: Annotated[
        str | None,
        typer.Option("--clock", metavar="TIME[,xSPEED]", help="Training only: such as 2027-03-04T13:00Z,x60."),
    ] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Run the node until it is told to stop."""
    from contactpoint import main

    run(main.serve(home, part=part.value, clock=clock))
    output(as_json).data({"stopped": part.value}, ())


def doctor(home: Home = HERE, as_json: Json = False) -> None:
    """Name the failing link, if one fails."""
    from contactpoint import main

    checks = run(main.doctor(home))
    out = output(as_json)
    rows = [("ok" if check.ok else "FAILED", check.name, check.text) for check in checks]
    failed = [check for check in checks if not check.ok]
    out.data({"ok": not failed, "checks": checks}, out.table(("", "check", "finding"), rows))
    for check in failed:
        out.say(f"{check.name}: {check.what_to_do}")
    if failed:
        raise typer.Exit(1)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Do everything without a person, then exit 0 or 1.")] = False,
    as_json: Json = False,
) -> None:
    """Show the whole way with two invented States."""
    from contactpoint import main

    if run(main.demo(once=once, json=as_json)) is False:
        raise typer.Exit(1)
