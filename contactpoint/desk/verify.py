"""Judge a bundle of evidence: what it proves, relative to which register, and what is missing. Pure: bytes in, a report out.

What it does not do: ask anybody. A bundle whose register was invented proves what that register says, and nothing about ours;
only its digest, compared with the published one, tells the two apart, and the first line says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from contactpoint.desk.bundle import BundleError, read_bundle
from contactpoint.desk.proof.casefile import CaseFileError, case_file, read_case_file
from contactpoint.desk.proof.ends import ended
from contactpoint.desk.proof.findings import Findings, NotJudgeableError
from contactpoint.desk.proof.judge import Judgement, ProvedRequest, judge
from contactpoint.desk.proof.names import CASE, SUMMARY, is_known
from contactpoint.desk.proof.reviews import finding_words
from contactpoint.desk.proof.summary import plain, summary
from contactpoint.desk.results import VerifyReport
from contactpoint.domain.values import spell_instant
from contactpoint.wire.state import state_digest
from directory.documents import Purpose


def verify(bundle: bytes, genesis: bytes | None) -> VerifyReport:
    """What these bytes prove. ``genesis``: SHA-256 of the register's genesis as published, or None to be told which it is.

    Never raises for what stands in the bundle: whatever is wrong is a problem of the report.
    """
    findings = Findings()
    try:
        members = read_bundle(bundle)
        export = read_case_file(members.get(CASE, b""))
        for name in [name for name in members if not is_known(name)]:
            findings.problem(f"{name} has no place in a bundle, and is proved by nothing")
            del members[name]
        judgement = judge(members, export.case, export.at, findings)
    except (BundleError, CaseFileError, NotJudgeableError) as error:
        return _refused(str(error), genesis)
    if case_file(judgement, export) != members[CASE]:
        findings.problem("case.json does not say what the evidence says")
    if summary(judgement, export, findings) != members.get(SUMMARY, b""):
        findings.problem("summary.txt does not say what the evidence says")
    found = judgement.register.genesis.digest
    if genesis is not None and genesis != found:
        findings.problem(f"the bundle is of another register, {found.hex()}, than the one that you gave")
    return _report(judgement, members, findings, genesis)


def _refused(text: str, genesis: bytes | None) -> VerifyReport:
    lines = (f"not verified: {plain(text)}",)
    return VerifyReport(False, "", genesis is not None, "", lines, (plain(text),), ())


def _report(
    judgement: Judgement, members: Mapping[str, bytes], findings: Findings, genesis: bytes | None
) -> VerifyReport:
    digest = judgement.register.genesis.digest.hex()
    verified = not findings.problems
    lines = [_first_line(verified, digest, genesis is not None)]
    if judgement.register.genesis.purpose is not Purpose.LIVE:
        lines.append(f"this is a {judgement.register.genesis.purpose.value} network: no State is bound by it")
    if verified:
        lines += _proved(judgement, len(members))
    return VerifyReport(
        verified=verified,
        genesis=digest,
        pinned=genesis is not None,
        case=judgement.case_id,
        lines=tuple(map(plain, lines)),
        problems=tuple(map(plain, findings.problems)),
        missing=tuple(map(plain, findings.missing)),
    )


def _first_line(verified: bool, digest: str, pinned: bool) -> str:
    if not verified:
        return f"not verified; judged relative to register {digest}"
    if pinned:
        return f"proved under register {digest}, the one that you gave"
    return f"proved relative to register {digest}; compare this with the published one"


def _proved(judgement: Judgement, members: int) -> list[str]:
    register, signed = judgement.register, spell_instant(judgement.register.checkpoint.at)
    lines = [
        f"{members} members, none changed; a register of {register.checkpoint.size} entries, signed {signed}",
        f"case {judgement.case_id}: {len(judgement.letters)} statements, {len(judgement.slips)} receipts and slips",
    ]
    for proved in judgement.requests:
        lines += _request_lines(proved, judgement)
    lines += [f"{each.title}: {finding_words(each.review)}" for each in judgement.reviews]
    if judgement.case is not None:
        lines.append(f"state digest {state_digest(judgement.case).hex()}; both States can show the same")
    return lines


def _request_lines(proved: ProvedRequest, judgement: Judgement) -> list[str]:
    request = proved.request
    title = f"{request.kind} {request.id}"
    lines = [
        f"{title}: {request.sender} asked {request.recipient} at {spell_instant(request.at)}; {request.status.code}"
    ]
    for reached in proved.levels:
        if reached.at is not None:
            late = "" if reached.late is None else f", {int(reached.late.total_seconds())} s late"
            lines.append(f"{title}: {reached.level.value} at {spell_instant(reached.at)} by {reached.by}{late}")
    if request.preservation is not None:
        lines.append(f"{title}: preserved until {spell_instant(request.preservation.until)}")
    return lines + [f"{title}: {each.words}" for each in ended(request, proved.letter, judgement.slips)]
