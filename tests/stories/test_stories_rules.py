"""Letters under rules that are not the network's are rejected, and never rest in clear."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contactpoint.desk import compose
from tests.simulator import simulated


@pytest.mark.parametrize(("changed", "code"), [({"pol": "demo-1"}, "E-POLICY"), ({"cat": "99"}, "E-UNKNOWN-KIND")])
async def test_a_letter_cannot_set_its_own_deadlines_or_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], code: str
) -> None:
    honest = compose._statement

    def another_product(*arguments: Any) -> Any:
        return replace(honest(*arguments), **changed)

    async with simulated(tmp_path, "XA", "XB") as net:
        with monkeypatch.context() as patch:
            patch.setattr(compose, "_statement", another_product)
            sent = await net["XA"].ask("XB")
        await net.settle()
        assert await net["XB"].desk.request_view(sent.id, net.now) is None
        assert code in [task.code for task in (await net["XB"].desk.board("", net.now)).tasks]
        rejected = [fact for fact in (await net["XA"].view(sent.id)).facts if fact.level == "rejected"]
        assert [fact.note for fact in rejected] == [code]
        for file in tmp_path.glob("XB-desk.sqlite3*"):
            assert b"hospital" not in file.read_bytes()
