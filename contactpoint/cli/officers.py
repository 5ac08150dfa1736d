"""`officer add | list | lock | secret` and `key list`: people and keys of this node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, SecretFile, Yes, confirm, output, run, signing_secret

app = typer.Typer(help="The officers of this desk.", rich_markup_mode=None)
keys = typer.Typer(help="The keys of this node.", rich_markup_mode=None)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The officer's number, such as XA-OFF-001.")]


@app.command()
def add(
    number: Number,
    name: Annotated[str, typer.Option("--name", help="Shown inside this State only; never sent.")],
    rights: Annotated[
        list[str] | None,
        typer.Option(
            "--right",
            help="administer, answer, approve, central, review, rota, send or supervise; several times.",
            show_default="send, answer",
        ),
    ] = None,
    mail: Annotated[str | None, typer.Option("--mail", help="Where notices for this officer go.")] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Add an officer and make a signing key under the officer's own secret."""
    secret = signing_secret(secret_file, number)
    from contactpoint import main

    contacts = {"smtp": mail} if mail else {}
    added = run(main.officer_add(home, number, name, tuple(rights or ("send", "answer")), contacts, secret))
    out = output(as_json)
    out.data(added, [added.number, f"sign in once  {added.one_time_link}"])
    out.say("Next: give the link to the officer in person; it works once.")


@app.command("list")
def list_officers(home: Home = HERE, as_json: Json = False) -> None:
    """List the officers."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.officer_list(home))
    out = output(as_json)
    rows = [
        (
            o.number,
            "locked" if o.locked else "",
            ", ".join(o.rights),
            o.mail,
            instant(o.certificate_until),
            f"{o.exercised_at:%Y-%m-%d} {o.exercise}" if o.exercised_at else "never",
            o.name,
        )
        for o in found
    ]
    out.data(found, out.table(("number", "", "rights", "mail", "certificate until", "last exercise", "name"), rows))


@app.command()
def lock(
    number: Number,
    compromised: Annotated[
        bool,
        typer.Option(
            "--compromised", help="Others know the officer's secret: nothing that it signed is taken from now on."
        ),
    ] = False,
    home: Home = HERE,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Lock an officer out: no sign-in, no signature, from now on.

    The officer's open cases go to who is on duty; open hand-overs and waiting letters that need this officer end.
    """
    confirm(f"Lock {number}?", yes)
    from contactpoint import main

    left = run(main.officer_lock(home, number, compromised))
    out = output(as_json)
    out.data(
        {
            "number": number,
            "locked": True,
            "moved": [{"request": request, "holder": holder} for request, holder in left.moved],
            "handovers": left.handovers,
            "letters": left.letters,
            "plans": left.plans,
        },
        [
            f"{number} is locked",
            *(f"case          {request} > {holder or 'NOBODY'}" for request, holder in left.moved),
            *(f"hand-over     {each} ended" for each in left.handovers),
            *(f"letter        {each} is a draft again" for each in left.letters),
            *(f"still named   {each}" for each in left.plans),
        ],
    )
    if left.plans:
        out.say(
            "Next: the rota keeper takes the officer out of what still names him; until then those places call nobody."
        )


@app.command()
def secret(
    number: Number,
    secret_file: SecretFile = None,
    new_secret_file: Annotated[Path | None, typer.Option("--new-secret-file", help="File with the new secret.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Change an officer's signing secret; the key stays the same."""
    old = signing_secret(secret_file, number)
    new = signing_secret(new_secret_file, f"{number} (new)")
    from contactpoint import main

    run(main.officer_secret(home, number, old, new))
    output(as_json).data({"number": number, "changed": True}, [f"{number} has a new signing secret"])


@keys.command("list")
def list_keys(home: Home = HERE, as_json: Json = False) -> None:
    """List the node's keys: what each is for, how long, and where it lies."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.key_list(home))
    out = output(as_json)
    rows = [(k.role, k.id, instant(k.not_before), instant(k.not_after), k.place) for k in found]
    out.data(found, out.table(("role", "id", "from", "until", "place"), rows))
