"""Commands that carry a request on: `hand-over` to the authority that decides it, `draft` of what comes next."""

from __future__ import annotations

from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret
from contactpoint.cli.requests import Id, tell_submitted


def add_to(app: typer.Typer) -> None:
    app.command("hand-over")(hand_over)
    app.command("draft")(draft)


def hand_over(
    identity: Id,
    officer: Officer,
    authority: Annotated[
        str, typer.Option("--authority", help="Its name.", show_default="the one on the own card")
    ] = "",
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Hand a request to the authority that decides.

    Article 41(4). The other State sees which authority has it; the officers with the right `central` are called.
    """
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    tell_submitted(output(as_json), run(main.hand_over(home, identity, authority, officer, secret)))


def draft(
    kind: Annotated[str, typer.Argument(help="Code of the new request, such as MLA-FWD; `show` lists what fits next.")],
    officer: Officer,
    origin: Annotated[str, typer.Option("--from", metavar="ID", help="The request that it starts from.")],
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Print the case file of what comes next.

    It is filled with what stands on the case; what is still missing stands there as comments. Write it into a file, complete it,
    then `send` it.
    """
    from contactpoint.cli.casefile import known_type
    from contactpoint.cli.draftfile import draft_file
    from contactpoint.domain import catalogue

    entries = catalogue.load()
    known_type(kind, entries)
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    own, made = run(main.draft(home, kind, origin, officer, secret))
    text, missing = draft_file(entries[kind], own, made)
    out = output(as_json)
    out.data({"draft": made, "file": text, "missing": missing}, [text.rstrip("\n")])
    if missing:
        out.say(f"Next: fill in {', '.join(missing)}; then `contactpoint send FILE --as {officer}`.")
