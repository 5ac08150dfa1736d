"""`extend`: ask for more time before a preservation ends (Article 42(9))."""

from __future__ import annotations

from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret

_LONGEST = 3650  # days, as the form's own field


def add_to(app: typer.Typer) -> None:
    app.command("extend")(extend)


def extend(
    identity: Annotated[str, typer.Argument(metavar="CASE", help="The case or its request: id, label or file number.")],
    days: Annotated[int, typer.Option("--days", min=1, max=_LONGEST, help="How many days more, from the present end.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the formal request could not be sent yet.")],
    officer: Officer,
    urgency: Annotated[
        str | None, typer.Option("--class", help="U0 to U3; the class of the request when left out.")
    ] = None,
    approver: Annotated[
        str | None, typer.Option("--approver", metavar="OFFICER", help="Who signs too, where two must.")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Ask for more time for what a case preserves.

    The form is filled from the request that it extends. By asking, you state anew that the formal request is intended.
    """
    from contactpoint import main
    from contactpoint.cli.findings import warn
    from contactpoint.cli.output import instant
    from contactpoint.cli.requests import tell_submitted

    out = output(as_json)
    made, findings = run(main.extension(home, identity, days, reason, urgency, approver))
    secret = signing_secret(secret_file, officer)
    warn(out, findings)
    if made.over:
        out.say(
            f"It ended {instant(made.ends)}: the other State can only answer EXPIRED. Ask for a new one with `send`."
        )
    tell_submitted(out, run(main.extend(home, made.draft, officer, secret)))
