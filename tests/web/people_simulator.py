"""Officers, passwords, sessions and shifts of the simulated desk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from contactpoint.desk.errors import SecretError
from contactpoint.desk.views import OfficerView
from tests.web.sample import SECRET


@dataclass(frozen=True)
class SimulatedKey:
    number: str


@dataclass(kw_only=True)
class PeopleSimulator:
    """The people's half of the port; what the routes did is kept for tests to read."""

    people: dict[str, OfficerView] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    shifts: dict[str, bytes] = field(default_factory=dict)
    manned_by: list[tuple[str, str, datetime]] = field(default_factory=list)
    count: int = 0

    def _next(self, letter: str = "0") -> str:
        self.count += 1
        return f"0195{letter * 4}-{self.count:04x}-7000-8000-{self.count:012x}"

    async def officer(self, number: str, now: datetime) -> OfficerView | None:
        return self.people.get(number)

    async def officers(self, now: datetime) -> tuple[OfficerView, ...]:
        return tuple(self.people.values())

    async def one_time_link(self, number: str, now: datetime) -> str:
        token = f"token-{self._next()}"
        self.tokens[token] = number
        return token

    async def link_officer(self, token: str, now: datetime) -> str | None:
        return self.tokens.get(token)

    async def set_password(self, token: str, password: str, now: datetime) -> str:
        number = self.tokens.pop(token)
        self.passwords[number] = password
        return number

    async def check_password(self, number: str, password: str, now: datetime) -> bool:
        return self.passwords.get(number) == password

    async def unseal(self, number: str, secret: str, now: datetime) -> SimulatedKey:
        if secret != SECRET:
            raise SecretError("E-SECRET", "The signing secret is wrong.", "Try again, or ask the administrator.")
        return SimulatedKey(number)

    async def start_shift(self, session: str, number: str, secret: str, now: datetime) -> bytes:
        await self.unseal(number, secret, now)
        self.shifts[session] = session.encode().ljust(32, b"-")[:32]
        return self.shifts[session]

    async def shift_key(self, session: str, cookie: bytes, now: datetime) -> SimulatedKey | None:
        return SimulatedKey(self.sessions[session]) if self.shifts.get(session) == cookie else None

    async def end_shift(self, session: str, now: datetime) -> None:
        self.shifts.pop(session, None)

    async def manned(self, officer: str, window: str, alarm_tested_at: datetime, now: datetime) -> None:
        self.manned_by.append((officer, window, alarm_tested_at))

    async def open_session(self, officer: str, now: datetime) -> str:
        session = f"session-{self._next()}"
        self.sessions[session] = officer
        return session

    async def session_officer(self, session: str, now: datetime) -> str | None:
        return self.sessions.get(session)

    async def close_session(self, session: str, now: datetime) -> None:
        self.sessions.pop(session, None)

    async def set_language(self, officer: str, language: str, now: datetime) -> None:
        self.people[officer] = replace(self.people[officer], language=language)
