"""For a court: judge a bundle with no node, no network, no key and no database."""

from __future__ import annotations

import zoneinfo
from pathlib import Path

from contactpoint.desk.bundle import MAX_BUNDLE_BYTES
from contactpoint.desk.results import VerifyReport
from contactpoint.desk.verify import verify


def verify_bundle(path: Path, genesis: str | None) -> VerifyReport:
    """What the bundle in this file proves. ``genesis``: the published digest of the register, 64 hexadecimal digits, or None.

    Raises OSError when the file cannot be read. One byte more than a bundle may have is enough to refuse a huge file unread.
    """
    zoneinfo.reset_tzpath(())  # deadlines are computed again with the same zones as on a node, not with this machine's
    with path.open("rb") as file:
        data = file.read(MAX_BUNDLE_BYTES + 1)
    return verify(data, None if genesis is None else bytes.fromhex(genesis))
