"""The one command that a change must pass fails when any of its steps fails, and shows what the tests said."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_MAKE = """#!/bin/sh
echo "$@" >> calls
[ "$1" = test ] && printf 'header\\n==== 7 passed in 0.01s ====\\nseed: 1\\n'
[ "$1" = demo ] && echo '{"verified": true}'
[ "$1" != "$BROKEN" ]
"""


@pytest.mark.parametrize("broken", ["test", "lint", "demo", "nothing"])
def test_the_whole_fails_when_one_step_fails_and_shows_the_closing_line(tmp_path: Path, broken: str) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(_MAKE)
    make.chmod(0o755)
    environment = {"PATH": f"{make.parent}:{os.environ['PATH']}", "BROKEN": broken}
    done = subprocess.run(
        [tmp_path / ".ci/run"], env=environment, cwd="/", capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode == 0) == (broken == "nothing")
    assert "==== 7 passed in 0.01s ====" in done.stdout.splitlines()[-2:]
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["test ALL=1", "lint", "demo ARGS=--once --json"]
