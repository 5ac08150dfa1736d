"""`directory card show | check | set`: what this State says of itself in the register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Yes, confirm, output, run

if TYPE_CHECKING:
    from contactpoint.main.card import CardShown

app = typer.Typer(help="The own State's card: languages, authorities, law, telephones.", rich_markup_mode=None)

CardFile = Annotated[
    Path,
    typer.Argument(metavar="FILE.toml", exists=True, dir_okay=False, help="The card; begin with what `show` prints."),
]


@app.command()
def show(home: Home = HERE, as_json: Json = False) -> None:
    """Print the own card as TOML: edit it, then `check` and `set` it."""
    from contactpoint import main

    found = run(main.card_show(home))
    output(as_json).data(found, _as_toml(found))


@app.command()
def check(file: CardFile, home: Home = HERE, as_json: Json = False) -> None:
    """Name what other States will miss in a card.

    Reads the file only; nothing is signed.
    """
    from contactpoint import main

    found = run(main.card_check(home, file))
    output(as_json).data(found, [*found.gaps, "The file holds a card."])


@app.command("set")
def set_card(file: CardFile, home: Home = HERE, yes: Yes = False, as_json: Json = False) -> None:
    """Sign a card and hand it to the register.

    The keeper's key signs. Everybody can read it there, and the earlier ones stay readable.
    """
    confirm(f"Publish {file} as this State's card?", yes)
    from contactpoint import main

    found = run(main.card_set(home, file))
    out = output(as_json)
    out.data(found, [f"card {found.number} of {found.state}  {found.outcome or 'signed'}"])
    if not found.outcome:
        out.say("Next: `contactpoint enrol` hands it in; this State is not listed yet.")


def _as_toml(found: CardShown) -> Iterator[str]:
    from contactpoint.cli.tomltext import to_toml

    listed = "in the register" if found.listed else "not in this copy of the register yet"
    yield f"# Card {found.number} of {found.state}, {listed}. Everybody can read it; only [reachability] is for members."
    yield '# May be added: party_since = "2027-01-01" above the first table; in [legal] preservation_law = "..." and'
    yield "# user_notification_days = 30; in the place of authorities = []: [[authorities]] with role, name, mail, telephone;"
    yield '# [legal.offences.O-09] with name = "...", provision = "...", maximum_years = 5.'
    reach = {"reachability": found.reachability} if found.reachability else {}
    # Closures, drills and disputes have commands of their own: a file must not take back what the node has published.
    own = {name: value for name, value in found.public.items() if name not in ("closures", "drills", "disputes")}
    yield to_toml({**own, **reach}).rstrip("\n")
