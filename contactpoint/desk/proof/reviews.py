"""The rights checks of a bundle: what a second person of the exporting State signed about its own letters before they left.

They never travel, so a bundle has those of one State at most. Each stands on that officer's certificate; its time is that State's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.letters import BundledLetter
from contactpoint.desk.proof.names import REVIEWS
from contactpoint.desk.proof.register import CourtRegister
from contactpoint.domain.case import Request
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.rights import Finding, check_needed, right_for
from contactpoint.wire.errors import SealError, WireError
from contactpoint.wire.review import REVIEW_TYPE, Review, decode_review
from keys.certificate import Role, read_officer
from keys.errors import KeysError
from keys.signed import Signed, parse, verify


@dataclass(frozen=True, slots=True)
class ProvedReview:
    """One check whose signature holds. ``letter`` is None where the letter never left, or is not in the bundle."""

    review: Review
    letter: BundledLetter | None

    @property
    def title(self) -> str:
        of = "a letter that is not here" if self.letter is None else self.letter.title
        return f"rights check of {of} by officer {self.review.by} of {self.review.state}"


def judge_reviews(
    members: Mapping[str, bytes], letters: Sequence[BundledLetter], register: CourtRegister, findings: Findings
) -> tuple[ProvedReview, ...]:
    """The checks that hold, in the order of their times. What does not hold is a problem."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, data in members.items():
        if name.startswith(REVIEWS):
            _, folder, part = name.split("/")
            folders.setdefault(folder, {})[part] = data
    proved = []
    for folder in sorted(folders):
        try:
            proved.append(_judge(folder, folders[folder], letters, register))
        except (WireError, KeysError) as error:
            findings.problem(f"rights check {folder[:16]} does not hold: {error}")
    return tuple(sorted(proved, key=lambda each: (each.review.at, each.review.statement)))


def _judge(
    folder: str, parts: Mapping[str, bytes], letters: Sequence[BundledLetter], register: CourtRegister
) -> ProvedReview:
    signed = parse(parts.get("record", b""), REVIEW_TYPE)
    if signed.digest.hex() != folder:
        raise SealError("its folder bears the name of another record")
    review = decode_review(signed.content, register.net)
    certificates = [parts[name] for name in sorted(parts) if name.startswith("certificate-")]
    _judge_signer(review, signed, certificates, register)
    letter = next((each for each in letters if each.statement.digest == review.statement), None)
    if letter is not None:
        _judge_place(review, letter)
    return ProvedReview(review, letter)


def _judge_signer(review: Review, signed: Signed, certificates: Sequence[bytes], register: CourtRegister) -> None:
    issuers = register.keys_of(review.state, Role.ISSUER, review.at, review.at)
    papers = [read_officer(data, issuers, register.net, review.at) for data in certificates]
    paper = next((each for each in papers if (each.state, each.number) == (review.state, review.by)), None)
    if paper is None:
        raise SealError(f"no certificate of {review.state} for {review.by}")
    if right_for(review.reason) not in paper.rights:
        raise SealError(f"{review.by} had not the right to check it")
    if register.ended(review.state, paper.key.public.id, review.at):
        raise SealError(f"{review.state} had revoked the key of officer {review.by} before")
    verify(signed, [paper.key.public], register.net)


def _judge_place(review: Review, letter: BundledLetter) -> None:
    statement = letter.statement
    if str(statement.sender) != review.state:
        raise SealError(f"it is of {review.state}, and the letter of {statement.sender}")
    if statement.by == review.by:
        raise SealError("the author of the letter checked it")
    if review.finding is Finding.STOP:
        raise SealError("it stopped the letter, and the letter left all the same")
    sealed = [envelope.core.at for envelope in letter.envelopes]
    if sealed and min(sealed) < review.at:
        raise SealError("it was recorded only after the letter had been sealed")


def lacking_checks(
    requests: Sequence[tuple[Request, BundledLetter]],
    letters: Sequence[BundledLetter],
    proved: Sequence[ProvedReview],
    findings: Findings,
) -> None:
    """Name each letter that stands under a check by its own words, and has none here: it may rest with the State that wrote it."""
    checked = {each.review.statement for each in proved}
    by_digest = {letter.statement.digest: letter for letter in letters}
    for request, letter in requests:
        for digest in _checked_letters(request, letter):
            if digest not in checked and digest in by_digest:
                wanted = by_digest[digest]
                findings.lacks(f"the rights check of {wanted.title}: it rests with {wanted.statement.sender}")


def _checked_letters(request: Request, letter: BundledLetter) -> Iterator[bytes]:
    try:
        catalogue = load_catalogue(letter.statement.cat)
        entry = catalogue[request.kind]
    except CatalogueError:
        return
    if check_needed(entry, letter.statement.body, catalogue.offences, flagged=False) is None:
        return
    yield request.digest
    for step in request.steps:
        answer = entry.offered(step.kind)
        if answer is not None and answer.executes:
            yield step.digest


def finding_words(review: Review) -> str:
    """The finding as a sentence of the summary."""
    words = {
        Finding.NONE: "no concern under Article 40(22)",
        Finding.NOTE: "proportionate, with a note",
        Finding.STOP: "stopped",
    }
    return f"{words[review.finding]}; because of: {review.reason.value}"
