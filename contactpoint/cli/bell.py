"""`bell`, a second bell on any machine, and `bell key add | list | revoke` for the keys with which bells listen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactpoint.cli.options import HERE, Home, Json, Yes, confirm, output, run

if TYPE_CHECKING:
    from contactpoint.main.bell import Rung

app = typer.Typer(
    help="Ring beside the console: while something waits, and when the node falls silent.",
    rich_markup_mode=None,
    invoke_without_command=True,
)
keys = typer.Typer(help="Keys with which bells listen.", rich_markup_mode=None)
app.add_typer(keys, name="key")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name, such as the bell's place.")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="File that holds the bell's key on its first line.")
]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="The console's certificate, or its authority's, as PEM."),
]
Command = Annotated[
    list[str] | None,
    typer.Option("--command", metavar="WORD", help="A program to run at each ring; again for each of its arguments."),
]


@app.callback()
def ring(
    context: typer.Context,
    url: Annotated[
        str, typer.Option("--url", help="The console's address.", show_default="of the node in --home")
    ] = "",
    key_file: KeyFile = None,
    ca: Ca = None,
    sound: Annotated[Path | None, typer.Option("--sound", metavar="FILE", help="A sound to play at each ring.")] = None,
    player: Annotated[str, typer.Option("--player", metavar="PROGRAM", help="The program that plays it.")] = "",
    command: Command = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Ring beside the console: while something waits, and when the node falls silent.

    Rings the terminal's bell; with --sound plays a file, with --command runs a program, which finds NOTICE_REASON, NOTICE_LINE and
    the numbers in its environment.
    """
    if context.invoked_subcommand is not None:
        return
    from contactpoint import main

    out = output(as_json)
    ringer = main.bell_ringer(sound, player, command or ())
    ears = run(main.bell_ears(home, url, key_file, ca))

    def told(rung: Rung) -> None:
        if sys.stderr.isatty():
            print("\a", end="", file=sys.stderr)
        out.say("rings: " + "; ".join(why.text for why in rung.reasons))
        if as_json:
            out.data(rung, ())
            sys.stdout.flush()

    run(main.ring_bell(ears, ringer, told, out.say))


@keys.command("add")
def add_key(name: Name, home: Home = HERE, as_json: Json = False) -> None:
    """Make a key for one bell. It is printed once."""
    from contactpoint import main

    token = run(main.bell_key_add(home, name))
    out = output(as_json)
    out.data({"name": name, "key": token}, [token])
    out.say(
        "Next: write it into a file of mode 600 on the bell's machine and start `contactpoint bell --url ... --key-file FILE`."
    )


@keys.command("revoke")
def revoke_key(name: Name, home: Home = HERE, yes: Yes = False, as_json: Json = False) -> None:
    """End a key at once. From then on nobody misses that bell."""
    confirm(f"Revoke {name}?", yes)
    from contactpoint import main

    run(main.bell_key_revoke(home, name))
    output(as_json).data({"name": name, "revoked": True}, [f"{name} is revoked"])


@keys.command("list")
def list_keys(home: Home = HERE, as_json: Json = False) -> None:
    """List the bells and when each was heard last."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.bell_key_list(home))
    out = output(as_json)
    rows = [(key.name, instant(key.at), instant(key.seen_at), instant(key.revoked_at)) for key in found]
    out.data(found, out.table(("name", "made", "heard", "revoked"), rows) if rows else ())
