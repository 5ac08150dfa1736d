"""Every published case, of both files, over real nodes: as it is written, with the statuses of `want` and the sentences of `check`.

Those that stand in process tests, with the broadcast, the link or the evidence are named here with the test that tries them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import tests.system.abuse_stories
import tests.system.case_stories
from tests.fixtures.many_states import REQUESTS, many_states
from tests.system.story import STORIES

TESTS = Path(__file__).parent.parent
PLAYED = (tests.system.case_stories, tests.system.abuse_stories)
ELSEWHERE = {
    "A01": "system/test_cases.py::test_a01_is_preserved_for_sixty_days_and_a03_extends_it_after_everything_was_restarted",
    "A03": "system/test_cases.py::test_a01_is_preserved_for_sixty_days_and_a03_extends_it_after_everything_was_restarted",
    "A06": "system/test_emergencies.py::test_a06_is_approved_called_back_and_answered_by_two_officers_with_both_desks_rung",
    "A18": "stories/test_stories_broadcast.py::test_a_warning_to_all_is_delivered_to_each_rings_nobody_and_is_recalled_everywhere",
    "M01": "system/test_cases.py::test_m01_from_another_product_arrives_is_asked_for_both_fields_and_stays_open",
    "M03": "system/test_emergencies.py::test_m03_a_key_outside_the_register_is_refused_unseen_and_the_claimed_state_is_warned",
    "M10": "system/test_cases.py::test_m10_future_data_are_refused_with_the_two_types_that_fit",
}
OF_THE_LINK = {"M11", "M14"}
"""A poisoned attachment and a flood: what a gateway and its link do with them is tried where these stand."""


@pytest.mark.matrix
@pytest.mark.parametrize("name", sorted(STORIES))
async def test_a_published_case_passes_as_written(name: str, tmp_path: Path) -> None:
    played = STORIES[name]
    async with many_states(tmp_path, played.begins, played.seats) as net:
        await played.play(net)


def test_every_published_case_is_tried_somewhere() -> None:
    cases = {each["id"] for name in ("requests", "abuse") for each in _read(name)}
    played = {case for story in STORIES.values() for case in story.cases}
    assert cases == played | set(ELSEWHERE) | OF_THE_LINK
    assert not played & set(ELSEWHERE)
    for place in ELSEWHERE.values():
        file, _, name = place.partition("::")
        assert re.search(rf"^(?:async )?def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE), place


def _read(name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = yaml.safe_load(REQUESTS.with_name(f"{name}.yaml").read_text(encoding="utf-8"))
    return rows
