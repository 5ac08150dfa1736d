"""Commands of proof: `export` writes a bundle, `verify` judges one with no node, no network and no key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Officer, SecretFile, output, run, signing_secret


def add_to(app: typer.Typer) -> None:
    app.command("export")(export)
    app.command("verify")(verify)


def export(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id, label or own file number of the case.")],
    officer: Officer,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where the bundle goes.", show_default="CASE.zip")
    ] = None,
    secret_file: SecretFile = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write a case as one bundle of evidence."""
    from contactpoint.cli.errors import CommandError

    target = out_file or Path(f"{case}.zip")
    if target.exists():
        raise CommandError(
            f"{target} is there already.", "Choose another file with --out; evidence is never overwritten."
        )
    secret = signing_secret(secret_file, officer)
    from contactpoint import main

    written = run(main.export_case(home, case, target, officer, secret))
    out = output(as_json)
    out.data({"bundle": written}, [str(written)])
    out.say(f"Next: anybody can run `contactpoint verify {written}`.")


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle.")],
    genesis: Annotated[
        str | None,
        typer.Option("--genesis", help="Digest of the register's genesis, as published: 64 hexadecimal digits."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a bundle proves.

    Needs no node, no network and no key; says relative to which register it is proved.
    """
    from contactpoint.cli.errors import CommandError

    if not bundle.is_file():
        raise CommandError(f"There is no bundle {bundle}.", "Name the file that `contactpoint export` wrote.")
    if genesis is not None and not _is_digest(genesis):
        raise CommandError("--genesis is not a digest.", "Give 64 hexadecimal digits, as the registrar publishes them.")
    from contactpoint import main

    report = main.verify_bundle(bundle, genesis.lower() if genesis else None)
    lines = [*report.lines, *(f"missing: {m}" for m in report.missing), *(f"PROBLEM: {p}" for p in report.problems)]
    out = output(as_json)
    from contactpoint.cli.output import clean

    out.data(report, [clean(line) for line in lines])
    if not report.verified:
        out.say("This bundle proves nothing as it stands. Ask whoever gave it to you for an untouched copy.")
        raise typer.Exit(1)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)
