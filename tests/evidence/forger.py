"""A forger of bundles: takes one apart, changes it, and puts it together so that everything that can be computed fits again."""

from collections.abc import Callable

from contactpoint.desk.bundle import read_bundle, write_bundle
from contactpoint.desk.proof.casefile import case_file, read_case_file
from contactpoint.desk.proof.findings import Findings
from contactpoint.desk.proof.judge import judge
from contactpoint.desk.proof.names import CASE, SUMMARY
from contactpoint.desk.proof.summary import summary
from contactpoint.desk.results import VerifyReport
from contactpoint.desk.verify import verify
from contactpoint.wire.slip import read_slip

Members = dict[str, bytes]


def forged(bundle: bytes, change: Callable[[Members], None]) -> bytes:
    """The bundle after ``change``, with manifest, case file and summary made anew."""
    members = read_bundle(bundle)
    change(members)
    said, findings = read_case_file(members[CASE]), Findings()
    judgement = judge(members, said.case, said.at, findings)
    members[CASE] = case_file(judgement, said)
    members[SUMMARY] = summary(judgement, said, findings)
    return write_bundle(members)


def judged(bundle: bytes, change: Callable[[Members], None]) -> VerifyReport:
    """What a court is told of the forged bundle."""
    return verify(forged(bundle, change), None)


def names(members: Members, start: str, end: str = "") -> list[str]:
    return sorted(name for name in members if name.startswith(start) and name.endswith(end))


def folder_of(members: Members, kind: str) -> str:
    """The folder of the letter of this kind: its summary line is followed by its digest."""
    lines = members[SUMMARY].decode().splitlines()
    start = next(i for i, line in enumerate(lines) if " to Q" in line and f": {kind} " in line)
    digest = next(line for line in lines[start:] if line.startswith("    statement ")).split()[1]
    return f"letters/{digest}/"


def slips_of(members: Members, level: str) -> list[str]:
    """Names of the slips of this level."""
    return [name for name in names(members, "slips/") if level_of(members[name]) == level]


def level_of(data: bytes) -> str:
    return read_slip(data)[0].level.value
