"""node.toml: what holds, where it came from, and what is wrong with it, by line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contactpoint.settings import (
    SettingsError,
    SettingsProblem,
    mail_password,
    read_origins,
    read_settings,
    template,
    within,
    write_settings,
)

GIVEN: dict[str, Any] = {
    "state": "XA",
    "name": 'Contact point "of" XA \\ é',
    "public.host": "xa.example",
    "public.port": 4141,
    "inside.port": 8141,
    "directory.url": "https://register.example",
    "directory.genesis": "AB" * 32,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_settings(tmp_path, GIVEN)
    return tmp_path


def problems(home: Path, *changes: tuple[str, str], more: str = "") -> tuple[SettingsProblem, ...]:
    path = home / "node.toml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text + more)
    with pytest.raises(SettingsError) as caught:
        read_settings(home)
    assert all(p.what_to_do for p in caught.value.problems)
    return caught.value.problems


def line_of(home: Path, start: str) -> int:
    lines = (home / "node.toml").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(start))


def test_what_is_written_is_read_back_and_only_the_owner_may_read_it(home: Path) -> None:
    settings = read_settings(home)
    assert (settings.state, settings.name, settings.public.port) == ("XA", GIVEN["name"], 4141)
    assert settings.directory.genesis == "ab" * 32
    assert settings.mail is None
    assert (home / "node.toml").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_settings(home, GIVEN)


def test_the_template_is_toml_and_so_is_every_commented_line_of_it() -> None:
    tomllib.loads(template())
    live = []
    for line in template().splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("[") or " = " in bare.split("#")[0]:
            live.append(bare)
    tree = tomllib.loads("\n".join(live))
    assert tree["mail"]["port"] == 587


def test_an_unknown_key_has_its_line_and_the_nearest_name(home: Path) -> None:
    (problem,) = problems(home, ("# refresh_s = 300", "refrsh_s = 30"))
    assert problem.line == line_of(home, "refrsh_s")
    assert "'refresh_s'" in problem.what_to_do
    (problem,) = problems(home, ("refrsh_s = 30", ""), more="\n[mial]\nhost = 'mail.example'\n")
    assert problem.line == line_of(home, "[mial]")
    assert "'mail'" in problem.what_to_do


def test_every_problem_is_named_not_only_the_first(home: Path) -> None:
    found = problems(
        home, ("port = 4141", "port = 70000"), ('state = "XA"', 'state = "xa"'), ("port = 8141", "prt = 1")
    )
    assert {p.key for p in found} == {"public.port", "state", "inside.prt", "inside.port"}
    assert {p.line for p in found if p.key == "public.port"} == {line_of(home, "port = 70000")}


def test_broken_toml_names_its_line(home: Path) -> None:
    (problem,) = problems(home, ('state = "XA"', "state = XA"))
    assert problem.line == line_of(home, "state")


def test_a_missing_file_says_to_run_init(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path)
    assert "init" in caught.value.problems[0].what_to_do


def test_a_value_in_the_wrong_place_is_never_repeated_in_the_message(home: Path) -> None:
    found = problems(home, more='\n[mail]\nhost = "m.example"\nsender = "correct horse"\nrecipient = "a@b.example"\n')
    assert "horse" not in "".join(map(str, found))


def test_the_console_does_not_listen_on_a_public_address_unless_told(home: Path) -> None:
    inside = '[inside]\naddress = "0.0.0.0"'
    (problem,) = problems(home, ("[inside]", inside))
    assert "public" in problem.text
    path = home / "node.toml"
    path.write_text(path.read_text().replace(inside, inside + "\nallow_public = true"))
    assert read_settings(home).inside.address == "0.0.0.0"


def test_the_environment_wins_and_is_named_as_the_source(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACTPOINT_PUBLIC__PORT", "4242")
    assert read_settings(home).public.port == 4242
    sources = {o.key: o.source for o in read_origins(home)}
    assert sources["public.port"] == "environment CONTACTPOINT_PUBLIC__PORT"
    assert sources["state"] == f"node.toml line {line_of(home, 'state')}"
    assert sources["log.level"] == "built in"


def test_a_mistyped_environment_variable_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACTPOINT_PUBLIC__PROT", "4242")
    with pytest.raises(SettingsError) as caught:
        read_settings(home)
    assert "CONTACTPOINT_PUBLIC__PORT" in caught.value.problems[0].what_to_do


def test_secrets_are_masked_wherever_they_stand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACTPOINT_DATABASE__GATEWAY", "postgresql://node:correcthorse@127.0.0.1/gateway")
    more = (
        '\n[mail]\nhost = "m.example"\nsender = "a@b.example"\nrecipient = "a@b.example"\npassword = "correcthorse"\n'
    )
    path = home / "node.toml"
    path.write_text(path.read_text() + more)
    shown = {o.key: o.value for o in read_origins(home)}
    assert "correcthorse" not in str(shown) + repr(read_settings(home))
    assert shown["database.desk"] == "sqlite:///desk.sqlite3"


def test_the_mail_password_comes_from_its_file(home: Path) -> None:
    more = (
        '\n[mail]\nhost = "m.example"\nsender = "a@b.example"\nrecipient = "a@b.example"\npassword_file = "mail.pw"\n'
    )
    path = home / "node.toml"
    path.write_text(path.read_text() + more)
    mail = read_settings(home).mail
    assert mail is not None
    with pytest.raises(SettingsError, match=r"mail\.pw"):
        mail_password(mail, home)
    (home / "mail.pw").write_text("correct horse\n")
    assert mail_password(mail, home) == "correct horse"


def test_relative_paths_are_inside_the_nodes_folder(home: Path) -> None:
    assert within(home, Path("tls/x.pem")) == home / "tls/x.pem"
    assert within(home, Path("/etc/x.pem")) == Path("/etc/x.pem")
