"""Judge the members of a bundle from the ground up: register, letters, receipts, the case, its clocks.

Each step uses only what the steps before it have proved. Nothing is taken from the exporter's word but who exported, and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contactpoint.desk.proof.ends import judge_terms
from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.letters import BundledLetter, judge_letter, parties_of, read_letters
from contactpoint.desk.proof.names import STAMPS
from contactpoint.desk.proof.register import CourtRegister, check_complete, read_register
from contactpoint.desk.proof.reviews import ProvedReview, judge_reviews, lacking_checks
from contactpoint.desk.proof.slips import ProvedSlip, judge_slips, of_letter, witnessed
from contactpoint.desk.proof.times import Reached, judge_levels, judge_twins, levels_of
from contactpoint.domain.case import Case, Request, fold
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.errors import DomainError
from contactpoint.domain.values import spell_instant
from contactpoint.wire.envelope import MOST_AHEAD
from contactpoint.wire.slip import SlipLevel


@dataclass(frozen=True, slots=True)
class ProvedRequest:
    """A request of the case with the letter that made it and its levels."""

    request: Request
    letter: BundledLetter
    levels: tuple[Reached, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence says by itself. ``case`` is None where no case can be made of it; then there are problems."""

    case_id: str
    register: CourtRegister
    letters: tuple[BundledLetter, ...]
    slips: tuple[ProvedSlip, ...]
    witnessed: Mapping[str, datetime | None]
    case: Case | None
    requests: tuple[ProvedRequest, ...]
    stamps: int
    reviews: tuple[ProvedReview, ...] = ()


def judge(members: Mapping[str, bytes], case_id: str, until: datetime, findings: Findings) -> Judgement:
    """Judge everything but the exporter's own two files. ``until``: how far the exporter says that it looked.

    Raises NotJudgeableError where there is no register to go by.
    """
    register = read_register(members, findings)
    letters = read_letters(members, register.net, findings)
    check_complete(register, parties_of(letters), findings)
    slips = judge_slips(members, letters, register, findings)
    seen = {letter.statement.id: witnessed(slips, letter) for letter in letters}
    for letter in letters:
        judge_letter(letter, case_id, register, seen[letter.statement.id], findings)
        _judge_receipts(letter, slips, seen[letter.statement.id], findings)
        judge_dates(letter, slips, findings)
    case = _fold(letters, case_id, findings)
    requests = _requests(case, letters, slips, register, until, findings)
    reviews = judge_reviews(members, letters, register, findings)
    lacking_checks([(each.request, each.letter) for each in requests], letters, reviews, findings)
    stamps = sum(name.startswith(STAMPS) for name in members)
    _judge_ends(letters, slips, register, stamps, findings)
    return Judgement(case_id, register, letters, slips, seen, case, requests, stamps, reviews)


def _judge_receipts(
    letter: BundledLetter, slips: tuple[ProvedSlip, ...], seen: datetime | None, findings: Findings
) -> None:
    """Every letter earns *held* and *received*; one that is not there is named."""
    to = letter.statement.recipient
    if not of_letter(slips, letter, SlipLevel.HELD):
        findings.lacks(f"a held receipt for {letter.title}, by the gateway of {to}")
    if not of_letter(slips, letter, SlipLevel.RECEIVED):
        findings.lacks(f"a received slip for {letter.title}, by the station of {to}")
    if seen is None:
        findings.lacks(f"a witness of another State for {letter.title}: its date is its author's word alone")
    for item in letter.statement.attachments:
        findings.lacks(f"the attachment with SHA-256 {item.sha256.hex()} of {letter.title}: only its digest is here")


def judge_dates(letter: BundledLetter, slips: tuple[ProvedSlip, ...], findings: Findings) -> None:
    """No gateway takes a letter that has expired: one that says so helps a thief to use a key that ended long ago."""
    statement, held = letter.statement, of_letter(slips, letter, SlipLevel.HELD)
    if not held:
        return
    if held[0].slip.at >= statement.expires:
        findings.problem(f"{letter.title} was held only after it had expired")
    if statement.at > held[0].slip.at + MOST_AHEAD:
        findings.lacks(f"a date of {letter.title} on which both States agree: its author's is later than its receipt")


def _fold(letters: tuple[BundledLetter, ...], case_id: str, findings: Findings) -> Case | None:
    opening = next((letter.statement for letter in letters if letter.statement.id == case_id), None)
    if opening is None:
        findings.problem(f"the statement that opens case {case_id} is not in the bundle")
        return None
    own = [letter.statement for letter in letters if letter.statement.case == case_id]
    try:
        case = fold(own, load_catalogue(opening.cat))
    except DomainError as error:
        findings.problem(f"the statements make no case: {error.code}")
        return None
    titles = {letter.statement.digest: letter.title for letter in letters}
    for refused in case.rejected:
        findings.problem(f"{titles[refused.statement.digest]} is no legal move where it stands: {refused.code}")
    for waiting in case.waiting:
        findings.lacks(f"a statement on which {titles[waiting.digest]} builds: the chain is broken before it")
    return case


def _requests(
    case: Case | None,
    letters: tuple[BundledLetter, ...],
    slips: tuple[ProvedSlip, ...],
    register: CourtRegister,
    until: datetime,
    findings: Findings,
) -> tuple[ProvedRequest, ...]:
    if case is None:
        return ()
    by_digest = {letter.statement.digest: letter for letter in letters}
    proved = []
    for request in case.requests.values():
        letter = by_digest[request.digest]
        try:
            levels = levels_of(request, letter, slips, register)
            judge_twins(request, letter, slips, register, findings)
            judge_terms(case, request, letter, slips, register, until, findings)
        except (DomainError, OverflowError) as error:
            findings.problem(f"the deadlines of {letter.title} cannot be computed: {type(error).__name__}")
            continue
        judge_levels(levels, letter, slips, until, findings)
        proved.append(ProvedRequest(request, letter, levels))
    return tuple(sorted(proved, key=lambda each: (each.request.at, each.request.id)))


def _judge_ends(
    letters: tuple[BundledLetter, ...],
    slips: tuple[ProvedSlip, ...],
    register: CourtRegister,
    stamps: int,
    findings: Findings,
) -> None:
    """What no bundle can prove from within, said each time."""
    known = max((each.slip.dir_size for each in slips), default=0)
    if known > register.checkpoint.size:
        findings.lacks(
            f"a newer register: this one has {register.checkpoint.size} entries, and who signed the receipts knew {known}"
        )
    last = max((letter.statement.at for letter in letters), default=None)
    if last is not None and register.checkpoint.at < last:
        findings.lacks(
            f"a checkpoint of the register after the last statement: this one is of {spell_instant(register.checkpoint.at)}, "
            "and a revocation since then would not show"
        )
    if not stamps:
        findings.lacks("an RFC 3161 time stamp: times rest on the clocks of the two States alone")
    else:
        findings.lacks(f"a judgement of the {stamps} RFC 3161 time stamps: check them with their authority")
    if register.genesis.quorum:
        findings.lacks("a check of the witnesses' signatures on the checkpoint: the register's own were checked")
