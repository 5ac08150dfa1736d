"""`summary.txt`: the evidence for a reader, in plain English. Computed from the evidence alone, so that a false one shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk.proof.casefile import Export
from contactpoint.desk.proof.ends import ended
from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.judge import Judgement, ProvedRequest
from contactpoint.desk.proof.letters import BundledLetter
from contactpoint.desk.proof.reviews import finding_words
from contactpoint.desk.proof.times import Reached
from contactpoint.domain.catalogue import load as load_catalogue
from contactpoint.domain.errors import CatalogueError
from contactpoint.domain.labels import Label, labels_of
from contactpoint.domain.preservation import Preservation
from contactpoint.domain.values import spell_instant
from contactpoint.wire.state import head, state_digest

_DEPTH = 8


def summary(judgement: Judgement, export: Export, findings: Findings) -> bytes:
    """The one spelling of `summary.txt` for this evidence."""
    parts = (
        _head(judgement, export),
        *(_request(judgement, each) for each in judgement.requests),
        _statements(judgement),
        _receipts(judgement),
        *([_reviews(judgement)] if judgement.reviews else []),
        _missing(findings),
        _foot(judgement),
    )
    lines = [line for part in parts for line in (*part, "")]
    return ("\n".join(map(plain, lines)).rstrip() + "\n").encode("utf-8")


def plain(text: str) -> str:
    """Text of another State on one line: nothing that moves a cursor, hides or turns the reading direction."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _head(judgement: Judgement, export: Export) -> Iterator[str]:
    register = judgement.register
    yield f"EVIDENCE OF CASE {export.case}"
    yield ""
    if judgement.case is not None:
        for role, state in (("asked by", judgement.case.initiator), ("asked of", judgement.case.addressee)):
            yield f"{role:<10}{state} ({register.name(str(state))})"
    yield f"{'network':<10}{register.genesis.name} ({register.genesis.purpose.value})"
    yield f"{'register':<10}{register.genesis.digest.hex()}"
    if judgement.case is not None:
        zones = [f"{state} {register.calendar(str(state), export.at).zone}" for state in judgement.case.halves]
        yield f"{'zones':<10}{', '.join(sorted(zones))}"
    yield f"{'exported':<10}by {export.state} at {_at(export.at)}; who and when is the exporter's word"
    yield ""
    yield "All times are UTC. `contactpoint verify` computes this page again from the signed members and compares it."


def _at(at: datetime | None) -> str:
    return "-" if at is None else spell_instant(at).replace("T", " ")


def _long(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "less than a second"


def _title(letter: BundledLetter) -> str:
    try:
        entry = load_catalogue(letter.statement.cat)[letter.statement.kind]
    except CatalogueError:
        return letter.statement.kind
    return f"{entry.title} (Article {entry.article.removeprefix('Article ')})"


def _request(judgement: Judgement, proved: ProvedRequest) -> Iterator[str]:
    request = proved.request
    yield f"REQUEST {proved.letter.title}"
    yield f"  {_title(proved.letter)}"
    yield f"  {request.sender} asks {request.recipient}, class {request.urgency.value}, under policy {request.pol}"
    yield f"  now: {request.status.code}" + (", withdrawn" if request.withdrawn else "")
    yield "  what was asked:"
    yield from _tree(proved.letter.statement.body, "    ")
    yield "  how far it came:"
    yield f"    {'written':<14}{_at(request.at)}  by {request.sender}, its own clock"
    for reached in proved.levels:
        yield f"    {reached.level.value:<14}{_reached(reached)}{_other_side(judgement, request.sender, reached)}"
    if request.preservation is not None:
        yield from _preservation(request.preservation)
    for each in ended(request, proved.letter, judgement.slips):
        yield f"  {each.words}"


def _reached(reached: Reached) -> str:
    due = "" if reached.due is None else f", due {_at(reached.due)}"
    if reached.at is None:
        return f"not proved{due}"
    late = reached.late
    how = "" if reached.due is None else (", in time" if late is None else f", {_long(late)} late")
    return f"{_at(reached.at)}  by {reached.by}{due}{how}"


def _other_side(judgement: Judgement, asking: str, reached: Reached) -> str:
    """When the asking State is proved to have had the letter that reached this level; a slip has no such time."""
    if reached.digest is None:
        return ""
    letter = next(each for each in judgement.letters if each.statement.digest == reached.digest)
    known = judgement.witnessed[letter.statement.id]
    return "" if known is None else f"; with {asking} at {_at(known)}"


def _preservation(kept: Preservation) -> Iterator[str]:
    yield "  preservation (Article 42):"
    yield f"    preserved from  {_at(kept.preserved_from)}"
    yield f"    to be kept      until {_at(kept.earliest_expiry)} at least, the 60 days of Article 42(8)"
    yield f"    kept until      {_at(kept.until)}"
    for extension in kept.extensions:
        yield f"    extended        from {_at(extension.old)} to {_at(extension.new)}, said {_at(extension.at)}"
    if kept.reference:
        yield f"    reference       {kept.reference}"


def _tree(value: Any, indent: str, depth: int = 0) -> Iterator[str]:
    """A body as indented lines; deeper than any form of the catalogue it is only said that there is more."""
    if depth > _DEPTH:
        yield f"{indent}..."
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield from _branch(name, value[name], indent, depth)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            yield from _branch("-", item, indent, depth)
    else:
        yield f"{indent}{_leaf(value)}"


def _branch(name: str, value: Any, indent: str, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str | bytes)):
        yield f"{indent}{name}:" if name != "-" else f"{indent}-"
        yield from _tree(value, indent + "  ", depth + 1)
    else:
        yield f"{indent}- {_leaf(value)}" if name == "-" else f"{indent}{name}: {_leaf(value)}"


def _leaf(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.hex() if isinstance(value, bytes) else str(value)


def _statements(judgement: Judgement) -> Iterator[str]:
    yield "WHAT EACH STATE SIGNED"
    requests = {each.letter.statement.digest for each in judgement.requests}
    for letter in judgement.letters:
        statement = letter.statement
        yield f"  {_at(statement.at)}  {statement.sender} to {statement.recipient}: {letter.title}"
        yield f"    signed by {_signers(letter)}; written in {statement.lang}"
        yield f"    another State had it at {_at(judgement.witnessed[statement.id])}"
        yield f"    statement {statement.digest.hex()}"
        for label in labels_of(statement.body):
            yield f"    under {_condition(label)}"
        if statement.digest not in requests:
            yield from _tree(statement.body, "    ")
        for item in statement.attachments:
            yield f"    attachment {item.name}, {item.size} bytes, SHA-256 {item.sha256.hex()}"


def _condition(label: Label) -> str:
    beside = [label.until.isoformat()] if label.until else list(label.states)
    return (
        label.code
        + (f"({', '.join(beside)})" if beside else "")
        + (f": {label.text.replace(chr(10), '; ')}" if label.text else "")
    )


def _signers(letter: BundledLetter) -> str:
    statement = letter.statement
    if not statement.by:
        return f"the station of {statement.sender}, for want of an officer's key"
    return f"officer {statement.by}" + (f" and officer {statement.approver}" if statement.approver else "")


def _receipts(judgement: Judgement) -> Iterator[str]:
    yield "RECEIPTS AND SLIPS"
    for each in judgement.slips:
        slip = each.slip
        details = [f"for {each.letter.title}"]
        details += [f"due {_at(slip.due)}"] if slip.due else []
        details += [f"role {slip.role}, cycle {(slip.cycle or 0) + 1}"] if slip.role else []
        details += [f"code {slip.code}"] if slip.code else []
        details += ["clock unproven"] if slip.skew_ms is None else [f"clock off by {slip.skew_ms} ms at most"]
        yield f"  {_at(slip.at)}  {slip.level.value} {', '.join(details)}; {each.role.value} of {slip.sender}"


def _reviews(judgement: Judgement) -> Iterator[str]:
    yield "RIGHTS CHECKS (Articles 6, 24, 40(22)); their times are the exporting State's word"
    for each in judgement.reviews:
        yield f"  {_at(each.review.at)}  {each.title}: {finding_words(each.review)}"
        yield f"    {each.review.text}"
        yield from _tree(each.review.fields, "    ")


def _missing(findings: Findings) -> Iterable[str]:
    yield "WHAT IS MISSING"
    for text in findings.missing or ["nothing"]:
        yield f"  {text}"


def _foot(judgement: Judgement) -> Iterator[str]:
    yield "THE STATE OF THE CASE"
    case = judgement.case
    if case is not None:
        for state in (case.initiator, case.addressee):
            digest = head(case, state)
            yield f"  last statement of {state:<8} {'-' if digest is None else digest.hex()}"
        yield f"  state digest              {state_digest(case).hex()}"
        yield "  Both States can show this digest; the same digest is the same case."
