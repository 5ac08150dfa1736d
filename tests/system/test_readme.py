"""The section *Your own node* of README.md, run as it stands: its files, then its lines in one shell."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.fixtures.ports import free_port
from tests.fixtures.processes import ENVIRONMENT, ROOT

PORTS = ("8440", "4141", "4142", "8141", "8142")
SHELL = """set -e
trap 'trap - EXIT; kill $(jobs -p); wait' EXIT
{lines}
echo "DONE $ID"
read -r _
"""


def section() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text[text.index("## Your own node") : text.index("## More")]


def lines() -> str:
    [found] = re.findall(r"^```sh\n(.*?)^```", section(), re.DOTALL | re.MULTILINE)
    return str(found)


def files() -> dict[str, str]:
    """Each block whose sentence before it begins with the file's name."""
    return dict(re.findall(r"^`([a-z.]+)` [^\n]*:\n\n```\w+\n(.*?)^```", section(), re.DOTALL | re.MULTILINE))


def own_ports(text: str, ports: dict[str, str]) -> str:
    """The same text with ports that are free here, so that the test runs beside anything else."""
    return re.sub(r"\b(" + "|".join(PORTS) + r")\b", lambda found: ports[found[1]], text)


def programs(folder: Path) -> str:
    """A folder for the PATH in which the two programs are this work tree's, as an installation puts them."""
    for name in ("contactpoint", "directory"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name}.cli "$@"\n')
        program.chmod(0o755)
    return f"{folder}:{ENVIRONMENT['PATH']}"


def test_the_readme_names_at_most_twelve_commands_and_every_file_that_they_read() -> None:
    commands = re.findall(r"\b(?:contactpoint|directory) (?!listed)[a-z]+", lines())
    assert 0 < len(commands) <= 12
    named = set(re.findall(r"\b\w+\.(?:toml|yaml|secret)\b", lines() + "".join(files().values())))
    assert named == set(files())


def test_the_lines_of_the_readme_lead_from_an_empty_folder_to_an_acknowledged_request(tmp_path: Path) -> None:
    work, bin_folder = tmp_path / "work", tmp_path / "bin"
    work.mkdir()
    bin_folder.mkdir()
    ports = {port: str(free_port()) for port in PORTS}
    for name, text in files().items():
        (work / name).write_text(own_ports(text, ports))
    environment = {**ENVIRONMENT, "PATH": programs(bin_folder)}
    log = tmp_path / "log"
    with log.open("wb") as said:
        shell = subprocess.Popen(
            ["bash", "-c", SHELL.format(lines=own_ports(lines(), ports))],
            cwd=work, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
        )  # fmt: skip
    try:
        assert shell.stdout is not None
        request = ""
        for line in shell.stdout:
            if line.startswith("DONE "):
                request = line.split()[1]
                break
        assert request, f"the lines stopped\n{log.read_text()}"
        words = ("--home", "xa", "--as", "XA-OFF-001", "--secret-file", "xa.secret", "--json")
        taken_by = ""
        for _ in range(20):
            shown = subprocess.run(
                ["contactpoint", "show", request, *words],
                cwd=work, env=environment, capture_output=True, text=True, check=True, timeout=60,
            )  # fmt: skip
            taken_by = json.loads(shown.stdout)["requests"][0]["acknowledged_by"]
            if taken_by:
                break
        assert taken_by == "XB-OFF-001", log.read_text()
    finally:
        shell.communicate("\n", timeout=60)
    assert shell.returncode in (0, -signal.SIGTERM), log.read_text()
    assert all((work / name).is_dir() for name in ("register", "xa", "xb"))
