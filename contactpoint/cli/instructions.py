"""`instructions show | set`: what an officer of this State does with a type of request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

app = typer.Typer(help="The State's own instructions for each type.", rich_markup_mode=None)

Kind = Annotated[str, typer.Argument(metavar="KIND", help="Type of request, such as PRES-NEW.")]


@app.command()
def show(kind: Kind, home: Home = HERE, as_json: Json = False) -> None:
    """Print the instructions for a type as TOML."""
    _known(kind)
    from contactpoint import main
    from contactpoint.cli.output import instant, plain
    from contactpoint.cli.tomltext import to_toml

    found = run(main.instruction_show(home, kind))
    head = (
        f"# {found.kind}, revision {found.rev} by {found.by}, {instant(found.at)}" if found.rev else f"# {found.kind}"
    )
    output(as_json).data(found, [head, to_toml(plain(found.content)).rstrip("\n")])


@app.command("set")
def set_instruction(
    kind: Kind,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.toml",
            exists=True,
            dir_okay=False,
            help="text, prosecutor, ticks, and [[providers]] with name and address.",
        ),
    ],
    officer: Officer,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write the instructions for a type from a file."""
    _known(kind)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    found = run(main.instruction_set(home, kind, file, officer, secret))
    output(as_json).data(found, [f"{found.kind}  revision {found.rev}"])


def _known(kind: str) -> None:
    from contactpoint.cli.casefile import known_type
    from contactpoint.domain import catalogue

    known_type(kind, catalogue.load())
