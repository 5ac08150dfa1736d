"""Whom to page, in which order, and how long to wait: a State's own escalation policy, frozen into each request."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contactpoint.domain.errors import EscalationError


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: all its officers are paged at once on all its channels; the next rung follows after
    `delay_s` seconds. `role` is what the sender is shown (`duty officer`), never a person."""

    officers: tuple[str, ...]
    channels: tuple[str, ...]
    delay_s: int
    role: str

    @property
    def empty(self) -> bool:
        return not self.officers or not self.channels


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Rungs in order. A later version touches new requests only."""

    version: int
    rungs: tuple[Rung, ...]

    def to_plain(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "rungs": [
                {
                    "officers": list(rung.officers),
                    "channels": list(rung.channels),
                    "delay_s": rung.delay_s,
                    "role": rung.role,
                }
                for rung in self.rungs
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "EscalationPolicy":
        """Raises EscalationError for anything that `to_plain` would not have written."""
        try:
            rungs = tuple(
                Rung(
                    tuple(map(str, rung["officers"])),
                    tuple(map(str, rung["channels"])),
                    int(rung["delay_s"]),
                    str(rung["role"]),
                )
                for rung in plain["rungs"]
            )
            return cls(int(plain["version"]), rungs)
        except (KeyError, TypeError, ValueError) as error:
            raise EscalationError("E-POLICY", field="rungs") from error


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of `lint`: a code of the table, the rung's index, and what is odd there."""

    code: str
    rung: int
    detail: str


def lint(policy: EscalationPolicy, officers: Collection[str]) -> tuple[Finding, ...]:
    """Promise: every reason why this policy could fail to reach a human, found when it is saved and not at night."""
    findings = []
    for index, rung in enumerate(policy.rungs):
        if rung.empty:
            findings.append(Finding("W-EMPTY-RUNG", index, rung.role))
        if rung.delay_s < 1:
            findings.append(Finding("E-POLICY", index, "the delay must be one second or more"))
        findings += [Finding("W-UNKNOWN-OFFICER", index, who) for who in rung.officers if who not in officers]
    if all(rung.empty for rung in policy.rungs):
        findings.append(Finding("E-NOBODY-ON-DUTY", 0, "nobody would be paged"))
    return tuple(findings)


@dataclass(frozen=True, slots=True)
class RungStep:
    """Step `index` of the endless ladder: when it begins and ends, as offsets from its first instant."""

    index: int
    cycle: int
    rung: int
    starts: timedelta
    ends: timedelta


@dataclass(frozen=True, slots=True)
class Staircase:
    """The endless repetition of a policy's rungs that have somebody on them; empty rungs take no time."""

    rungs: tuple[tuple[int, Rung], ...]
    empty: tuple[int, ...]

    @classmethod
    def of(cls, policy: EscalationPolicy) -> "Staircase":
        numbered = tuple(enumerate(policy.rungs))
        return cls(
            rungs=tuple((index, rung) for index, rung in numbered if not rung.empty),
            empty=tuple(index for index, rung in numbered if rung.empty),
        )

    @property
    def cycle_s(self) -> int:
        return sum(_wait_s(rung) for _, rung in self.rungs)

    def step(self, index: int) -> RungStep:
        """Step `index`, counted from 0 over all cycles. There must be at least one rung."""
        cycle, place = divmod(index, len(self.rungs))
        before = cycle * self.cycle_s + sum(_wait_s(rung) for _, rung in self.rungs[:place])
        number, rung = self.rungs[place]
        return RungStep(index, cycle, number, timedelta(seconds=before), timedelta(seconds=before + _wait_s(rung)))

    def last_begun(self, elapsed: timedelta) -> int:
        """The index of the last step that has begun after `elapsed`; -1 before the first. Constant time over cycles."""
        if elapsed < timedelta(0):
            return -1
        cycle = int(elapsed // timedelta(seconds=self.cycle_s))
        first = cycle * len(self.rungs)
        begun = [place for place in range(len(self.rungs)) if self.step(first + place).starts <= elapsed]
        return first + begun[-1]


def _wait_s(rung: Rung) -> int:
    # A delay below one second would make a busy loop of pages out of a typing mistake.
    return max(1, rung.delay_s)
