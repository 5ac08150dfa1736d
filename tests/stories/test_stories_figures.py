"""The figures of two desks over the same requests: each counts from its own rows, and they come to the same numbers."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from contactpoint.desk.figures import DeskFigures, desk_figures, to_csv
from contactpoint.domain.figures import Count, figures
from tests.simulator import simulated


def year(now: datetime) -> tuple[datetime, datetime]:
    return datetime(now.year, 1, 1, tzinfo=UTC), datetime(now.year + 1, 1, 1, tzinfo=UTC)


async def test_both_desks_count_the_same_times_and_the_same_refusal(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xa, xb = net["XA"], net["XB"]
        sent = [await xa.ask("XB") for _ in range(2)]
        await net.settle()
        await net.pass_time(minutes=7)
        for each in sent:
            await xb.acknowledge(each.id)
        await net.pass_time(minutes=20)
        body = {"ground": "RG-22", "reasons": "withheld"}
        await xb.desk.answer(sent[0].id, "REFUSED", body, xb.officer, net.now)
        await net.settle()
        both = [await desk_figures(each.desk.cw, *year(net.now)) for each in (xa, xb)]
        assert both[0].counted.rows == both[1].counted.rows
        (row,) = both[0].counted.rows
        assert row.requests == 2
        assert row.times["acknowledged"].count == 2
        assert 7 * 60 <= row.times["acknowledged"].median_s <= 8 * 60
        assert 27 * 60 <= row.times["answered"].median_s <= 28 * 60
        assert [(each.what, each.number) for each in both[0].counted.refusals] == [("RG-22", 1)]
        assert both[0].counted.disagreements == both[1].counted.disagreements == ()
        text = to_csv(both[1])
        assert text.count("\r\n") == len(text.splitlines())
        assert "XB-OFF" not in text
        assert sent[0].id not in text


def test_a_formula_from_another_product_never_reaches_a_sheet() -> None:
    """An attack: a ground spelled as a formula, opened in a sheet a year later."""
    now = datetime(2027, 3, 4, tzinfo=UTC)
    refusal = Count("XA", "XB", "PRES-NEW", '=HYPERLINK("//h.example")', 1)
    counted = replace(figures((), *year(now)), refusals=(refusal,))
    (line,) = [line for line in to_csv(DeskFigures(counted, (), 0)).splitlines() if line.startswith("refusal")]
    assert line == "refusal,XA,XB,PRES-NEW,,,1,,,"
