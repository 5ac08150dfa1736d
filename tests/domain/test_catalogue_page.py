"""The reference page in the documents is the catalogue that runs."""

from pathlib import Path

from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.page import catalogue_page

PAGE = Path(__file__).parent.parent.parent / "docs" / "catalogue.md"


def test_the_reference_page_is_the_catalogue_that_runs():
    text = catalogue_page(load())
    assert PAGE.read_text(encoding="utf-8") == text, (
        "run: python -m contactpoint.domain.catalogue.page > docs/catalogue.md"
    )


def test_the_page_names_every_type_and_lists_every_citation_that_no_lawyer_has_checked():
    text = catalogue_page(load())
    unchecked = text.split("## Unchecked citations")[1]
    for code, entry in load().entries.items():
        assert f"\n### {code}\n" in text
        assert f"| {entry.article} |" in unchecked, code
    assert "checked: yes" not in text
