"""What this process is a version of: workers must agree in all of it to work side by side (``contactpoint.watch.fence``)."""

from __future__ import annotations

from pathlib import Path

import tzdata

import contactpoint
from contactpoint.domain import catalogue
from contactpoint.store.migrations import HEADS
from contactpoint.watch.fence import Version
from keys.digest import labelled


def own_version() -> Version:
    """Code, schema, catalogue (a digest of its files) and the zone data that this process really reads."""
    files = sorted(Path(catalogue.__file__).parent.glob("v*/*.toml"))
    contents = [part for file in files for part in (file.name, file.read_bytes())]
    mark = labelled("cpn1/catalogue", *contents).hex()[:8]
    return Version(contactpoint.__version__, HEADS["desk"], mark, tzdata.IANA_VERSION)
