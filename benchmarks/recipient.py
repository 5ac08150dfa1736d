"""The recipient of `send_to_received`: a node in a process of its own that tells when its desk has committed each letter.

python -m benchmarks.recipient HOME     a line for each letter: its id, and monotonic_ns after the commit
"""

import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path

import structlog

from contactpoint.casework.context import Casework
from contactpoint.casework.receive import Place, receive_letter
from contactpoint.desk import take
from contactpoint.main.serve import running_node
from contactpoint.wire.envelope import Parcel, read_envelope


async def told(
    cw: Casework, parcel: Parcel, held: bytes, place: Place, now: datetime, *, renewed: bool = False
) -> None:
    """Take the letter as the desk does, then say when that was done."""
    await receive_letter(cw, parcel, held, place, now, renewed=renewed)
    done = time.monotonic_ns()
    print(read_envelope(parcel.envelope, cw.net).core.id, done, flush=True)


async def serve(home: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    take.receive_letter = told
    async with running_node(home):
        print("ready", 0, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
