"""The registrar's program: `directory init | serve | list | approve | suspend`. Data on stdout, talk on stderr.

Exit codes: 0 done, 1 refused or failed, 2 usage. Each command imports what it needs inside, so that help is quick.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from directory.main import RunningRegister
    from directory.register import Register, Taken

T = TypeVar("T")
app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The register of contact points: make it, serve it, list States in it.",
)

Home = Annotated[Path | None, typer.Option("--home", help="The register's folder (default: DIRECTORY_HOME, or here).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the program."""
    app()


@app.command()
def init(
    purpose: Annotated[str, typer.Option(help="live, pilot or training.")],
    name: Annotated[str, typer.Option(help="The network's name, as people will read it.")],
    home: Home = None,
    policy: Annotated[str, typer.Option(help="The network policy: standard-1 or demo-1.")] = "standard-1",
    as_json: Json = False,
) -> None:
    """Make a register with fresh keys. Prints the digest of its genesis, which every node pins."""
    from directory.documents import Purpose

    if purpose not in {each.value for each in Purpose}:
        _stop(2, "E-USAGE", "--purpose is live, pilot or training", as_json)
    folder = _home(home)

    def make() -> dict[str, object]:
        from directory.main import init_register

        genesis = init_register(folder, Purpose(purpose), name, policy)
        return {"genesis": genesis.digest.hex(), "net": genesis.net.hex(), "purpose": purpose, "home": str(folder)}

    done = _refusing(make, as_json)
    _say(f"Register made in {folder}. Publish this digest of its genesis; every node pins it:")
    _print(done, str(done["genesis"]), as_json)
    _say("Keep registrar.secret and a copy of the folder safe: whoever has them can list and suspend States.")


@app.command()
def serve(
    home: Home = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default: register.toml).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: register.toml).")] = None,
    clock: Annotated[
        str | None, typer.Option(help="Training only: 2027-03-04T13:00Z or 2027-03-04T13:00Z,x60.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer until stopped."""
    folder = _home(home)

    def ready(running: "RunningRegister") -> None:
        facts: dict[str, object] = {"url": running.url, "genesis": running.genesis.digest.hex()}
        _print(facts, running.url, as_json)
        _say(f"Register {running.genesis.name!r} ({running.genesis.purpose.value}) answers. Stop with Ctrl-C.")

    async def run() -> None:
        from directory.main import serve, set_clock

        if clock:
            set_clock(folder, clock)
        await serve(folder, port, host, ready)

    _awaiting(run, as_json)


@app.command("list")
def list_states(home: Home = None, as_json: Json = False) -> None:
    """Show the States that stand in the register, and those that wait for approval, with their words."""
    folder = _home(home)

    async def read() -> list[dict[str, object]]:
        from directory.main import open_register

        async with open_register(folder) as register:
            return await _standings(register)

    rows = _awaiting(read, as_json)
    _print({"states": rows}, "\n".join(f"{r['state']:<9} {r['status']:<10} {r['words']}" for r in rows), as_json)


@app.command()
def approve(
    states: Annotated[list[str], typer.Argument(metavar="STATE", help="The State's code; several, for several.")],
    words: Annotated[
        list[str],
        typer.Option(
            help="The twelve words, as the State read them out over the telephone; once for each State, in order."
        ),
    ],
    home: Home = None,
    reason: Annotated[str, typer.Option(help="Stands in the log.")] = "",
    as_json: Json = False,
) -> None:
    """List a State, once its twelve words were heard over a telephone number that is known to be the State's."""
    folder = _home(home)
    if len(words) != len(states):
        _stop(2, "E-USAGE", f"{len(states)} State(s), but --words {len(words)} time(s): give it once for each", as_json)

    async def run(state: str, heard: str) -> "list[Taken]":
        from directory.main import approve

        return await approve(folder, state, heard, reason)

    for state, heard in zip(states, words, strict=True):
        taken = _awaiting(partial(run, state, heard), as_json)
        facts: dict[str, object] = {"state": state, "status": "listed", "appended": [_entry(each) for each in taken]}
        _print(facts, f"{state} listed", as_json)


@app.command()
def suspend(
    state: Annotated[str, typer.Argument(help="The State's code.")],
    reason: Annotated[str, typer.Option(help="Stands in the log.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Suspend a State: nodes stop taking new requests from it. `approve` lifts it."""
    folder = _home(home)

    async def run() -> "Taken":
        from directory.main import suspend

        return await suspend(folder, state, reason)

    taken = _awaiting(run, as_json)
    _print({"state": state, "status": "suspended", "appended": [_entry(taken)]}, f"{state} suspended", as_json)


async def _standings(register: "Register") -> list[dict[str, object]]:
    from directory.documents import Charter, read_object
    from directory.rules import roots_fingerprint
    from directory.words import fingerprint_words

    rows: list[dict[str, object]] = []
    for state, standing in sorted((await register.view()).registry.standings.items()):
        roots = tuple(key.id for key in standing.charter.roots) if standing.charter else standing.roots
        words = fingerprint_words(roots_fingerprint(roots))
        rows.append({"state": state, "status": standing.status.value, "words": words})
    for waits in await register.waiting():
        if waits.kind == Charter.TYPE:
            document, _ = read_object(waits.data, waits.kind)
            rows.append({"state": document.state, "status": "waiting", "words": fingerprint_words(waits.claim)})
    return rows


def _entry(taken: "Taken") -> dict[str, object]:
    return {"kind": taken.kind, "digest": taken.digest.hex(), "index": taken.index}


def _home(home: Path | None) -> Path:
    if home is not None:
        return home
    from directory.main import default_home

    return default_home()


def _awaiting(run: Callable[[], Awaitable[T]], as_json: bool) -> T:
    import asyncio

    async def waiting() -> T:
        return await run()

    return _refusing(lambda: asyncio.run(waiting()), as_json)


def _refusing(run: Callable[[], T], as_json: bool) -> T:
    from contactpoint.store.errors import StoreError
    from directory.errors import DirectoryError, FolderError

    try:
        return run()
    except FolderError as error:
        _stop(2, error.code, error.text, as_json)
    except DirectoryError as error:
        _stop(1, error.code, error.text, as_json)
    except StoreError as error:
        _stop(1, "E-DATABASE", str(error), as_json)


def _stop(code: int, name: str, text: str, as_json: bool) -> NoReturn:
    if as_json:
        print(json.dumps({"error": name, "text": text}))
    _say(f"{text} [{name}]")
    raise typer.Exit(code)


def _print(facts: dict[str, object], text: str, as_json: bool) -> None:
    print(json.dumps(facts) if as_json else text, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
