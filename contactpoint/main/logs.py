"""What a node says of itself on standard error, as its settings want it. Never bodies, keys or addresses."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.types import Processor

from contactpoint.settings.tables import LogSettings


def set_up(settings: LogSettings, out: TextIO | None = None) -> None:
    """Configure the log of this process. ``out`` is standard error unless a test names another stream."""
    stream = sys.stderr if out is None else out
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(settings.format, stream.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )


def _rendering(form: str, terminal: bool) -> list[Processor]:
    """A fault's trace names files and lines only: the values of its variables could be keys, or what an officer wrote."""
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=terminal, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]
