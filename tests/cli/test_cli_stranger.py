"""Every command as a stranger runs it: a process of its own, what it prints, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contactpoint.cli.errors import CommandError
from contactpoint.cli.options import write_text
from contactpoint.settings import write_settings

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
COMMANDS = [
    "init", "enrol", "serve", "demo", "send", "approve", "review", "flag", "oral", "oral log", "oral link", "oral list", "inbox", "show",
    "acknowledge", "answer", "extend", "hand-over",
    "bell", "bell key", "bell key add", "bell key list", "bell key revoke", "drill", "drill closure", "drill dispute", "drill figures",
    "drill list", "drill record", "drill start", "notify", "notify contacts", "notify contacts add", "notify contacts list",
    "notify contacts remove", "notify contacts rules", "notify contacts verify", "notify log", "notify reply", "notify test",
    "policy", "policy show", "policy history", "policy check", "policy set", "policy dry-run", "escalate", "call-sheet", "otherwise",
    "shift", "shift offer", "shift accept", "shift withdraw", "shift list", "shift show", "training", "training scripts", "training report",
    "rota", "rota list", "rota show", "rota set", "rota now", "rota override", "rota absence", "rota remove", "rota swap",
    "rota swap offer",
    "rota swap accept", "rota swap decline", "rota gaps", "rota fairness", "rota holidays", "rota holidays seed", "rota holidays confirm",
    "rota export", "rota import", "draft", "group", "group list", "group show", "group note", "group members",
    "figures", "export", "verify", "instructions", "instructions show", "instructions set", "threats", "threats list", "threats show",
    "threats sighted", "threats recall", "threats export", "threats import", "threats key", "threats key add", "threats key revoke",
    "threats key list", "directory", "directory list", "directory show", "directory verify", "directory card", "directory card show",
    "directory card check", "directory card set", "doctor", "officer", "officer add", "officer list", "officer lock",
    "officer secret", "config", "config show", "config check", "config template", "key", "key list", "completion", "version",
]  # fmt: skip


def contactpoint(
    *words: str, cwd: Path | None = None, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "contactpoint.cli", *words],
        input=given, capture_output=True, text=True, timeout=60, cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environment}, check=False,
    )  # fmt: skip


def usage_error(ran: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Exit code 2, nothing on standard output, and a code, a sentence and what to do on standard error."""
    assert ran.returncode == 2, ran.stderr
    assert ran.stdout == ""
    assert "E-" in ran.stderr.splitlines()[0]
    assert "What to do: " in ran.stderr
    assert "Traceback" not in ran.stderr
    for part in parts:
        assert part in ran.stderr


def node_of(home: Path, state: str) -> None:
    values = {
        "state": state, "name": "Night desk", "public.host": "q.example", "public.port": 4141, "inside.port": 8141,
        "directory.url": "https://register.example", "directory.genesis": "a" * 64,
    }  # fmt: skip
    write_settings(home, values)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("correct horse battery\n")
    return path


def test_help_of_every_command_is_on_standard_output_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\n"
        "from contactpoint.cli.app import run_command\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    assert run_command([*words.split(), '--help']) == 0\n"
        "    heavy = {'fastapi', 'sqlalchemy', 'cryptography', 'yaml', 'rich', 'asyncio', 'contactpoint.main'}\n"
        "    heavy |= set() if words else {'pydantic'}  # the library of the options itself loads it for a single command\n"
        "    assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps(["", *COMMANDS])],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Usage: contactpoint") == len(COMMANDS) + 1


def test_the_list_of_commands_above_is_complete() -> None:
    script = contactpoint("completion", "bash").stdout
    found = {line.split('"')[1] for line in script.splitlines() if 'words="' in line and '")' in line}
    assert found == set(COMMANDS)


def test_every_command_takes_json() -> None:
    groups = {words.rpartition(" ")[0] for words in COMMANDS} - {""}
    script = contactpoint("completion", "bash").stdout
    for line in script.splitlines():
        if 'words="' in line and '")' in line and line.split('"')[1] not in groups:
            assert "--json" in line, line


def test_nothing_typed_prints_the_help() -> None:
    ran = contactpoint()
    assert (ran.returncode, "Commands:" in ran.stdout) == (0, True)


def test_a_mistyped_command_or_option_is_a_usage_error() -> None:
    usage_error(contactpoint("confg"), "config")
    usage_error(contactpoint("config"), "Missing command")
    usage_error(contactpoint("verify", "x.zip", "--gensis", "a"), "--genesis")


def test_version_is_one_line_and_one_object() -> None:
    assert contactpoint("version").stdout.startswith("contactpoint ")
    assert set(json.loads(contactpoint("version", "--json").stdout)) == {"version"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_accepted_by_their_shell(shell: str) -> None:
    import shutil

    script = contactpoint("completion", shell).stdout
    assert "acknowledge" in script
    program = shutil.which(shell)
    if program is None:
        return
    ran = subprocess.run([program, "-n"], input=script, capture_output=True, text=True, timeout=20, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_bash_completes_commands_and_their_options() -> None:
    script = contactpoint("completion", "bash").stdout
    ask = 'COMP_WORDS=(contactpoint officer l); COMP_CWORD=2; _contactpoint; echo "${COMPREPLY[*]}"\n'
    ask += 'COMP_WORDS=(contactpoint send --ca); COMP_CWORD=2; _contactpoint; echo "${COMPREPLY[*]}"\n'
    ran = subprocess.run(["bash"], input=script + "\n" + ask, capture_output=True, text=True, timeout=20, check=True)
    assert ran.stdout.splitlines() == ["list lock", "--case"]


def test_config_template_is_checked_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(contactpoint("config", "template").stdout)
    ran = contactpoint("config", "check", cwd=tmp_path)
    assert ran.returncode == 1
    assert "node.toml line 2: state does not fit" in ran.stdout
    found = json.loads(contactpoint("config", "check", "--json", "--home", str(tmp_path)).stdout)
    assert found["ok"] is False
    assert {p["line"] for p in found["problems"]} >= {2, 3}


def test_config_show_says_where_each_value_came_from(tmp_path: Path) -> None:
    text = contactpoint("config", "template").stdout
    for old, new in (
        ('state = ""', 'state = "XA"'), ('name = ""', 'name = "Night desk"'), ('host = ""', 'host = "xa.example"'),
        ("port = 0", "port = 4141"), ("port = 0", "port = 8141"), ('genesis = ""', f'genesis = "{"a" * 64}"'),
        ('url = ""', 'url = "https://register.example"'),
    ):  # fmt: skip
        text = text.replace(old, new, 1)
    (tmp_path / "node.toml").write_text(text)
    assert contactpoint("config", "check", cwd=tmp_path).returncode == 0
    mail = {"host": "m.example", "sender": "a@b.example", "recipient": "a@b.example", "password": "correcthorse"}
    shown = contactpoint("config", "show", cwd=tmp_path, CONTACTPOINT_MAIL=json.dumps(mail))
    assert shown.returncode == 0, shown.stderr
    assert "node.toml line 2" in shown.stdout
    assert "environment CONTACTPOINT_MAIL__HOST" in shown.stdout
    assert "correcthorse" not in shown.stdout
    one = json.loads(contactpoint("config", "show", "public.port", "--json", cwd=tmp_path).stdout)
    assert one == [{"key": "public.port", "value": "4141", "source": "node.toml line 8"}]
    usage_error(contactpoint("config", "show", "public.prot", cwd=tmp_path), "'public.port'")


def test_colour_is_never_in_what_another_program_reads(tmp_path: Path) -> None:
    assert "\x1b" not in contactpoint("config", "template").stdout + contactpoint("--help", FORCE_COLOR="1").stdout


def test_verify_of_a_file_that_is_not_there_says_what_to_name(tmp_path: Path) -> None:
    usage_error(contactpoint("verify", str(tmp_path / "none.zip")), "There is no bundle")
    (tmp_path / "some.zip").write_bytes(b"x")
    usage_error(contactpoint("verify", str(tmp_path / "some.zip"), "--genesis", "abc"), "64 hexadecimal digits")


def test_an_error_is_json_too_when_json_is_asked(tmp_path: Path) -> None:
    ran = contactpoint("verify", str(tmp_path / "none.zip"), "--json")
    assert ran.returncode == 2
    error: dict[str, Any] = json.loads(ran.stdout)["error"]
    assert error["code"] == "E-USAGE"
    assert error["exit_code"] == 2
    assert error["what_to_do"]


def test_send_with_an_unknown_key_names_its_line(tmp_path: Path, secret: Path) -> None:
    text = (CASES / "requests.yaml").read_text().replace("necessity:", "neccessity:", 1)
    (tmp_path / "bad.yaml").write_text(text)
    ran = contactpoint(
        "send", "bad.yaml", "--case", "A01", "--as", "QM-OFF-1", "--secret-file", str(secret), cwd=tmp_path
    )
    line = next(n for n, words in enumerate(text.splitlines(), 1) if "neccessity" in words)
    usage_error(ran, f"Line {line}", "'necessity'")


def test_send_of_a_file_with_several_cases_asks_which(tmp_path: Path, secret: Path) -> None:
    ran = contactpoint(
        "send", str(CASES / "requests.yaml"), "--as", "QM-OFF-1", "--secret-file", str(secret), cwd=tmp_path
    )
    usage_error(ran, "--case", "A01", "A22")


def test_send_of_another_states_file_is_refused_before_anything_is_signed(tmp_path: Path, secret: Path) -> None:
    node_of(tmp_path, "QN")
    signed = ("--as", "QM-OFF-1", "--secret-file", str(secret))
    ran = contactpoint("send", str(CASES / "requests.yaml"), "--case", "A01", *signed, cwd=tmp_path)
    usage_error(ran, "from QM", "of QN")


def test_signing_without_a_secret_and_without_a_person_says_so(tmp_path: Path) -> None:
    node_of(tmp_path, "QM")
    ran = contactpoint("send", str(CASES / "requests.yaml"), "--case", "A01", "--as", "QM-OFF-1", cwd=tmp_path)
    usage_error(ran, "E-SECRET-MISSING", "--secret-file")
    empty = tmp_path / "empty"
    empty.write_text("\n")
    ran = contactpoint("show", "x", "--as", "QM-OFF-1", "--secret-file", str(empty), cwd=tmp_path)
    usage_error(ran, "holds no secret")


def test_an_unknown_field_of_an_answer_names_the_nearest(tmp_path: Path, secret: Path) -> None:
    signed = ("--as", "QM-OFF-1", "--secret-file", str(secret))
    usage_error(
        contactpoint("answer", "x", "CALLED-BACK", "--spoke-wiht", "desk", *signed, cwd=tmp_path), "'spoke_with'"
    )
    usage_error(contactpoint("answer", "x", "CALED-BACK", *signed, cwd=tmp_path), "'CALLED-BACK'")


def test_a_type_that_is_not_there_names_the_nearest(tmp_path: Path, secret: Path) -> None:
    signed = ("--as", "QM-OFF-1", "--secret-file", str(secret))
    usage_error(contactpoint("draft", "MLA-FDW", "--from", "x", *signed, cwd=tmp_path), "'MLA-FWD'")
    usage_error(contactpoint("instructions", "show", "PRES-NWE", cwd=tmp_path), "'PRES-NEW'")


def test_a_call_at_no_time_and_a_file_that_is_not_there_are_usage_errors(tmp_path: Path, secret: Path) -> None:
    signed = ("--as", "QM-OFF-1", "--secret-file", str(secret))
    call = ("--caller", "A", "--from-number", "+999 1", "--asked", "b", "--called-at", "yesterday")
    usage_error(contactpoint("oral", "log", "XA", *call, *signed, cwd=tmp_path), "--called-at", "2027-03-04T13:00Z")
    usage_error(contactpoint("directory", "card", "check", "none.toml", cwd=tmp_path), "'none.toml'")
    usage_error(contactpoint("instructions", "set", "PRES-NEW", "none.toml", *signed, cwd=tmp_path), "'none.toml'")


def test_a_place_that_cannot_be_written_is_a_usage_error_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        write_text(tmp_path / "none" / "figures.csv", "x")


def test_init_names_the_line_of_a_wrong_answer(tmp_path: Path, secret: Path) -> None:
    good = {
        "state": "XA", "name": "Night desk", "host": "xa.example", "public_port": 4141, "inside_port": 8141,
        "register_url": "https://register.example", "genesis": "a" * 64, "officer": "XA-OFF-001", "officer_name": "A. Duty",
        "officer_secret_file": "secret",
    }  # fmt: skip

    def init(**changed: Any) -> subprocess.CompletedProcess[str]:
        lines = [f"{key} = {json.dumps(value)}" for key, value in {**good, **changed}.items() if value is not None]
        (tmp_path / "answers.toml").write_text("\n".join(lines))
        return contactpoint("init", "--answers", "answers.toml", cwd=tmp_path)

    usage_error(init(sate="XA"), "Line 11", "'state'")
    usage_error(init(public_port="4141"), "Line 4")
    usage_error(init(public_port=True), "Line 4")
    usage_error(init(state="xa"), "two capital letters")
    usage_error(init(genesis=None), "genesis")
    usage_error(init(mail="m.example"), "Line 11")
    usage_error(contactpoint("init", cwd=tmp_path), "--answers")
    (tmp_path / "node.toml").write_text("")
    usage_error(init(), "already")
