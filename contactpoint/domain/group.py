"""A group of States that work together (Article 48): who was asked, who takes part, which list of members each holds.

Nothing here is stored: a group is computed from the cases of one operation. The State that began it (the lead) has a case with each
other; each decides for itself there, and its decision moves no other case. The list of members stands in the lead's half of each
case, numbered; a message of the group is one letter to each State that takes part now.

No type is named: a type forms a group when one of its answers has the consequence `members`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from contactpoint.domain.catalogue.model import Answer, Catalogue, Entry
from contactpoint.domain.catalogue.words import Consequence, Stage
from contactpoint.domain.errors import MoveError
from contactpoint.domain.request import Request, Step
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, AddressError, Side, parse_address

NUMBER, MEMBERS = "number", "members"
"""The fields of a list of members: its number, from 1 and increasing, and the States."""


class Standing(StrEnum):
    """Where a State stands in a group: by its own decision, or by the lead's withdrawal."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LEFT = "left"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Roster:
    """A list of members as the lead signed it. The lead itself stands in it."""

    number: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One State that the lead asked, by the request in their case; `roster` is the newest list that was signed to it."""

    state: Address
    case: str
    request: str
    standing: Standing
    since: datetime
    roster: Roster | None


@dataclass(frozen=True, slots=True)
class Group:
    """As one desk sees it: the lead's sees every member, a member's sees itself and the list that it was given."""

    lead: Address
    kind: str
    members: tuple[Member, ...]

    @property
    def current(self) -> tuple[Member, ...]:
        """Those that take part now."""
        return tuple(each for each in self.members if each.standing is Standing.ACCEPTED)

    @property
    def roster(self) -> Roster | None:
        """The newest list that anybody was given."""
        lists = (each.roster for each in self.members if each.roster is not None)
        return max(lists, key=lambda each: each.number, default=None)

    @property
    def stale(self) -> bool:
        """Whether somebody who takes part holds another list than the true one."""
        due = self.names
        return any(each.roster is None or each.roster.members != due for each in self.current)

    @property
    def names(self) -> tuple[str, ...]:
        """What the next list says: the lead, then whoever takes part."""
        return (str(self.lead), *sorted(str(each.state) for each in self.current))

    def next_list(self) -> dict[str, Any]:
        """The fields of the next list: the same for each member, its number above every number that was ever given."""
        last = self.roster
        return {NUMBER: 1 if last is None else last.number + 1, MEMBERS: list(self.names)}

    def told(self, states: Iterable[str] = ()) -> tuple[Member, ...]:
        """Who gets a message: all that take part, or those named. Raises MoveError (E-NOT-MEMBER) for any other."""
        current = {str(each.state): each for each in self.current}
        named = tuple(dict.fromkeys(states)) or tuple(current)
        for state in named:
            # Who has left must not go on listening, whoever asks for it.
            if state not in current:
                raise MoveError("E-NOT-MEMBER", field=state)
        return tuple(current[state] for state in named)


def forms_group(entry: Entry) -> bool:
    """Whether requests of this type form a group."""
    return list_answer(entry) is not None


def list_answer(entry: Entry) -> Answer | None:
    """The answer that carries the list of members, where a type has one."""
    return next((answer for answer in entry.answers if answer.consequence is Consequence.MEMBERS), None)


def gather(requests: Iterable[tuple[str, Request, Iterable[Statement]]], catalogue: Catalogue) -> Group | None:
    """The group that these requests of one operation form, or None. Each comes with its case's id and its sender's statements.

    Where several States began one, the group is that of the first request as they are given, the oldest here first: who dates a proposal
    back takes no lead. A State that was asked twice stands by its latest one.
    """
    asked = [row for row in requests if forms_group(catalogue[row[1].kind])]
    if not asked:
        return None
    lead, kind = asked[0][1].sender, asked[0][1].kind
    found: dict[Address, Member] = {}
    for case, request, statements in sorted(asked, key=lambda row: row[1].at):
        if (request.sender, request.kind) == (lead, kind):
            found[request.recipient] = _member(case, request, statements, catalogue[kind])
    return Group(lead, kind, tuple(sorted(found.values(), key=lambda each: each.state)))


def _member(case: str, request: Request, statements: Iterable[Statement], entry: Entry) -> Member:
    word = _last(request.steps)
    since = request.at if word is None else word.at
    return Member(request.recipient, case, request.id, standing(request), since, _roster(request, statements, entry))


def standing(request: Request) -> Standing:
    """Where the State that was asked stands. Its own end of the matter goes before a withdrawal that crossed it."""
    took_part = any(
        step.side is Side.ADDRESSEE and step.word and step.status.stage in (Stage.WORKING, Stage.PARTIAL)
        for step in request.steps
    )
    if not request.status.final:
        return Standing.ACCEPTED if took_part else Standing.INVITED
    own_end = any(step.side is Side.ADDRESSEE and step.word and step.status.final for step in request.steps)
    if not own_end:
        return Standing.REMOVED
    return Standing.LEFT if took_part else Standing.DECLINED


def _last(steps: Iterable[Step]) -> Step | None:
    return max((step for step in steps if step.word), key=lambda step: step.at, default=None)


def _roster(request: Request, statements: Iterable[Statement], entry: Entry) -> Roster | None:
    answer = list_answer(entry)
    found = None
    for statement in statements:
        if answer is not None and statement.kind == answer.code and statement.re == request.digest:
            said = read_roster(statement.body)
            if said is not None and (found is None or said.number > found.number):
                found = said
    return found


def read_roster(body: Mapping[str, Any]) -> Roster | None:
    """The list in a letter, or None where the letter holds none. What is no address of a State is no member, each is one once."""
    number, members = body.get(NUMBER), body.get(MEMBERS)
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(members, list | tuple):
        return None
    return Roster(number, tuple(dict.fromkeys(each for each in members if isinstance(each, str) and _is_address(each))))


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def check_roster(body: Mapping[str, Any], last: int) -> int:
    """The number of a list that follows the list `last` (0 for none). Raises MoveError (E-FIELD-INVALID, E-ROSTER-OLD).

    A list that is not newer would bring back, on paper, a State that has left: rolled back, it is no list.
    """
    said = read_roster(body)
    if said is None:
        raise MoveError("E-FIELD-INVALID", field=MEMBERS)
    if said.number <= last:
        raise MoveError("E-ROSTER-OLD", field=NUMBER)
    return said.number


def message_answer(entry: Entry) -> Answer | None:
    """The answer that is a message to the group, where a type has one."""
    return next((answer for answer in entry.answers if answer.consequence is Consequence.MESSAGE), None)
