"""`contactpoint --help` above `python -c "import argparse"`, best of five of each; and what it must not import."""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.machine import timed

MOST_S = 0.3
"""The bar, seconds of the clock on the wall."""
HEAVY = ("fastapi", "sqlalchemy", "cryptography", "pydantic")
_ROUNDS = 5
_HELP = "import sys; from contactpoint.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
_NAMED = f"print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"


def run() -> Iterator[str]:
    """Both times, the difference, and the heavy packages that help has imported."""
    bare, ours = _best("-c", "import argparse"), _best("-m", "contactpoint.cli", "--help")
    yield f"{'import argparse':20}{bare:7.3f} s"
    yield f"{'contactpoint --help':20}{ours:7.3f} s"
    verdict = "within" if ours - bare <= MOST_S else "ABOVE"
    yield f"{'above argparse':20}{ours - bare:7.3f} s   {verdict} the bar of {MOST_S} s"
    found = subprocess.run([sys.executable, "-c", _HELP + _NAMED], capture_output=True, text=True, check=True)
    yield f"imports of {', '.join(HEAVY)}: {found.stderr.strip() or 'none'}"


def _best(*words: str) -> float:
    """Seconds of the quickest of five runs."""

    def once() -> None:
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)

    return min(timed(once) for _ in range(_ROUNDS)) / 1000
