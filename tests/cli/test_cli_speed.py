"""`contactpoint --help` costs at most 0.3 s above `python -c "import argparse"`, best of five."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def best_of_five(*words: str) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=ROOT, timeout=60)
        times.append(time.perf_counter() - began)
    return min(times)


def test_help_costs_at_most_three_tenths_of_a_second_more_than_argparse() -> None:
    bare = best_of_five("-c", "import argparse")
    ours = best_of_five("-m", "contactpoint.cli", "--help")
    print(f"argparse {bare:.3f} s, --help {ours:.3f} s")
    assert ours - bare <= 0.3
