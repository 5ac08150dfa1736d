"""What can be checked of the documents without reading them: codes, links, named tests, named files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contactpoint.domain.code_table import BEGINS, ENDS, with_table
from contactpoint.domain.codes import TABLE
from contactpoint.wire.limits import GatewayLimits, LinkLimits, ListenLimits
from contactpoint.wire.phases import CloseCode
from contactpoint.wire.slip import SlipLevel
from directory.documents import READERS

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "docs" / "protocol.md"
THREATS = ROOT / "docs" / "threat-model.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    heads = re.findall(r"^#+ +(.+)$", _FENCE.sub("", read(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower().replace("`", "")).replace(" ", "-") for head in heads}


def names_of_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for path in files for name in re.findall(r"^\s*(?:async )?def (test_\w+)", read(path), re.MULTILINE)}


def internal_links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(_FENCE.sub("", read(page))):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_the_table_of_codes_in_the_protocol_is_the_one_that_runs():
    page = read(PROTOCOL)
    assert page == with_table(page), "write the table anew (contactpoint.domain.code_table)"


def test_every_code_has_its_row_in_the_protocol():
    table = read(PROTOCOL).partition(BEGINS)[2].partition(ENDS)[0]
    assert [code for code in TABLE if f"| `{code}` |" not in table] == []


def test_a_page_without_a_place_for_the_table_is_an_error():
    with pytest.raises(ValueError, match="no place for the table"):
        with_table("# A page\n")


def test_every_code_that_the_register_answers_with_stands_in_the_protocol():
    raised = {code for path in (ROOT / "directory").glob("*.py") for code in re.findall(r'"(E-[A-Z-]+)"', read(path))}
    page = read(PROTOCOL)
    assert sorted(code for code in raised if f"`{code}`" not in page) == []


def test_every_level_frame_close_code_and_document_stands_in_the_protocol():
    page = read(PROTOCOL)
    frames = re.findall(r'NAME: ClassVar\[str\] = "([a-z-]+)"', read(ROOT / "contactpoint" / "wire" / "frames.py"))
    names = [*(level.value for level in SlipLevel), *frames, *READERS]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [
        code.value for code in CloseCode if f"| {code.value} | `{code.name.lower().replace('_', '-')}` |" not in page
    ] == []


def test_the_limits_in_the_protocol_are_those_that_run():
    page = read(PROTOCOL)
    limits = [LinkLimits(), GatewayLimits(), ListenLimits()]
    fields = [(name, getattr(each, name)) for each in limits for name in type(each).__dataclass_fields__]
    assert [
        name
        for name, value in fields
        if f"| `{name}` | {value if isinstance(value, int) else format(value, 'g')} |" not in page
    ] == []


def test_every_link_inside_the_documents_leads_somewhere():
    broken = []
    for page, target in internal_links():
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"\btest_\w+", read(THREATS)))
    assert named, "the threat model names no test"
    assert sorted(named - names_of_tests()) == []


def test_every_document_is_in_the_index():
    index = read(ROOT / "docs" / "README.md")
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md"]
    assert [
        str(path.relative_to(ROOT / "docs")) for path in pages if f"({path.relative_to(ROOT / 'docs')})" not in index
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(page):
    named = re.findall(r"`((?:contactpoint|directory|keys|tests|docs|deploy|benchmarks)/[\w./-]+)`", read(page))
    assert sorted({name for name in named if not (ROOT / name).exists()}) == []


def test_decisions_are_numbered_without_a_hole_and_have_their_three_parts():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        parts = re.findall(r"^## (.+)$", read(path), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequence"], path.name


def rooms_of(heading: str) -> list[Path]:
    """The folders of `contactpoint.store, link, notify` or of `keys: everything`."""
    names = heading.partition(":")[0].split(", ")
    outer = "contactpoint." if names[0].startswith("contactpoint.") else ""
    return [ROOT / (name if "." in name or name == names[0] else outer + name).replace(".", "/") for name in names]


def test_every_name_that_the_architecture_gives_a_room_stands_in_that_room():
    section = read(ROOT / "ARCHITECTURE.md").partition("## 4.")[2].partition("## 5.")[0]
    strange = []
    for part in section.split("\n### ")[1:]:
        heading, _, body = part.partition("\n")
        if "|---" not in body:
            continue
        files = [path for room in rooms_of(heading) for path in [*room.rglob("*.py"), *room.rglob("*.toml")]]
        assert files, heading
        known = {word for path in files for word in re.findall(r"\w+", read(path))}
        known |= {word for path in files for word in [*path.stem.split("_"), path.stem, path.parent.name]}
        rows = "\n".join(line for line in body.splitlines() if line.startswith("|"))
        for name in re.findall(r"`([^`]+)`", rows):
            words = re.findall(r"[A-Za-z]\w*[A-Za-z0-9]", name)
            strange += [f"{heading.partition(':')[0]}: {name}" for word in words if word not in known]
    assert strange == []
