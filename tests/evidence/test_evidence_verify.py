"""What a bundle of a real case proves, to somebody who has nothing but its bytes."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from contactpoint.desk.bundle import read_bundle
from contactpoint.desk.proof.summary import plain
from contactpoint.desk.verify import verify
from contactpoint.main.court import verify_bundle
from contactpoint.wire.slip import read_slip, sign_slip, slip_content, slip_digest
from tests.evidence.conftest import Exported
from tests.evidence.forger import forged, judged, slips_of

ALWAYS_MISSING = ("a checkpoint of the register after the last statement", "an RFC 3161 time stamp")


def beyond_the_usual(missing: tuple[str, ...]) -> list[str]:
    return [text for text in missing if not text.startswith(ALWAYS_MISSING)]


def test_both_states_bundles_of_one_case_are_proved_and_name_the_same_state(exported: Exported):
    ours, theirs = verify(exported.qm, None), verify(exported.qn, None)
    assert ours.verified and theirs.verified
    assert ours.problems == theirs.problems == ()
    assert ours.case == theirs.case == exported.case
    digests = [next(line for line in report.lines if line.startswith("state digest")) for report in (ours, theirs)]
    assert digests[0] == digests[1]


def test_a_complete_case_lacks_nothing_but_what_no_desk_can_give(exported: Exported):
    assert beyond_the_usual(verify(exported.qm, None).missing) == []
    assert len(verify(exported.qm, None).missing) == len(ALWAYS_MISSING)


def test_without_a_given_register_the_first_line_says_relative_to_which(exported: Exported):
    report = verify(exported.qm, None)
    said = f"proved relative to register {exported.genesis.hex()}; compare this with the published one"
    assert report.lines[0] == said
    assert not report.pinned


def test_with_the_published_register_given_it_is_proved_under_that(exported: Exported):
    report = verify(exported.qm, exported.genesis)
    assert report.verified and report.pinned
    assert report.lines[0].startswith(f"proved under register {exported.genesis.hex()}")


def test_a_bundle_with_an_invented_register_is_not_proved_under_the_published_one(exported: Exported):
    """The register of this bundle is invented, as far as whoever holds another digest can tell."""
    report = verify(exported.qm, bytes(32))
    assert not report.verified
    assert report.lines[0] == f"not verified; judged relative to register {exported.genesis.hex()}"
    assert "another register" in report.problems[0]


def test_a_training_network_binds_nobody_and_the_report_says_so(exported: Exported):
    assert verify(exported.qm, None).lines[1] == "this is a training network: no State is bound by it"


def test_the_report_names_every_level_and_the_preservation(exported: Exported):
    text = "\n".join(verify(exported.qm, None).lines)
    for level in ("held", "received", "opened", "acknowledged", "answered", "preserved until"):
        assert f": {level}" in text


def test_the_same_export_gives_the_same_bytes(exported: Exported):
    assert exported.qm == exported.again


def test_a_request_that_nobody_answered_yet_says_what_is_not_proved(exported: Exported):
    report = verify(exported.other, None)
    assert report.verified
    missing = beyond_the_usual(report.missing)
    assert [text.split(" PRES-NEW")[0] for text in missing] == [
        "an opened slip for",
        "the letter that makes",
        "the letter that makes",
    ]


def test_the_summary_tells_the_case_to_a_reader(exported: Exported):
    text = read_bundle(exported.qm)["summary.txt"].decode()
    for part in (
        "asked by  QM",
        "asked of  QN",
        "Preserve stored data (Article 42",
        "facts: Files of a hospital group were encrypted",
        "the 60 days of Article 42(8)",
        "signed by officer QN-OFF-001",
        "WHAT IS MISSING",
    ):
        assert part in text
    assert all(line.isprintable() for line in text.splitlines())


def test_text_of_another_state_cannot_move_a_cursor_or_turn_the_reading():
    assert plain("a\x1b[2Jb\nc\u202ed") == "a\\u001b[2Jb\\u000ac\\u202ed"


def test_statements_from_before_a_key_ended_stay_proved(exported: Exported):
    assert verify(exported.ended, None).problems == ()


def test_lateness_is_computed_from_held_and_the_policy(exported: Exported):
    """QN's station says that it received the request eleven minutes after its gateway held it; U1 gives ten."""

    def change(members: dict[str, bytes]) -> None:
        first = min(slips_of(members, "received"), key=lambda name: read_slip(members[name])[0].at)
        slip = read_slip(members.pop(first))[0]
        held = min((read_slip(members[name])[0] for name in slips_of(members, "held")), key=lambda each: each.at)
        content = slip_content(replace(slip, at=held.at + timedelta(minutes=11)), exported.net)
        members["slips/" + slip_digest(content).hex()] = sign_slip(content, exported.qn_station, exported.net)

    report = judged(exported.qm, change)
    assert report.problems == ()
    late = [line for line in report.lines if line.endswith(" s late")]
    assert len(late) == 1
    assert ": received at" in late[0] and late[0].endswith(", 60 s late")
    assert "1 min late" in read_bundle(forged(exported.qm, change))["summary.txt"].decode()


def test_a_court_needs_no_database_no_web_framework_no_network_and_no_event_loop(exported: Exported, tmp_path: Path):
    path = tmp_path / "case.zip"
    path.write_bytes(exported.qm)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from contactpoint import main\n"
        f"assert main.verify_bundle(Path({str(path)!r}), None).verified\n"
        "print(*sorted(sys.modules))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(ran.stdout.split())
    foreign = {"sqlalchemy", "aiosqlite", "asyncpg", "fastapi", "starlette", "uvicorn", "websockets", "httpx2", "redis"}
    assert not {name.split(".")[0] for name in loaded} & (
        foreign | {"asyncio", "sqlite3", "ssl", "structlog", "jinja2"}
    )
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("contactpoint.")}
    assert ours == {"contactpoint.desk", "contactpoint.domain", "contactpoint.main", "contactpoint.wire"}


def test_a_file_is_judged_as_its_bytes_are(exported: Exported, tmp_path: Path):
    path = tmp_path / "case.zip"
    path.write_bytes(exported.qm)
    assert verify_bundle(path, exported.genesis.hex()) == verify(exported.qm, exported.genesis)
