"""Without ALL=1 a matrix is sampled by the printed seed; with it nothing is left out."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import SAMPLE

ROOT = Path(__file__).parents[2]
_TEST = """
import pytest

@pytest.mark.matrix
@pytest.mark.parametrize("number", range(40))
def test_one(number):
    print("ran", number)

@pytest.mark.soak
def test_long():
    print("ran long")
"""


def _ran(folder: Path, **variables: str) -> list[str]:
    # The servers' fixtures and the plugins take seconds to import and are not wanted here.
    conftest = (ROOT / "tests/conftest.py").read_text().replace("pytest_plugins = [", "servers = [")
    (folder / "conftest.py").write_text(conftest)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    matrix\n    soak\n")
    (folder / "test_matrix.py").write_text(_TEST)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTACTPOINT_TEST", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "."],
        cwd=folder,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.strip(".") for line in done.stdout.splitlines() if "ran " in line]


def test_a_seed_repeats_its_sample_and_another_draws_another(tmp_path: Path) -> None:
    first = _ran(tmp_path, CONTACTPOINT_TEST_SEED="1")
    assert len(first) == SAMPLE
    assert _ran(tmp_path, CONTACTPOINT_TEST_SEED="1") == first
    assert _ran(tmp_path, CONTACTPOINT_TEST_SEED="2") != first


def test_everything_runs_when_asked_for(tmp_path: Path) -> None:
    assert len(_ran(tmp_path, CONTACTPOINT_TEST_ALL="1")) == 41
