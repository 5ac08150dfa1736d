"""The thread A01 -> A03 and the faulty M01 and M10, over real processes of a training network whose clock stands at each case's `at`.

One register and the same two nodes serve all; between two instants everything is stopped and started again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from contactpoint.desk.compose import write
from contactpoint.desk.desk import Desk
from contactpoint.desk.plan import Plan
from contactpoint.desk.views import CaseView, RequestView
from contactpoint.domain.values import Address, Urgency
from contactpoint.store.rows_clocks import clocks_of
from tests.fixtures.processes import ROOT, SECRET, Network, at

CASES = ROOT / "tests" / "cases" / "requests.yaml"
A01_AT, A03_AT = at("2027-03-04T13:00Z"), at("2027-04-26T09:00Z")
QM, QN = "QM-OFF-017", "QN-OFF-001"
SIXTY_DAYS = timedelta(days=60)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = Network(tmp_path_factory.mktemp("thread"))
    try:
        network.make(A01_AT, [("QM", (QM,)), ("QN", (QN,))])
        yield network
    finally:
        network.stop()


def case_file(name: str) -> dict[str, Any]:
    return {str(each["id"]): each for each in yaml.safe_load(CASES.read_text(encoding="utf-8"))}[name]


def written(path: Path, case: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(case, sort_keys=False), encoding="utf-8")
    return str(path)


def request_of(shown: dict[str, Any], identity: str) -> dict[str, Any]:
    return next(each for each in shown["requests"] if each["id"] == identity)


def wait_until_here(network: Network, state: str, request: str) -> RequestView:
    async def look(desk: Desk, now: datetime) -> RequestView | None:
        return await desk.request_view(request, now)

    found = network.until(state, f"request {request} arrives", look)
    assert found is not None
    return found


def wait_for_status(network: Network, state: str, request: str, status: str) -> RequestView:
    async def look(desk: Desk, now: datetime) -> RequestView | None:
        view = await desk.request_view(request, now)
        return view if view is not None and view.status == status else None

    found = network.until(state, f"request {request} becomes {status}", look)
    assert found is not None
    return found


def wait_for_levels(network: Network, state: str, request: str, *levels: str) -> None:
    async def look(desk: Desk, now: datetime) -> bool:
        view = await desk.request_view(request, now)
        return view is not None and {fact.level for fact in view.facts} >= set(levels)

    network.until(state, f"request {request} shows {levels}", look)


def clocks(network: Network, state: str, request: str) -> dict[str, tuple[datetime, datetime]]:
    async def look(desk: Desk, now: datetime) -> dict[str, tuple[datetime, datetime]]:
        rows = await desk.cw.db.read(lambda tx: clocks_of(tx, request))
        return {row.name: (row.starts, row.due) for row in rows}

    return network.look(state, look)


def digests_agree(network: Network, case: str) -> None:
    async def look(desk: Desk, now: datetime) -> CaseView:
        return await desk.case_view(case, now)

    async def same(desk: Desk, now: datetime) -> bool:
        return (await desk.case_view(case, now)).state_digest == there.state_digest

    there = network.look("QN", look)
    network.until("QM", "both ends fold to one case", same)


def test_a01_is_preserved_for_sixty_days_and_a03_extends_it_after_everything_was_restarted(
    network: Network, tmp_path: Path
) -> None:
    request, case, old = play_a01(network, tmp_path)
    codes = network.stop()
    assert codes == [0, 0, 0]
    network.start(A03_AT)
    play_a03(network, request, case, old)


def play_a01(network: Network, tmp_path: Path) -> tuple[str, str, datetime]:
    """A01 to its end; the request, its case and the earliest lawful expiry."""
    qm, qn = network.nodes["QM"], network.nodes["QN"]
    sent = network.json("send", str(CASES), "--case", "A01", *qm.signed(QM))
    request, case = sent["id"], sent["case"]
    wait_until_here(network, "QN", request)
    wait_for_levels(network, "QM", request, "held", "received")
    expect_ringing(network, request)

    shown = network.json("show", request, *qn.signed(QN))
    assert request_of(shown, request)["urgency"] == "U1"
    network.run("contactpoint", "acknowledge", request, *qn.signed(QN))
    network.run("contactpoint", "answer", request, "ACCEPTED", *qn.signed(QN))
    wait_for_status(network, "QM", request, "ACCEPTED")
    expect_answer_rings(network)
    preserved_from = A01_AT
    network.run(
        "contactpoint", "answer", request, "EXECUTED", "--preserved-from", "2027-03-04T13:00:00Z",
        "--reference", "QN-P-1", *qn.signed(QN),
    )  # fmt: skip
    wait_for_status(network, "QM", request, "EXECUTED")

    for state in ("QM", "QN"):
        kept = wait_until_here(network, state, request).preservation
        assert kept is not None
        assert (kept.preserved_from, kept.expires) == (preserved_from, preserved_from + SIXTY_DAYS)
        assert clocks(network, state, request)["PRES-60"] == (preserved_from, preserved_from + SIXTY_DAYS)
    told = network.run("contactpoint", "show", "A01", *qm.signed(QM)).stdout  # by its label, as a person reads it
    assert "preserved from 2027-03-04T13:00:00Z, earliest expiry 2027-05-03T13:00:00Z" in told
    digests_agree(network, case)
    prove(network, request, tmp_path / "A01.zip")
    return request, case, preserved_from + SIXTY_DAYS


def expect_ringing(network: Network, request: str) -> None:
    async def look(desk: Desk, now: datetime) -> None:
        beat = await desk.beat(now)
        assert (beat.unacknowledged, beat.overdue) == (1, 0)
        assert [view.id for view in (await desk.board(QN, now)).unacknowledged] == [request]
        assert {page.officer for page in await desk.pages(request)} == {QN}

    network.look("QN", look)


def expect_answer_rings(network: Network) -> None:
    """An answer to an own U1 request that nobody has opened rings at the sender's desk."""

    async def look(desk: Desk, now: datetime) -> int:
        return (await desk.beat(now)).answers

    assert network.look("QM", look) == 1


def prove(network: Network, request: str, bundle: Path) -> None:
    qm = network.nodes["QM"]
    network.run("contactpoint", "export", request, "--out", str(bundle), *qm.signed(QM))
    report = network.json("verify", str(bundle), "--genesis", network.genesis)
    assert (report["verified"], report["pinned"], report["problems"]) == (True, True, [])


def play_a03(network: Network, parent: str, case: str, old: datetime) -> None:
    qm, qn = network.nodes["QM"], network.nodes["QN"]
    sent = network.json("send", str(CASES), "--case", "A03", *qm.signed(QM))
    assert sent["case"] == case
    request, new = sent["id"], old + SIXTY_DAYS
    arrived = wait_until_here(network, "QN", request)
    assert arrived.at >= A03_AT
    network.run("contactpoint", "acknowledge", request, *qn.signed(QN))
    network.run("contactpoint", "answer", request, "ACCEPTED", *qn.signed(QN))
    stated = new.isoformat().replace("+00:00", "Z")
    network.run("contactpoint", "answer", request, "EXTENDED", "--new-expiry", stated, *qn.signed(QN))
    wait_for_status(network, "QM", request, "EXTENDED")

    for state in ("QM", "QN"):
        view = wait_until_here(network, state, parent)
        assert view.preservation is not None
        assert view.preservation.extensions == ((old, new),)
        assert view.preservation.expires == new
        assert clocks(network, state, parent)["PRES-60"][1] == new
    shown = request_of(network.json("show", parent, *qm.signed(QM)), parent)
    assert shown["preservation"]["extensions"] == [["2027-05-03T13:00:00Z", "2027-07-02T13:00:00Z"]]
    assert "PRES-EXT" in shown["permitted"]  # a second extension stays possible
    digests_agree(network, case)


def test_m01_is_refused_at_the_own_desk_which_names_both_fields(network: Network, tmp_path: Path) -> None:
    case = {key: value for key, value in case_file("A01").items() if key not in ("necessity", "mla_intent", "at")}
    file = written(tmp_path / "m01.yaml", {**case, "id": "M01"})
    refused = network.json("send", file, *network.nodes["QM"].signed(QM), code=1)["error"]
    assert refused["code"] == "E-FIELD-MISSING"
    assert {problem["field"] for problem in refused["problems"]} == {"necessity", "mla_intent"}
    assert refused["what_to_do"]

    async def look(desk: Desk, now: datetime) -> list[str]:
        return [view.label for view in (await desk.board(QM, now)).sent]

    assert "M01" not in network.look("QM", look)  # nothing left


def test_m01_from_another_product_arrives_is_asked_for_both_fields_and_stays_open(network: Network) -> None:
    request = network.look("QM", send_unchecked)
    wait_until_here(network, "QN", request)
    qn = network.nodes["QN"]
    network.run("contactpoint", "acknowledge", request, *qn.signed(QN))
    network.run(
        "contactpoint", "answer", request, "NEED-INFO", "--fields", "necessity", "--fields", "mla_intent",
        "--question", "Article 42(3)(e) and (f)", *qn.signed(QN),
    )  # fmt: skip
    asked = wait_for_status(network, "QM", request, "NEED-INFO")
    assert "INFO" in asked.permitted
    shown = network.json("show", request, *network.nodes["QM"].signed(QM))
    body = next(each["body"] for each in shown["statements"] if each["kind"] == "NEED-INFO")
    assert body["fields"] == ["necessity", "mla_intent"]
    open_still = wait_until_here(network, "QN", request)
    assert {"ACCEPTED", "EXECUTED"} <= set(open_still.permitted)


async def send_unchecked(desk: Desk, now: datetime) -> str:
    """Another product's desk: signs and queues without looking at the catalogue's mandatory fields."""
    beside = {"id", "at", "title", "type", "from", "to", "urgency", "want", "check", "necessity", "mla_intent"}
    body = {key: value for key, value in case_file("A01").items() if key not in beside}
    plan = Plan("PRES-NEW", Address("QN"), Urgency.U1, body, None, None, "en", None, "", "")
    return (await write(desk.cw, plan, await desk.unseal(QM, SECRET, now), now)).id


def test_m10_future_data_are_refused_with_the_two_types_that_fit(network: Network, tmp_path: Path) -> None:
    case = case_file("A01")
    case.pop("at")
    case["data"] = {**case["data"], "from": "2027-12-01T00:00:00Z", "until": "2027-12-31T00:00:00Z"}
    file = written(tmp_path / "m10.yaml", {**case, "id": "M10"})
    told = network.run("contactpoint", "send", file, *network.nodes["QM"].signed(QM), code=1).stderr
    # Warnings may stand before it, such as that of another request about the same account.
    assert any(line.startswith("E-FUTURE-DATA: ") for line in told.splitlines())
    assert "Instead: MLA-TRAF-RT, MLA-CONT-RT." in told
    assert "What to do: " in told
