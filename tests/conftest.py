"""What every test gets: a seed that is printed, samples instead of whole matrices, and no network but loopback."""

import os
import random
import secrets
import sys
import zoneinfo
from collections import defaultdict

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.ports",  # first: the others import it
    "tests.fixtures.browser",
    "tests.fixtures.databases",
    "tests.fixtures.mail",
    "tests.fixtures.receiver",
    "tests.fixtures.redis",
]

ALL = os.environ.get("CONTACTPOINT_TEST_ALL") == "1"
SEED_VARIABLE = "CONTACTPOINT_TEST_SEED"
SAMPLE = 2  # cases of each `matrix` test that run without ALL=1

settings.register_profile("sample", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("all", max_examples=600, deadline=None, print_blob=True)
settings.load_profile("all" if ALL else "sample")


def pytest_configure(config: pytest.Config) -> None:
    # The zones of the tzdata that is shipped, as on a node: this machine's own copy may be another one.
    zoneinfo.reset_tzpath(())
    # In the environment, so that the workers, which are started from here, draw from the same seed.
    seed = os.environ.setdefault(SEED_VARIABLE, str(secrets.randbelow(10**8)))
    if getattr(config.option, "hypothesis_seed", seed) is None:
        config.option.hypothesis_seed = seed


def pytest_report_header() -> str:
    what = "everything" if ALL else "samples; ALL=1 runs everything"
    return f"seed: {os.environ[SEED_VARIABLE]} (repeat with {SEED_VARIABLE}=...); {what}"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: dict[str, int] = defaultdict(int)
    for report in terminalreporter.stats.get("skipped", []):
        reasons[report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)] += 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"SKIPPED {count}: {reason.removeprefix('Skipped: ')}")
    terminalreporter.write_line(f"seed: {os.environ[SEED_VARIABLE]}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if ALL:
        return
    groups: dict[str, list[pytest.Item]] = defaultdict(list)
    dropped = [item for item in items if item.get_closest_marker("soak")]
    for item in items:
        if item.get_closest_marker("matrix"):
            groups[item.nodeid.split("[")[0]].append(item)
    for name, group in groups.items():
        draw = random.Random(f"{os.environ[SEED_VARIABLE]}:{name}")
        kept = draw.sample(group, min(SAMPLE, len(group)))
        dropped += [item for item in group if item not in kept]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        gone = set(map(id, dropped))
        items[:] = [item for item in items if id(item) not in gone]


@pytest.fixture
def seeded(request: pytest.FixtureRequest) -> random.Random:
    """Repeatable chance: depends on the printed seed and on the test's name."""
    return random.Random(f"{os.environ[SEED_VARIABLE]}:{request.node.nodeid}")


@pytest.fixture
def run_all() -> bool:
    """Whether everything is to run (ALL=1): more rounds, larger numbers."""
    return ALL


def _only_loopback(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise PermissionError(f"a test tried to reach {address[0]}: tests talk to this machine only")


sys.addaudithook(_only_loopback)
