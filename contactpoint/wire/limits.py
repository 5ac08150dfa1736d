"""Every limit of the link and the gateway, with its unit, in one place.

Sizes are bytes, spans are seconds. Both ends count the same bytes: the encoded frame.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """What one end of a link grants and how long it waits (protocol, section 5)."""

    frame_bytes: int = 256 * 1024
    """Largest frame; the letter in it is at most `letter_bytes`."""
    letter_bytes: int = 128 * 1024
    """Envelope and payload together."""
    credit_messages: int = 64
    credit_bytes: int = 1024 * 1024
    """Messages and bytes that may wait for an answer (put) or for `took` (take)."""
    stranger_messages: int = 4
    """What one whose key is not in the register may put before the link is closed; each is refused."""
    handshake_s: float = 10.0
    """An unproven peer holds a connection no longer than this."""
    beat_s: float = 20.0
    dead_s: float = 45.0
    slow_reader_s: float = 60.0
    """How long a taker may leave deliveries without `took` before it is closed with 4408."""
    answer_s: float = 30.0
    """How long a put waits for its answer before it counts as unreachable."""
    idle_s: float = 600.0
    """How long a link with nothing unanswered is kept."""


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """What a gateway keeps, for how long, and how much of it one sender may use."""

    lease_s: float = 5.0
    """A taker's lease; renewed while it is connected."""
    poll_s: float = 1.0
    """How often a taker looks for mail that another copy of the gateway stored."""
    taken_days: int = 14
    """Taken envelopes stay this long, for a desk restored from a backup."""
    receipt_days: int = 400
    """How long the bytes of a receipt are kept; the fact itself is kept for ever."""
    conflicts: int = 16
    """Letters of one mailbox kept as proof of an id used twice."""
    refusals_per_hour: int = 4
    """Refusals in one State's name that a desk is told of per hour: a stranger must not ring a desk at will."""
    work_per_sender: int = 8
    """Letters of one sender checked at the same time; the rest of that sender's wait, nobody else's do."""
    work_urgent: int = 16
    work_routine: int = 16
    """Letters checked at the same time, per lane: the urgent lane has its own places."""


@dataclass(frozen=True, slots=True)
class ListenLimits:
    """What the public listener grants before and after proof."""

    connections: int = 2048
    connections_per_peer: int = 64
    """Open links of one proven name."""
    unproven: int = 128
    """Connections that have not proven who they are, all together."""
    work: int = 256
    """Things in hand of one link: puts have credit, but nobody needs so many sheets or says `took` so often."""
    drain_s: float = 5.0
    """How long a stopping listener waits for letters already in hand."""
