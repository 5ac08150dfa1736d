"""`directory list | show | verify`: the node's verified copy of the register. Looks nothing up outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli import card
from contactpoint.cli.options import HERE, Home, Json, output, run

if TYPE_CHECKING:
    from contactpoint.desk.views import ContactView

app = typer.Typer(help="The verified copy of the register of contact points.", rich_markup_mode=None)
app.add_typer(card.app, name="card")


@app.command("list")
def list_states(home: Home = HERE, as_json: Json = False) -> None:
    """List the contact points of all States."""
    from contactpoint import main

    found = run(main.directory_list(home))
    out = output(as_json)
    rows = [(c.state, c.status, ", ".join(c.languages), ", ".join(c.phones), c.zone, c.name) for c in found]
    out.data(found, out.table(("state", "status", "languages", "telephone", "zone", "name"), rows) if rows else ())
    if not rows:
        out.say("The copy holds no State yet. Next: `contactpoint enrol`, then let the registrar approve.")


@app.command()
def show(
    state: Annotated[str, typer.Argument(help="Code of the State.")], home: Home = HERE, as_json: Json = False
) -> None:
    """Print one State's entry with its keys and its fingerprint."""
    from contactpoint import main

    found = run(main.directory_show(home, state))
    output(as_json).data(found, _entry_lines(found))


@app.command()
def verify(home: Home = HERE, as_json: Json = False) -> None:
    """Check the whole copy again from its first entry."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    report = run(main.directory_verify(home))
    out = output(as_json)
    head = [f"register {report.genesis} ({report.network})", f"{report.size} entries, root {report.root}"]
    out.data(report, [*head, f"checked {instant(report.checked_at) or 'never'}", *report.lines])
    if not report.ok:
        out.say("What to do: telephone the registrar and a neighbour; compare the size and root with theirs.")
        raise typer.Exit(1)


def _entry_lines(found: ContactView) -> Iterator[str]:
    from contactpoint.cli.output import clean, described, instant

    rows = {
        "state": f"{found.state}  {found.name}  {found.status}",
        "telephone": ", ".join(found.phones),
        "mail": found.mail,
        "languages": ", ".join(found.languages),
        "zone": found.zone,
        "addresses": ", ".join(found.addresses),
        "fingerprint": found.fingerprint,
        "charter": found.charter_digest,
        "card": found.card_digest,
        "link": found.link,
    }
    yield from (f"{name:12}  {clean(text)}" for name, text in rows.items() if text)
    for key in found.keys:
        yield f"{'key':12}  {key.role:10}  {key.id}  {instant(key.not_before)} to {instant(key.not_after)}"
    yield from described(found.card)
