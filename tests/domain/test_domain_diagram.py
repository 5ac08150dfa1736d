from pathlib import Path

from contactpoint.domain.catalogue import Opens
from contactpoint.domain.diagram import state_page
from contactpoint.domain.stages import speaks, statuses
from tests.domain.domain_examples import CATALOGUE

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_in_the_documents_is_the_catalogue_that_runs():
    assert PAGE.read_text(encoding="utf-8") == state_page(CATALOGUE), (
        "write docs/states.md anew (contactpoint.domain.diagram)"
    )


def test_every_word_stands_in_the_row_of_its_status():
    page = state_page(CATALOGUE)
    for entry in CATALOGUE.entries.values():
        if entry.opens is Opens.MOVE:
            continue
        section = page.split(f"## {entry.code}: ")[1].split("\n## ")[0]
        rows = {line.split(" | ")[0].removeprefix("| "): line for line in section.splitlines() if line.startswith("| ")}
        for status in statuses(entry):
            for answer in entry.answers:
                assert not speaks(answer, status) or answer.code in rows[status.code]
