"""The sub-commands of `contactpoint group`: matters that several States have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret
from contactpoint.cli.requests import tell_spread

if TYPE_CHECKING:
    from contactpoint.cli.output import Output
    from contactpoint.desk.operation_views import GroupView, OperationView

app = typer.Typer(help="Matters that several States have in common.", rich_markup_mode=None)

Thread = Annotated[
    str, typer.Argument(metavar="OPERATION", help="Id of the operation or its beginning, or any request of it.")
]


@app.command("list")
def list_operations(home: Home = HERE, as_json: Json = False) -> None:
    """List the operations of this desk; opens nothing."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    rows = run(main.group_list(home))
    out = output(as_json)
    cells = [(row.thread, instant(row.since), ", ".join(row.states), row.title) for row in rows]
    out.data(rows, out.table(("operation", "since", "States", "began with"), cells) if rows else ())
    if not rows:
        out.say("No request of this desk has gone to several States yet.")


@app.command()
def show(
    thread: Thread, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Show the cases of an operation, and who takes part."""
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    view = run(main.group_show(home, thread, officer, secret))
    out = output(as_json)
    out.data(view, _lines(out, view))


@app.command()
def note(
    thread: Thread,
    officer: Officer,
    text: Annotated[str, typer.Option("--text", help="What is said.")],
    to: Annotated[
        list[str] | None, typer.Option("--to", help="Only to this member; several times.", show_default="all members")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write to all who take part now: one letter to each.

    A member writes to the State that leads the group, which passes on what concerns all.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    tell_spread(output(as_json), run(main.group_note(home, thread, text, officer, secret, tuple(to or ()))))


@app.command()
def members(
    thread: Thread, officer: Officer, secret_file: SecretFile = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Sign the list of members anew, after somebody has joined or left.

    Only the State that leads the group may; each member gets the same list.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    tell_spread(output(as_json), run(main.group_members(home, thread, officer, secret)))


def _lines(out: Output, view: OperationView) -> Iterator[str]:
    from contactpoint.cli.output import clean, instant

    yield out.bold(f"operation {view.thread}")
    yield f"  since {instant(view.since)}"
    for case in view.cases:
        yield ""
        yield out.bold(clean(f"{case.peer} {case.peer_name}"))
        yield clean(f"  case {case.id}" + (f"  {case.own_reference}" if case.own_reference else ""))
        for request in case.requests:
            way = "from" if request.incoming else "to"
            due = f", next {instant(request.next_due)}" if request.next_due else ""
            yield f"  {request.urgency} {request.kind} {way} {case.peer}: {request.status}{due}  {request.id}"
            for step in request.next_steps:
                yield f"    next: contactpoint draft {step.kind} --from {request.id}"
    for state in view.apart:
        yield clean(f"  a letter of {state} names this operation, and is not part of it")
    if view.group is not None:
        yield from _group_lines(out, view.group)


def _group_lines(out: Output, group: GroupView) -> Iterator[str]:
    from contactpoint.cli.output import instant

    yield ""
    yield out.bold(f"group led by {group.lead}")
    rows = [(each.state, each.standing, instant(each.since), str(each.roster or "")) for each in group.members]
    for line in out.table(("State", "standing", "since", "list"), rows):
        yield f"  {line}"
    if group.number:
        yield f"  list {group.number}: {', '.join(group.names)}"
    if group.stale:
        yield f"  the list is out of date; now {', '.join(group.due)}: run `contactpoint group members`"
