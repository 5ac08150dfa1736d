"""The external ledger: what was wanted, beside what stands in both States' databases once everything is quiet.

It asks the databases as a stranger would (SQLite, read only) and the two desks for what they show. Each rule names what would be
wrong; nothing here is told by the processes that were killed.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contactpoint.desk.desk import Desk
from contactpoint.desk.views import CaseView
from contactpoint.main.clock import Clock
from contactpoint.main.node import open_desk
from contactpoint.store import desk_schema, gateway_schema
from contactpoint.store.database import Database
from contactpoint.store.journal import verify_journal
from contactpoint.wire.slip import Slip, decode_slip

# A worker was dead for a while, and is missed; the officers were slower than the rungs; nobody sits at a console here.
_CAUSED = ("W-CATCH-UP", "W-LADDER-EXHAUSTED", "W-OVERDUE", "W-WORKER-SILENT", "W-NOBODY-REACHABLE")


@dataclass(frozen=True)
class Wanted:
    """What the sending hand wrote down: labels that it was about to submit, and the ids of those that it had submitted."""

    labels: tuple[str, ...]
    ids: dict[str, str]  # label: id; one that was wanted and is not here may stand in the database, once, or not at all


def wanted(path: Path) -> Wanted:
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return Wanted(
        tuple(words[1] for words in lines if words[0] == "want"),
        {words[1]: words[2] for words in lines if words[0] == "sent"},
    )


def rows(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What a stranger reads in the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, values).fetchall()


class Books:
    """The four databases of two States; QM asked, QN was asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.asking, self.asked = home / "QM" / "desk.sqlite3", home / "QN" / "desk.sqlite3"
        self.boxes = {state: home / state / "gateway.sqlite3" for state in ("QM", "QN")}

    def requests(self) -> dict[str, str]:
        """label: id of every request that the asking desk keeps."""
        return dict(rows(self.asking, "SELECT label, id FROM request WHERE NOT incoming"))

    def unfinished(self) -> list[tuple[str, str]]:
        """(what, which) that is still on its way."""
        found = [
            ("not accepted here", id)
            for (id,) in rows(self.asking, "SELECT id FROM request WHERE status != 'ACCEPTED'")
        ]
        found += [("not received there", id) for id in set(self.requests().values()) - self._received()]
        for desk in (self.asking, self.asked):
            found += rows(desk, "SELECT 'in the outbox', id FROM outbox WHERE state = 'due'")
        found += rows(self.asked, "SELECT 'page', id FROM page WHERE state = 'due'")
        for state, desk in (("QM", self.asking), ("QN", self.asked)):
            head = rows(self.boxes[state], "SELECT head FROM mailbox")[0][0]
            number = (rows(desk, "SELECT number FROM cursor") or [(0,)])[0][0]
            found += [("in the mailbox", f"{state} {number} of {head}")] if number < head else []
        return found

    def _received(self) -> set[str]:
        return {id for (id,) in rows(self.asked, "SELECT id FROM request WHERE incoming")}


def judge_requests(books: Books, kept: Wanted) -> None:
    """Every request that was submitted stands at both ends, once; one that died half submitted stands once or not at all."""
    labels = Counter(label for (label,) in rows(books.asking, "SELECT label FROM request"))
    assert [label for label, count in labels.items() if count > 1] == [], "submitted twice"
    standing = books.requests()
    lost = {label: id for label, id in kept.ids.items() if standing.get(label) != id}
    assert not lost, f"submitted and lost: {lost}"
    assert set(standing) <= set(kept.labels), "a request that nobody wanted"
    received = Counter(
        id for (id,) in rows(books.asked, "SELECT subject FROM desk_journal WHERE event = 'received PRES-NEW'")
    )
    assert received == Counter(standing.values()), "delivered other than once"


def judge_statements(books: Books) -> None:
    """One acknowledgement and one answer of each request, at both ends, and every letter in its mailbox once."""
    count = len(books.requests())
    for desk in (books.asking, books.asked):
        kinds = dict(rows(desk, "SELECT kind, count(*) FROM statement GROUP BY kind"))
        assert kinds == {"PRES-NEW": count, "ACKNOWLEDGED": count, "ACCEPTED": count}
        cases = rows(desk, "SELECT case_id, kind FROM statement GROUP BY case_id, kind HAVING count(*) != 1")
        assert cases == [], "acknowledged or answered twice"
        assert rows(desk, "SELECT code, body FROM set_aside") == [], "a letter was set aside"
        alarms = rows(desk, "SELECT DISTINCT code, note FROM task")
        assert [each for each in alarms if each[0] not in _CAUSED] == [], "an alarm without a cause"
    for state, box in books.boxes.items():
        again = rows(box, "SELECT sender, id FROM item WHERE kind = 'letter' GROUP BY sender, id HAVING count(*) != 1")
        assert again == [], f"two copies of a letter in the mailbox of {state}"
        numbers = [number for (number,) in rows(box, "SELECT number FROM item ORDER BY number")]
        assert numbers == list(range(1, len(numbers) + 1)), f"a hole in the mailbox of {state}"


def _slips(desk: Path, level: str) -> Iterator[tuple[Slip, bool]]:
    """(slip, whether it is signed) of a level, of either side."""
    for content, signed in rows(desk, "SELECT content, signed FROM fact WHERE level = ?", level):
        yield decode_slip(content), signed is not None


def judge_receipts(books: Books) -> None:
    """No receipt without its cause: held has its item, received its statement; and nobody waits for one that was earned."""
    peers = (("QM", books.asking, "QN", books.asked), ("QN", books.asked, "QM", books.asking))
    for own, desk, peer, other in peers:
        letters = set(rows(desk, "SELECT id, envelope_digest FROM statement WHERE sender = ?", own))
        items = set(rows(books.boxes[peer], "SELECT id, digest FROM item WHERE kind = 'letter' AND sender = ?", own))
        taken = set(rows(other, "SELECT id, envelope_digest FROM statement WHERE sender = ?", own))
        for level, causes in (("held", items), ("received", taken)):
            said = [(slip.id, slip.envelope) for slip, _ in _slips(desk, level) if slip.sender == peer]
            assert len(said) == len(set(said)), f"{level} of one letter was heard in two versions"
            assert set(said) <= causes, f"{level} without its cause"
            assert set(said) == letters, f"{level} never heard"
        unsigned = [slip.id for slip, signed in _slips(desk, "received") if not signed]
        assert unsigned == [], "said, and never signed"


def judge_pages(books: Books, out: Path) -> None:
    """One row and one call for each (request, cycle, rung, officer, channel), however often its sender was killed."""
    pages = rows(books.asked, "SELECT request_id, cycle, rung, officer, channel FROM page")
    assert len(pages) == len(set(pages))
    called = Counter(out.read_text().split()) if out.exists() else Counter()
    assert [id for id, times in called.items() if times > 1] == [], "somebody was called twice for one page"
    ids = {id for (id,) in rows(books.asked, "SELECT id FROM page WHERE channel = 'exec'")}
    assert set(called) <= ids, "somebody was called for nothing"
    delivered = {
        id for (id,) in rows(books.asked, "SELECT id FROM page WHERE channel = 'exec' AND state = 'delivered'")
    }
    assert delivered <= set(called), "a page counts as delivered and never went out"


async def judge_state(books: Books, ids: Sequence[str]) -> None:
    """Both desks show these requests alike: the same digest of state, the same officer, the same status."""
    async with open_desk(books.home / "QM") as (qm, clock), open_desk(books.home / "QN") as (qn, _):
        for each in ids:
            here, there = await _case(qm, each, clock), await _case(qn, each, clock)
            assert here.state_digest == there.state_digest
            shown = [[(r.id, r.status, r.acknowledged_by) for r in case.requests] for case in (here, there)]
            assert shown == [[(each, "ACCEPTED", "QN-OFF-001")]] * 2


async def _case(desk: Desk, request: str, clock: Clock) -> CaseView:
    case, _ = await desk.find_request(request)
    return await desk.case_view(case, clock())


async def judge_journals(books: Books) -> None:
    """Each journal is whole, and every head that was told to the peer stands in it."""
    heard = {"QM": books.asked, "QN": books.asking}
    for state, told in heard.items():
        facts = [decode_slip(row[0]) for row in rows(told, "SELECT content FROM fact WHERE by_state = ?", state)]
        held = {slip.journal_head for slip in facts if slip.level.value == "held" and slip.journal_head}
        said = {slip.journal_head for slip in facts if slip.level.value != "held" and slip.journal_head}
        for name, schema, known in (("desk", desk_schema, said), ("gateway", gateway_schema, held)):
            url = f"sqlite:///{books.home / state / name}.sqlite3"
            db = await Database.open(url, schema.metadata, name)
            try:
                await db.read(lambda tx, j=schema.journal, k=known: verify_journal(tx, j, k))
            finally:
                await db.close()
