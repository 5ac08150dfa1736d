"""`python -m benchmarks [NAME...]`: runs the named benchmarks, or all.

Each module of this package with a function `run() -> Iterator[str]` is a benchmark and yields its lines.
"""

import pkgutil
import sys
from importlib import import_module

import benchmarks
from benchmarks.machine import described

_NOT_BENCHMARKS = {"__main__", "machine", "recipient", "bare"}


def main(chosen: list[str]) -> int:
    """Print the machine, then each benchmark's lines; 2 for an unknown name."""
    names = {module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - _NOT_BENCHMARKS
    unknown = [name for name in chosen if name not in names]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(sorted(names))}", file=sys.stderr)
        return 2
    print(described())
    for name in chosen or sorted(names):
        print(f"\n{name}")
        for line in import_module(f"benchmarks.{name}").run():
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
