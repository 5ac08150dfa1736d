from pathlib import Path

from contactpoint.domain.diagram import diagram, state_page
from contactpoint.domain.transitions import TABLE
from tests.domain.domain_examples import CATALOGUE

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_in_the_documents_is_the_table_that_runs():
    assert PAGE.read_text(encoding="utf-8") == state_page(CATALOGUE), (
        "write docs/states.md anew (contactpoint.domain.diagram)"
    )


def test_every_move_of_the_table_is_an_arrow():
    text = diagram()
    for status, moves in TABLE.items():
        for kind, to in moves.items():
            if to is not None:
                arrow = f"{status.value.replace('-', '_')} --> {to.value.replace('-', '_')}: "
                (line,) = [line for line in text.splitlines() if line.strip().startswith(arrow)]
                assert kind in line
