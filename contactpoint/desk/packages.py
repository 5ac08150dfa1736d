"""What another State gave, on its way to a third: resolved from the letter that brought it, never from what an officer typed.

An officer names a letter (its case, its id). Its content, its origin, its digest and all its labels are copied from the signed original
that rests here, so no label can be left off on the way. Then the origin's consent is looked for, in its own signed letters to this desk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.desk.errors import DraftError, NotPermittedError
from contactpoint.domain.catalogue.model import Catalogue
from contactpoint.domain.catalogue.words import Consequence
from contactpoint.domain.codes import look_up
from contactpoint.domain.errors import MoveError
from contactpoint.domain.labels import labels_of, lets_onward
from contactpoint.domain.onward import (
    LEAST_PASSAGE,
    PACKAGES,
    Consent,
    Package,
    given_in,
    hand_on,
    joined,
    passage,
    read_packages,
    texts_in,
)
from contactpoint.domain.request import Request
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address
from contactpoint.store.rows_cases import statement_by_id
from contactpoint.store.rows_onward import case_of_request, cases_where_asked, heard_in, kin_of

THIRD_PARTY, UNTIL = "third_party", "until"
"""The fields of a request for consent (and of the answer) that name the third State and the last day."""


async def carried(
    cw: Casework, body: Mapping[str, Any], recipient: str, case: str | None, thread: str, parent: str, now: datetime
) -> Mapping[str, Any]:
    """The body as it may leave for ``recipient``: each package that it names filled in from its signed original.

    ``case``: where the letter will stand, if that is there; ``thread``: the operation it joins; ``parent``: the request of another case
    that it came from. Raises DraftError (E-PACKAGE, E-CONDITIONS), NotPermittedError (E-ONWARD, E-RETAINED).
    """

    async def work(tx: AsyncConnection) -> Mapping[str, Any]:
        rows = body.get(PACKAGES)
        packages, sources = await _resolve(tx, cw, rows if isinstance(rows, list | tuple) else []) if rows else ((), ())
        leaving = [await _let_go(tx, cw, package, recipient, now) for package in packages]
        rest = {name: value for name, value in body.items() if name != PACKAGES}
        await _refuse_pasted(tx, cw, rest, recipient, {case or "", *sources} - {""}, thread, parent, now)
        if not leaving:
            return rest if PACKAGES in body else body
        # Its origin has the original: a question about it names it, and carries nothing back.
        spelled = [package.spelled(with_content=package.origin != recipient) for package in leaving]
        return {**rest, PACKAGES: spelled}

    if PACKAGES not in body and not _long(body):
        return body
    return await cw.db.read(work)


async def refuse_held_back(cw: Casework, statement: Statement, now: datetime) -> None:
    """Raise NotPermittedError (E-ONWARD, E-RETAINED) when what a waiting letter hands on may leave no longer.

    Stops: a consent that ends while a second officer is awaited.
    """
    packages = read_packages(statement.body[PACKAGES]) if PACKAGES in statement.body else ()

    async def work(tx: AsyncConnection) -> None:
        for package in packages:
            await _let_go(tx, cw, await _original(tx, cw, package), statement.recipient, now)

    if packages:
        await cw.db.read(work)


def _long(body: Mapping[str, Any]) -> list[str]:
    return [text for text in texts_in(body) if len(text) >= LEAST_PASSAGE]


async def _resolve(
    tx: AsyncConnection, cw: Casework, rows: Sequence[Any]
) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """Every package that these rows name, those inside the letters too, and the cases they came in."""
    found: dict[tuple[str, str], Package] = {}
    cases = []
    for number, row in enumerate(rows):
        case, letter = await _letter(tx, cw, row, f"{PACKAGES}[{number}]")
        cases.append(case.id)
        for package in given_in(letter):
            whole = await _original(tx, cw, package)
            known = found.get((package.origin, package.digest))
            found[package.origin, package.digest] = joined(whole, known) if known else whole
    return tuple(found.values()), tuple(cases)


async def _original(tx: AsyncConnection, cw: Casework, package: Package) -> Package:
    """The package as its origin signed it, where that letter rests here too. Stops: a label stripped by whoever handed it on.

    What the copy asks besides is kept: its way here may have added conditions.
    """
    if package.proved:
        return package
    for known in await statement_by_id(tx, package.letter):
        if known.sender == package.origin and bytes(known.digest).hex() == package.digest:
            _, letter = await _opened(tx, cw, known)
            if letter is not None:
                return joined(given_in(letter)[0], package)
    return package


async def _opened(tx: AsyncConnection, cw: Casework, row: Row[Any]) -> tuple[OpenCase | None, Statement | None]:
    """The letter of a row as it stands in its case, or None. Raises NotPermittedError while it is closed to this desk."""
    case = await load_case(tx, cw, row.case_id)
    letters = () if case is None else case.case.halves.get(Address(row.sender), ())
    letter = next((each for each in letters if each.digest == bytes(row.digest)), None)
    if case is not None and letter is not None and case.case.closed_to(cw.state, letter):
        raise NotPermittedError("E-CONDITIONS", f"{letter.id} is not open here", look_up("E-CONDITIONS").action)
    return case, letter


async def _letter(tx: AsyncConnection, cw: Casework, row: Any, place: str) -> tuple[OpenCase, Statement]:
    """The letter of another State that a row names, opened here. A digest, where it is given, must be that letter's."""
    named = {"letter": row} if isinstance(row, str) else row if isinstance(row, Mapping) else {}
    identity, digest = str(named.get("letter") or ""), str(named.get("digest") or "").lower()
    for known in await statement_by_id(tx, identity):
        if known.sender == cw.state or named.get("case") not in (None, "", known.case_id):
            continue
        if digest and bytes(known.digest).hex() != digest:
            continue
        case, letter = await _opened(tx, cw, known)
        if case is not None and letter is not None:
            return case, letter
    row_of_code = look_up("E-PACKAGE")
    raise DraftError("E-PACKAGE", f"{place}: {row_of_code.text}", row_of_code.action)


async def _let_go(tx: AsyncConnection, cw: Casework, package: Package, recipient: str, now: datetime) -> Package:
    # What we gave ourselves, and got back inside another State's letter, is ours to give.
    if package.origin == cw.state and package.proved:
        return package
    try:
        return hand_on(package, recipient, await _consents(tx, cw, package.origin), now)
    except MoveError as error:
        raise _refusal(error.code, f"{package.letter} of {package.origin} may not go to {recipient}") from error


def _refusal(code: str, text: str) -> NotPermittedError:
    return NotPermittedError(code, text, look_up(code).action)


async def _consents(tx: AsyncConnection, cw: Casework, origin: str) -> list[Consent]:
    """What this State has allowed, in its own cases with this desk and nowhere else: nobody can consent for another."""
    kinds = [entry.code for entry in cw.catalogue.entries.values() if _grants(cw.catalogue, entry.code)]
    found = []
    for case_id in await cases_where_asked(tx, origin, kinds):
        case = await load_case(tx, cw, case_id)
        if case is not None:
            found += [
                consent
                for request in case.case.requests.values()
                if (consent := _consent(case, request, cw, origin)) is not None
            ]
    return found


def _grants(catalogue: Catalogue, kind: str) -> bool:
    return any(answer.consequence is Consequence.GRANTS for answer in catalogue[kind].answers)


def _consent(case: OpenCase, request: Request, cw: Casework, origin: str) -> Consent | None:
    """The consent that stands now on a request: its last decision, unless that one grants nothing, or it was taken back."""
    answer = request.answer
    if answer is None or request.sender != cw.state or request.recipient != origin or answer.sender != origin:
        return None
    if request.withdrawn or request.recalled:
        return None
    if cw.catalogue[request.kind].answer(answer.kind).consequence is not Consequence.GRANTS:
        return None
    asked = next((each for each in case.case.halves[request.sender] if each.digest == request.digest), None)
    if asked is None:
        return None
    digests = frozenset(package.digest for package in read_packages(asked.body.get(PACKAGES)))
    ends = [end for body in (asked.body, answer.body) if (end := _day(body.get(UNTIL))) is not None]
    to = str(asked.body.get(THIRD_PARTY) or "")
    return Consent(origin, digests, to, min(ends, default=None), labels_of(answer.body))


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        # An end that cannot be read has come: a consent is never longer than its giver wrote it.
        return date.min


async def _refuse_pasted(
    tx: AsyncConnection,
    cw: Casework,
    body: Mapping[str, Any],
    recipient: str,
    cases: set[str],
    thread: str,
    parent: str,
    now: datetime,
) -> None:
    """Stops *onward by paste*: a long passage of what another State gave, in the free text of a letter to a third one."""
    texts = _long(body)
    if not texts:
        return
    near = cases | ({await case_of_request(tx, parent)} if parent else set()) - {""}
    kin = await kin_of(tx, near, thread)
    for case_id in await heard_in(tx, kin, (cw.state, recipient)):
        case = await load_case(tx, cw, case_id)
        if case is None:
            continue
        for letter in _heard(case, cw.state):
            for package in given_in(letter):
                found = passage(texts, texts_in(package.content), ())
                if not found or await _is_free(tx, cw, package, recipient, now):
                    continue
                ours = [text async for text in _written_before(tx, cw, kin, case, letter)]
                if passage(texts, texts_in(package.content), ours):
                    raise _refusal("E-ONWARD", f"the text repeats what {package.origin} gave: {found[:60]}...")


def _heard(case: OpenCase, own: str) -> Iterable[Statement]:
    return (letter for party, half in case.case.halves.items() if party != own for letter in half)


async def _written_before(
    tx: AsyncConnection, cw: Casework, kin: Iterable[str], case: OpenCase, letter: Statement
) -> AsyncIterator[str]:
    """The texts of our own letters that were here before this one came: what it repeats of them it quotes.

    What we wrote later proves nothing: to send a passage back to its giver first would otherwise make it ours.
    """
    came = case.rows[letter.digest].kept_at
    for case_id in sorted(kin):
        each = await load_case(tx, cw, case_id)
        for own in () if each is None else each.case.halves.get(Address(cw.state), ()):
            if each is not None and each.rows[own.digest].kept_at < came:
                for text in texts_in(own.body):
                    yield text


async def _is_free(tx: AsyncConnection, cw: Casework, package: Package, recipient: str, now: datetime) -> bool:
    if package.origin in (cw.state, recipient) or (package.proved and lets_onward(package.labels, recipient)):
        return True
    return any(each.reaches(package, recipient, now) for each in await _consents(tx, cw, package.origin))
