"""`completion SHELL`: a script for the shell, made from the commands themselves, and `version`.

The script holds the words, so that pressing Tab starts no Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any

import typer

from contactpoint.cli.options import Json, output


class Shell(Enum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def add_to(app: typer.Typer) -> None:
    app.command("completion")(completion)
    app.command("version")(version)


def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(help="For which shell.")],
    as_json: Json = False,
) -> None:
    """Print a completion script for a shell.

    For bash: eval "$(contactpoint completion bash)"
    """
    words = dict(_words(context.find_root().command, ()))
    script = _fish(words) if shell is Shell.FISH else _bash(words, zsh=shell is Shell.ZSH)
    output(as_json).data({"shell": shell.value, "script": script}, [script])


def version(as_json: Json = False) -> None:
    """Print the version of this program."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        found = installed("contactpoint")
    except PackageNotFoundError:  # run from a source tree
        found = "unknown"
    output(as_json).data({"version": found}, [f"contactpoint {found}"])


def _words(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """For each command path what may follow it: sub-commands and options."""
    subcommands = getattr(command, "commands", {})
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    yield path, sorted(subcommands) + sorted([*options, "--help"])
    for name, subcommand in subcommands.items():
        yield from _words(subcommand, (*path, name))


def _bash(words: dict[tuple[str, ...], list[str]], *, zsh: bool) -> str:
    cases = "\n".join(f'    "{" ".join(path)}") words="{" ".join(found)}" ;;' for path, found in words.items() if path)
    load = "autoload -U +X bashcompinit && bashcompinit\n" if zsh else ""
    return f"""{load}_contactpoint() {{
  local word path="" words="{" ".join(words[()])}"
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in -*) ;; *) path="${{path:+$path }}$word" ;; esac
    case "$path" in
{_indent(cases)}
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _contactpoint contactpoint"""


def _fish(words: dict[tuple[str, ...], list[str]]) -> str:
    lines = []
    for path, found in words.items():
        seen = " ".join(path)
        only = f"__fish_seen_subcommand_from {path[-1]}" if path else "__fish_use_subcommand"
        plain = " ".join(word for word in found if not word.startswith("--"))
        if plain:
            lines.append(f"complete -c contactpoint -f -n '{only}' -a '{plain}'  # {seen or 'commands'}")
        lines += [f"complete -c contactpoint -n '{only}' -l {word[2:]}" for word in found if word.startswith("--")]
    return "\n".join(lines)


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
