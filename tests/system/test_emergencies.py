"""A06, an emergency, and M03, a forged one, over real processes of a training network with a real mail server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import prekey_of
from contactpoint.desk.desk import Desk
from contactpoint.desk.results import MailAnswers
from contactpoint.desk.views import PageView, RequestView, Task
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.link.caller import Caller
from contactpoint.link.dial import Dialler
from contactpoint.link.results import PutResult, RefusedResult
from contactpoint.wire.envelope import seal_letter
from contactpoint.wire.frames import Lane, Role
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import Identity, Standing
from contactpoint.wire.statement import encode_statement
from keys.certificate import issue_officer
from keys.signed import sign
from keys.signing import SigningKey
from tests.fixtures.mail import MailServer, running_mail_server
from tests.fixtures.processes import ROOT, Network, at

CASES = ROOT / "tests" / "cases" / "requests.yaml"
A06_AT = at("2027-07-09T19:40Z")
ASKS, APPROVES = "QT-OFF-210", "QT-OFF-044"
ANSWERS, SIGNS_TOO = "QU-OFF-001", "QU-OFF-002"
SECRET_WORDS = "abducted"


@dataclass(frozen=True, slots=True)
class Site:
    network: Network
    mail: MailServer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    network = Network(tmp_path_factory.mktemp("emergency"))
    with running_mail_server() as mail:
        mails = {
            state: MailAnswers(
                mail.host, mail.port, "none", f"node@{state.lower()}.example", f"desk@{state.lower()}.example"
            )
            for state in ("QT", "QU")
        }
        try:
            network.make(A06_AT, [("QT", (ASKS, APPROVES)), ("QU", (ANSWERS, SIGNS_TOO))], mails)
            yield Site(network, mail)
        finally:
            network.stop()


def wait_for(network: Network, state: str, request: str, status: str = "") -> RequestView:
    async def look(desk: Desk, now: datetime) -> RequestView | None:
        view = await desk.request_view(request, now)
        return view if view is not None and status in ("", view.status) else None

    found = network.until(state, f"request {request} is here {status}", look)
    assert found is not None
    return found


def test_a06_is_approved_called_back_and_answered_by_two_officers_with_both_desks_rung(site: Site) -> None:
    network = site.network
    qt, qu = network.nodes["QT"], network.nodes["QU"]
    alone = network.json("send", str(CASES), "--case", "A06", "--approver", ASKS, *qt.signed(ASKS), code=1)["error"]
    assert alone["code"] == "E-SAME-OFFICER"  # the option stands above the file
    waits = network.json("send", str(CASES), "--case", "A06", *qt.signed(ASKS))
    assert (waits["state"], waits["approver"]) == ("WAITING-FOR-APPROVAL", APPROVES)
    own = network.json("approve", waits["id"], *qt.signed(ASKS), code=1)["error"]
    assert own["code"] == "E-SAME-OFFICER"
    # Kidnapping is no offence of Articles 7 to 17: the approver records the rights check in the same act, or somebody else does.
    check = ("--finding", "none", "--text", "a rescue; no speech, press, belief or assembly")
    assert network.json("approve", waits["id"], *check, *qt.signed(APPROVES))["state"] == "QUEUED"

    request = waits["id"]
    wait_for(network, "QU", request)
    expect_rung(site, request)
    network.run("contactpoint", "acknowledge", request, *qu.signed(ANSWERS))
    told = ("--caller", "QT night desk", "--from-number", "+999 555 1", "--asked", "the last logins", "--called-at")
    call = network.json("oral", "log", "QT", *told, "2027-07-09T19:30Z", *qu.signed(ANSWERS))["oral"]
    assert [each["id"] for each in network.json("oral", "list", *qu.signed(ANSWERS))] == [call]
    network.run("contactpoint", "oral", "link", call[:13], request, *qu.signed(ANSWERS))
    network.run("contactpoint", "flag", request, "--reason", "is it a press matter?", *qu.signed(ANSWERS))

    data = ("--result", "203.0.113.77 port 4711", "--purpose-limit", "only to find the person", "--approver", SIGNS_TOO)
    early = network.json("answer", request, "EXECUTED", *data, *qu.signed(ANSWERS), code=1)["error"]
    assert early["code"] == "E-MOVE-ILLEGAL"
    call_back(network, request)
    network.run("contactpoint", "answer", request, "ACCEPTED", *qu.signed(ANSWERS))
    wait_for(network, "QT", request, "ACCEPTED")
    given = network.json("answer", request, "EXECUTED", *data, *qu.signed(ANSWERS))
    assert (given["state"], given["approver"]) == ("WAITING-FOR-APPROVAL", SIGNS_TOO)
    assert network.json("approve", given["id"], *qu.signed(SIGNS_TOO))["state"] == "WAITING-FOR-REVIEW"
    assert network.json("review", given["id"], *check, *qu.signed(SIGNS_TOO))["state"] == "QUEUED"
    wait_for(network, "QT", request, "EXECUTED")
    expect_answer(site, request)


def expect_rung(site: Site, request: str) -> None:
    """The recipient's desk: board, and a mail to each officer, which says nothing of the case."""

    async def look(desk: Desk, now: datetime) -> tuple[PageView, ...]:
        assert (await desk.beat(now)).unacknowledged == 1
        pages = await desk.pages(request)
        sent = {page.officer for page in pages if page.channel == "smtp" and page.state == "delivered"}
        return pages if sent == {ANSWERS, SIGNS_TOO} else ()

    pages = site.network.until("QU", "both officers are paged by mail", look)
    assert {page.channel for page in pages} == {"console", "smtp"}
    assert {"night@qu.example", "qu-off-002@qu.example"} <= set(site.mail.recipients)
    assert all(SECRET_WORDS not in str(letter) for letter in site.mail.letters)


def call_back(network: Network, request: str) -> None:
    """QU rings the number of the directory, never one from the message, and writes down with whom it spoke."""
    number = network.json("directory", "show", "QT", "--home", "QU")["phones"][0]
    network.run(
        "contactpoint", "answer", request, "CALLED-BACK", "--number", number, "--spoke-with", ASKS,
        "--result", "confirmed", *network.nodes["QU"].signed(ANSWERS),
    )  # fmt: skip


def expect_answer(site: Site, request: str) -> None:
    """The asking desk rings for the unread answer; when it is read, all steps stand there, with both signers' numbers."""
    network = site.network

    async def ringing(desk: Desk, now: datetime) -> int:
        return (await desk.beat(now)).answers

    assert network.look("QT", ringing) == 1
    shown = network.json("show", request, *network.nodes["QT"].signed(ASKS))
    assert network.look("QT", ringing) == 0
    said: dict[str, Any] = {each["kind"]: each for each in shown["statements"]}
    assert list(said) == ["EMERG-DATA", "ACKNOWLEDGED", "CALLED-BACK", "ACCEPTED", "EXECUTED"]
    assert (said["EMERG-DATA"]["by"], said["EMERG-DATA"]["approver"]) == (ASKS, APPROVES)
    assert said["CALLED-BACK"]["body"]["number"] == network.json("directory", "show", "QT", "--home", "QT")["phones"][0]
    assert (said["EXECUTED"]["by"], said["EXECUTED"]["approver"]) == (ANSWERS, SIGNS_TOO)
    assert said["EXECUTED"]["body"]["purpose_limit"] == "only to find the person"


def test_m03_a_key_outside_the_register_is_refused_unseen_and_the_claimed_state_is_warned(site: Site) -> None:
    network = site.network
    result, forged = network.look("QT", put_with_a_strangers_key)
    assert isinstance(result, RefusedResult)
    assert (result.code, result.retry.value, result.after) == ("E-UNTRUSTED-KEY", "never", 0)  # and nothing else

    async def warned(desk: Desk, now: datetime) -> Task | None:
        board = await desk.board(ANSWERS, now)
        return next((task for task in board.tasks if task.code == "E-UNTRUSTED-KEY"), None)

    task = network.until("QU", "a task stands on the board", warned)
    assert task is not None
    assert task.state == "QT"
    phones = network.json("directory", "show", "QT", "--home", "QU")["phones"]
    assert list(task.phones) == phones and phones
    assert SECRET_WORDS not in task.text

    async def queue(desk: Desk, now: datetime) -> list[str]:
        board = await desk.board(ANSWERS, now)
        return [view.id for view in (*board.unacknowledged, *board.mine, *board.open)]

    assert forged not in network.look("QU", queue)
    assert forged not in [row["id"] for row in network.json("inbox", "--home", "QU")]
    expect_mail(site)
    network.look("QT", put_with_a_strangers_key)  # a second forgery in the same hour

    async def two_tasks(desk: Desk, now: datetime) -> bool:
        tasks = [task for task in (await desk.board(ANSWERS, now)).tasks if task.state == "QT"]
        warnings = await desk.pages(f"claim/QT/{now:%Y-%m-%dT%H}")
        return len(tasks) == 2 and len(warnings) == 1  # written down in one transaction: no second mail is due

    network.until("QU", "a second task, and no second warning", two_tasks)


def expect_mail(site: Site) -> None:
    """One mail to the address in the claimed State's card, from the node that refused; it holds nothing of the letter."""

    async def sent(desk: Desk, now: datetime) -> bool:
        return "desk@qt.example" in site.mail.recipients

    site.network.until("QU", "a mail goes to QT", sent)
    [mail] = [letter for letter in site.mail.letters if letter["To"] == "desk@qt.example"]
    assert mail["From"] == "node@qu.example"
    assert "A message in your State's name was refused" in mail["Subject"]
    assert SECRET_WORDS not in str(mail)


async def put_with_a_strangers_key(desk: Desk, now: datetime) -> tuple[PutResult, str]:
    """A well-formed U0 request in QT's name, signed by keys that stand in no charter, put over a link of its own."""
    cw = desk.cw
    stranger = SigningKey.from_seed(os.urandom(64))
    [case] = [each for each in yaml.safe_load(CASES.read_text(encoding="utf-8")) if each["id"] == "A06"]
    beside = {"id", "at", "title", "type", "from", "to", "urgency", "want", "check"}
    number = new_id(os.urandom, now)
    statement = Statement(
        id=number, case=number, kind="EMERG-DATA", urgency=Urgency.U0, cat=cw.catalogue.version, pol=cw.policy.name,
        sender=Address("QT"), recipient=Address("QU"), at=now, expires=now + timedelta(hours=1), by=ASKS,
        approver=None, lang="en", mine=None, seen=None, re=None, thread=None,
        body={key: value for key, value in case.items() if key not in beside}, attachments=(), digest=b"",
    )  # fmt: skip
    signed = sign("statement", encode_statement(statement, cw.net), [stranger], cw.net)
    certificate = issue_officer(
        stranger, "QT", ASKS, ("send",), stranger, now - timedelta(days=1), now + timedelta(days=1), cw.net
    )
    prekey = await cw.db.read(lambda tx: prekey_of(tx, cw, "QU", now))
    parcel = seal_letter(
        signed, [certificate.to_bytes()], (), to_prekey=prekey.public, station=stranger, seal=1,
        dir_size=cw.register.size, unreceived=(), at=now, net=cw.net, random=os.urandom,
    )  # fmt: skip
    caller = Caller(
        identity=Identity("QT", Role.STATION, stranger.public.id, proof_signer(stranger, cw.net)),
        standing=lambda: Standing(log_size=cw.register.size, log_root=cw.register.root),
        verify=proof_verifier(cw.register, cw.net),
        clock=lambda: now,
        random=os.urandom,
        limits=LinkLimits(),
        observe=lambda peer, event: None,
    )
    dialler = Dialler(caller)
    try:
        return await dialler.put(cw.register.addresses("QU")[0], parcel, lane=Lane.URGENT), number
    finally:
        await dialler.close()
