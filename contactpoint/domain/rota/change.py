"""From the turns as they stand to the turns as they shall be: what was stays as it was, and whoever is on duty stays until the handoff."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest

from contactpoint.domain.rota.rotation import Rotation


def succeed(old: Sequence[Rotation], new: Sequence[Rotation], now: datetime) -> tuple[Rotation, ...]:
    """Promise: ``new`` in the place of ``old``, each turn from its next handoff on; every segment that was stays as it was.

    A turn is known again by its pattern, the rest by their order. The same change once more changes nothing.
    """
    left = list(running(old))
    kept = [each for each in old if each not in left]
    rest: list[Rotation] = []
    pairs: list[tuple[Rotation | None, Rotation | None]] = []
    for turn in running(new):
        same = next((each for each in left if _form(each) == _form(turn)), None)
        if same is None:
            rest.append(turn)
        else:
            left.remove(same)
            pairs.append((same, turn))
    for before, after in [*pairs, *zip_longest(left, rest)]:
        kept += changed(before, after, now)
    return tuple(kept)


def running(rotations: Sequence[Rotation]) -> tuple[Rotation, ...]:
    """The segments that a keeper sees as the rota's turns: those that nobody has ended."""
    return tuple(each for each in rotations if each.until is None)


def changed(old: Rotation | None, new: Rotation | None, now: datetime) -> tuple[Rotation, ...]:
    """Promise: the segments that stand for ``old`` once ``new`` holds. No ``old``: a new turn; no ``new``: one that ends.

    A keeper who changes a rota must not change who was on duty last week: what has begun ends at its next handoff.
    """
    if old is None:
        return () if new is None else (_from(new, now),)
    if new is not None and _form(old) == _form(new) and old.officers == new.officers:
        return (old,)
    if not _has_begun(old, now):
        if new is None:
            return ()
        return (replace(new, since=old.since, first=old.first if _form(old) == _form(new) else new.first),)
    if new is not None and _form(old) == _form(new):
        return old.with_officers(new.officers, now)
    handoff = old.next_handoff(now)
    ended = replace(old, until=handoff)
    return (ended,) if new is None else (ended, replace(new, since=handoff))


def _form(turn: Rotation) -> tuple[object, ...]:
    return (turn.zone, turn.anchor, turn.unit, turn.length, frozenset(turn.windows))


def _has_begun(turn: Rotation, now: datetime) -> bool:
    return turn.handoff(0) <= now and (turn.since is None or turn.since <= now)


def _from(turn: Rotation, now: datetime) -> Rotation:
    """A turn that is added with an anchor in the past begins now, not then."""
    return replace(turn, since=now) if turn.handoff(0) < now else turn
