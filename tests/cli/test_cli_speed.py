"""`contactpoint --help` costs at most 0.3 s above `python -c "import argparse"`, best of five.

Counted is the processor's time, which waits for nothing: on an idle machine the same as the clock on the wall, on a busy
one still the program's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def processor_seconds(*words: str) -> float:
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_help_costs_at_most_three_tenths_of_a_second_more_than_argparse() -> None:
    bare = min(processor_seconds("-c", "import argparse") for _ in range(5))
    ours = min(processor_seconds("-m", "contactpoint.cli", "--help") for _ in range(5))
    print(f"argparse {bare:.3f} s, --help {ours:.3f} s")
    assert ours - bare <= 0.3
