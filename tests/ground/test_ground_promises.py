"""What the files at the top of the tree promise about each other."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def _named(lines: list[str]) -> set[str]:
    return {line.strip() for line in lines if line.strip() and not line.startswith(("#", "-"))}


def test_requirements_name_what_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = _named((ROOT / "requirements.in").read_text().splitlines())
    assert listed == {*project["project"]["dependencies"], *project["build-system"]["requires"]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_and_no_address(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.startswith("# ")]
    assert "://" not in (ROOT / lock).read_text()
    pin = re.compile(r"[a-z0-9._-]+==\S+( ; [^\\]+)? \\")
    sha = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not pin.fullmatch(line) and not sha.fullmatch(line)] == []


def test_what_tests_and_checks_agrees_with_what_runs() -> None:
    pins = [dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS]
    assert {name: pins[0][name] for name in pins[0].keys() & pins[1]} == {
        name: pins[1][name] for name in pins[0].keys() & pins[1]
    }


def test_modules_import_downwards_only() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_ci_can_be_started() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o100


# The Makefile on machines that lack something, with stand-ins for python3: nothing is installed.

_NO_VENV = """#!/bin/sh
case "$*" in
  *version_info*) exit 0 ;;
  *'-m venv'*) mkdir -p .venv/bin; echo half > .venv/bin/python; echo 'ensurepip is not available' >&2; exit 1 ;;
esac
exit 1
"""
_OLD = "#!/bin/sh\nexit 1\n"
_WHOLE = """#!/bin/sh
case "$*" in *'-m venv'*) mkdir -p .venv/bin; printf '#!/bin/sh\\necho "$@" >> pip.log\\n' > .venv/bin/python
chmod +x .venv/bin/python ;; esac
exit 0
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _make(clone: Path, python: str, *targets: str) -> subprocess.CompletedProcess[str]:
    program = clone / "python3-stand-in"
    program.write_text(python)
    program.chmod(0o755)
    call = ["make", "--no-print-directory", f"PYTHON={program}", *targets]
    return subprocess.run(call, cwd=clone, capture_output=True, text=True, timeout=60, check=False)


def test_without_the_venv_module_one_line_says_what_to_install_and_no_half_stays(clone: Path) -> None:
    done = _make(clone, _NO_VENV, ".venv/.runs")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "apt-get install python3-venv" in said[0]
    assert not (clone / ".venv").exists()


def test_after_the_venv_module_came_the_next_try_works(clone: Path) -> None:
    _make(clone, _NO_VENV, ".venv/.runs")
    assert _make(clone, _WHOLE, ".venv/.runs").returncode == 0
    assert "--require-hashes -r requirements.lock" in (clone / "pip.log").read_text()


def test_a_half_made_environment_is_not_trusted(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").write_text("half")
    assert _make(clone, _WHOLE, ".venv/.runs").returncode == 0
    assert (clone / ".venv/bin/python").read_text() != "half"


def test_an_old_python_is_named_as_the_reason(clone: Path) -> None:
    done = _make(clone, _OLD, ".venv/.runs")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr


def test_the_demo_needs_only_what_runs(clone: Path) -> None:
    done = _make(clone, _WHOLE, "--dry-run", "demo", "ARGS=--once")
    assert "requirements-dev.lock" not in done.stdout
    assert "contactpoint demo --once" in done.stdout
