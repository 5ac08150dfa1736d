"""Figures for Prometheus on an inside port of their own: how late, how much waits, who is alive. No content and nobody's name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from contactpoint.desk.results import NodeError
from contactpoint.settings.tables import MetricsSettings
from contactpoint.watch.auditor import Picture

_QUANTILES = ("0.5", "0.99", "1")


class Figures:
    """The figures of the last look; `contactpoint_looked` says when that was, for a figure that stands still says nothing."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lag = self._gauge(
            "due_lag_seconds", "How late the last steps were when a worker claimed them", "quantile"
        )
        self._oldest = self._gauge("oldest_due_seconds", "Age of the oldest due step that nobody has carried out")
        self._overdue = self._gauge("overdue_steps", "Steps that are due since five seconds or more")
        self._outbox = self._gauge("outbox_age_seconds", "How long the oldest letter or slip is overdue in the outbox")
        self._pages = self._gauge("page_age_seconds", "How long the oldest page is overdue")
        self._alive = self._gauge("workers_alive", "Workers that beat in the last ten seconds")
        self._silent = self._gauge("workers_silent", "Workers that have fallen silent")
        self._fired = self._gauge("steps_fired", "Claimed steps of the workers alive, since each began")
        self._reachable = self._gauge(
            "somebody_reachable", "1 while somebody on duty has a live console or a verified channel"
        )
        self._round = self._gauge("round_trip_timestamp_seconds", "When a slip to ourselves last came back; 0: never")
        self._deadman = self._gauge(
            "deadman_timestamp_seconds", "When the dead-man signal was last taken; 0: not since the start"
        )
        self._looked = self._gauge("looked_timestamp_seconds", "When the auditor last looked")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"contactpoint_{name}", text, labels, registry=self.registry)

    def show(self, seen: Picture) -> None:
        """Take over what was seen."""
        for place, quantile in enumerate(_QUANTILES):
            lags = [each.lag_ms[place] for each in seen.alive]
            self._lag.labels(quantile).set(max(lags, default=0) / 1000)
        self._oldest.set(seen.lag.total_seconds())
        self._overdue.set(seen.overdue)
        self._outbox.set(seen.outbox_age.total_seconds())
        self._pages.set(seen.page_age.total_seconds())
        self._alive.set(len(seen.alive))
        self._silent.set(len(seen.silent))
        self._fired.set(sum(each.fired for each in seen.alive))
        self._reachable.set(seen.reachable)
        self._round.set(0 if seen.round_at is None else seen.round_at.timestamp())
        self._looked.set(seen.at.timestamp())

    def deadman(self, at: datetime) -> None:
        self._deadman.set(at.timestamp())


@asynccontextmanager
async def running_metrics(figures: Figures, settings: MetricsSettings) -> AsyncIterator[None]:
    """Serve them while the context lasts; nothing is served when no port is set."""
    if not settings.port:
        yield
        return
    try:
        server, thread = start_http_server(settings.port, settings.address, figures.registry)
    except OSError as error:
        raise NodeError("E-PORT", "the port of the metrics is taken", "choose another metrics.port") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        await asyncio.to_thread(thread.join)
