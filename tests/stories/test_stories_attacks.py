"""Attacks on desk and casework, each named after itself: forged, replayed, hidden, poisoned letters; thieves and liars of every role.

Longer than four hundred lines: a list of attacks to be read from top to bottom, on the same few hands and letters.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, select, update

from contactpoint.casework.cases import load_case
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import prekey_of
from contactpoint.casework.receive import Place, receive_letter, receive_slip
from contactpoint.desk.errors import DeskError, UnreachablePeerError
from contactpoint.desk.views import Submitted
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.link.results import HeldResult, RefusedResult
from contactpoint.store import desk_schema, gateway_schema
from contactpoint.wire.envelope import Parcel, read_envelope, seal_letter
from contactpoint.wire.errors import MalformedError
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content
from contactpoint.wire.statement import encode_statement
from keys.certificate import issue_officer
from keys.custody import NodeSecret
from keys.errors import UnsealError
from keys.signed import sign
from keys.signing import SigningKey
from tests.simulator import SimulatedState, Simulator, emergency_body, preservation_body, simulated

SECRET_WORDS = (b"hospital", b"abducted", b"key-delivery", b"netflow")
NOWHERE = Place("XB", "", 10_000, 1)


@dataclass
class Insider:
    """Writes letters of one State by hand, with whatever keys it is given: what a stolen key or a bribed officer could do."""

    net: Simulator
    state: SimulatedState

    def statement(self, peer: str, **changes: Any) -> Statement:
        now = changes.pop("at", self.net.now)
        statement_id = changes.pop("id", None) or new_id(self.net.random, now)
        plain = Statement(
            id=statement_id,
            case=statement_id,
            kind="PRES-NEW",
            urgency=Urgency.U1,
            cat="1",
            pol="standard-1",
            sender=Address(self.state.state),
            recipient=Address(peer),
            at=now,
            expires=now + timedelta(days=7),
            by=f"{self.state.state}-OFF-001",
            approver=None,
            lang="en",
            mine=None,
            seen=None,
            re=None,
            thread=None,
            body=preservation_body(now),
            attachments=(),
            digest=b"",
        )
        return replace(plain, **changes)

    async def seal(
        self,
        statement: Statement,
        signers: Sequence[SigningKey],
        certificates: Sequence[bytes],
        *,
        seal: int = 1,
        unreceived: Sequence[str] = (),
        net: bytes | None = None,
    ) -> Parcel:
        cw = self.state.cw
        prekey = await cw.db.read(lambda tx: prekey_of(tx, cw, statement.recipient, self.net.now))
        name = net or cw.net
        keys = sorted(signers, key=lambda key: key.public.id)
        return seal_letter(
            sign("statement", encode_statement(statement, name), keys, name),
            certificates,
            (),
            to_prekey=prekey.public,
            station=cw.keyring.station,
            seal=seal,
            dir_size=cw.register.copy.size,
            unreceived=unreceived,
            at=max(statement.at, self.net.now),
            net=name,
            random=self.net.random,
        )

    async def send(self, parcel: Parcel) -> Any:
        to = read_envelope(parcel.envelope, self.state.cw.net).core.recipient
        answer = await self.net[to].gateway.put(self.state.peer(), parcel)
        await self.net.settle()
        return answer


async def codes(state: SimulatedState) -> list[str]:
    return [task.code for task in (await state.desk.board("", state.net.now)).tasks]


async def rows(state: SimulatedState, table: Any) -> Any:
    async def work(tx: Any) -> Any:
        return (await tx.execute(select(table))).all()

    return await state.cw.db.read(work)


def held_receipt(by: SimulatedState, parcel: Parcel, at: datetime, to: str) -> bytes:
    """A receipt as a taken-over gateway can make it, with any date."""
    envelope = read_envelope(parcel.envelope, by.cw.net)
    slip = Slip(
        level=SlipLevel.HELD,
        sender=Address(by.state),
        recipient=Address(to),
        at=at,
        skew_ms=None,
        dir_size=by.cw.register.copy.size,
        journal_head=None,
        id=envelope.core.id,
        seal=envelope.core.seal,
        envelope=envelope.digest,
    )
    return sign_slip(slip_content(slip, by.cw.net), by.gateway.parts.key, by.cw.net)


def station_slip(by: SimulatedState, level: SlipLevel, sent: Submitted, envelope: bytes, to: str, **more: Any) -> bytes:
    slip = Slip(
        level=level,
        sender=Address(by.state),
        recipient=Address(to),
        at=by.net.now,
        skew_ms=None,
        dir_size=by.cw.register.copy.size,
        journal_head=None,
        id=sent.id,
        seal=1,
        envelope=envelope,
        **more,
    )
    key = more.pop("key", by.cw.keyring.station)
    return sign_slip(slip_content(slip, by.cw.net), key, by.cw.net)


async def envelope_digest(state: SimulatedState, request: str) -> bytes:
    return next(bytes(row.envelope_digest) for row in await rows(state, desk_schema.statement) if row.id == request)


# The gateway is taken over


async def test_gateway_taken_over_reads_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await net["XA"].ask("XB")
        await net.settle()
        rest = b"".join(path.read_bytes() for path in tmp_path.glob("XB-gateway.sqlite3*"))
        assert len(rest) > 10_000
        assert not [word for word in SECRET_WORDS if word in rest]


async def test_gateway_taken_over_writes_no_letter(tmp_path: Path) -> None:
    """It has no station key: an envelope that it signs itself is set aside with an alarm, and nobody is rung."""
    async with simulated(tmp_path, "XA", "XB") as net:
        forger = Insider(net, net["XA"])
        net["XA"].cw = replace(net["XA"].cw, keyring=replace(net["XA"].cw.keyring, station=net["XB"].gateway.parts.key))
        officer = net["XA"].officer
        parcel = await forger.seal(forger.statement("XB"), [officer.key], officer.certificates)
        await receive_letter(net["XB"].cw, parcel, held_receipt(net["XB"], parcel, net.now, "XA"), NOWHERE, net.now)
        assert not await rows(net["XB"], desk_schema.statement)
        assert await codes(net["XB"]) == ["E-SIGNATURE"]


async def test_gateway_taken_over_swaps_two_payloads_in_vain(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        one, two = [await insider.seal(insider.statement("XB"), [officer.key], officer.certificates) for _ in range(2)]
        swapped = Parcel(one.envelope, two.payload)
        await receive_letter(net["XB"].cw, swapped, held_receipt(net["XB"], one, net.now, "XA"), NOWHERE, net.now)
        assert not await rows(net["XB"], desk_schema.statement)
        assert len(await codes(net["XB"])) == 1


async def test_gateway_taken_over_re_orders_letters_in_vain(tmp_path: Path) -> None:
    """The chain is in the letters: whatever order they come in, both ends fold the same case."""
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net["XA"].desk.answer(sent.id, "WITHDRAW", {}, net["XA"].officer, net.now)
        net["XB"].asleep = True
        await net.settle()
        items = await _mailbox(net["XB"])
        letters = [row for row in items if row.kind == "letter"]
        assert len(letters) == 2
        for number, row in enumerate(reversed(letters), 1):
            parcel = Parcel(bytes(row.envelope), bytes(row.payload))
            await receive_letter(net["XB"].cw, parcel, bytes(row.receipt), replace(NOWHERE, number=number), net.now)
        cases = [await net[state].desk.case_view(sent.case, net.now) for state in ("XA", "XB")]
        assert cases[0].state_digest == cases[1].state_digest
        assert cases[1].requests[0].status == "WITHDRAWN"


async def _mailbox(state: SimulatedState) -> Any:
    async def work(tx: Any) -> Any:
        return (await tx.execute(select(gateway_schema.item).order_by(gateway_schema.item.c.number))).all()

    return await state.gateway.parts.db.read(work)


async def test_gateway_taken_over_that_dates_its_receipt_ahead_silences_no_clock(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        parcel = await insider.seal(insider.statement("XB"), [officer.key], officer.certificates)
        false = held_receipt(net["XB"], parcel, net.now + timedelta(days=3650), "XA")
        await receive_letter(net["XB"].cw, parcel, false, NOWHERE, net.now)
        request = read_envelope(parcel.envelope, net["XB"].cw.net).core.id
        view = await net["XB"].view(request)
        assert all(deadline.due < net.now + timedelta(days=2) for deadline in view.deadlines)
        net["XB"].asleep = True  # its mailbox knows nothing of this letter
        await net.pass_time(minutes=31, step_s=60)
        assert "not-acknowledged" in await net["XB"].levels(request)


async def test_gateway_taken_over_gives_the_receipt_of_another_letter_in_vain(tmp_path: Path) -> None:
    """The letter would be let go of, and lost: it is kept and put again."""
    async with simulated(tmp_path, "XA", "XB") as net:
        first = await net["XA"].ask("XB")
        await net.settle()
        row = next(row for row in await _mailbox(net["XB"]) if row.kind == "letter")
        receipt = bytes(row.receipt)
        honest = net["XB"].gateway.put

        async def lie(*_: Any) -> Any:
            return HeldResult(receipt, duplicate=False)

        net["XB"].gateway.put = lie  # type: ignore[method-assign]
        second = await net["XA"].ask("XB")
        await net["XA"].outbox.run_due()
        assert "held" not in await net["XA"].levels(second.id)
        net["XB"].gateway.put = honest  # type: ignore[method-assign]
        await net.pass_time(minutes=2)
        for sent in (first, second):
            assert (await net["XB"].view(sent.id)).level == "received"


async def test_suppression_shows_in_the_next_letter(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net["XB"].asleep = True
        hidden = await net["XA"].ask("XB")
        await net.settle()
        number = next(row.number for row in await _mailbox(net["XB"]) if row.id == hidden.id)

        async def hide(tx: Any) -> None:
            await tx.execute(delete(gateway_schema.item).where(gateway_schema.item.c.number == number))

        await net["XB"].gateway.parts.db.write(hide)
        net["XB"].asleep = False
        await net["XA"].ask("XB")
        await net.settle()
        tasks = (await net["XB"].desk.board("", net.now)).tasks
        assert [hidden.id in task.text for task in tasks if task.code == "W-SUPPRESSED"] == [True]
        assert "W-MISSED" in [task.code for task in tasks]


async def test_a_letter_that_was_rejected_is_not_told_as_suppressed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        insider = Insider(net, net["XA"])
        officer = net["XA"].officer
        mine = next(bytes(row.digest) for row in await rows(net["XA"], desk_schema.statement))
        move = insider.statement("XB", kind="EXECUTED", case=sent.case, mine=mine, re=mine, body={})
        await insider.send(await insider.seal(move, [officer.key], officer.certificates))
        assert "E-MOVE-ILLEGAL" in await codes(net["XB"])
        await net["XA"].ask("XB")
        await net.settle()
        assert "W-SUPPRESSED" not in await codes(net["XB"])


# Replay and forwarding


async def test_forwarding_a_letter_to_another_state_does_not_open_there(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        await net["XA"].ask("XB")
        await net.settle()
        row = next(row for row in await _mailbox(net["XB"]) if row.kind == "letter")
        parcel = Parcel(bytes(row.envelope), bytes(row.payload))
        answer = await net["XC"].gateway.put(net["XB"].peer(), parcel)
        assert isinstance(answer, RefusedResult)
        receipt = held_receipt(net["XC"], parcel, net.now, "XA")
        await receive_letter(net["XC"].cw, parcel, receipt, replace(NOWHERE, mailbox="XC"), net.now)
        assert not await rows(net["XC"], desk_schema.statement)
        assert await codes(net["XC"])


async def test_replay_to_the_same_desk_after_days_changes_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        await net.settle()
        row = next(row for row in await _mailbox(net["XB"]) if row.kind == "letter")
        before = (await net["XB"].view(sent.id), len(net["XB"].telephone.notices))
        await net["XB"].restart()
        parcel = Parcel(bytes(row.envelope), bytes(row.payload))
        await receive_letter(net["XB"].cw, parcel, bytes(row.receipt), replace(NOWHERE, number=999), net.now)
        after = (await net["XB"].view(sent.id), len(net["XB"].telephone.notices))
        assert after == before
        assert [fact.level for fact in after[0].facts].count("received") == 1


async def test_same_id_with_two_contents_is_kept_as_proof_and_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        first = insider.statement("XB")
        second = replace(first, body={**first.body, "facts": "Something else."})
        for number, statement in enumerate((first, second), 1):
            await insider.send(await insider.seal(statement, [officer.key], officer.certificates, seal=number))
        assert await codes(net["XB"]) == ["E-ID-CONFLICT"]
        assert len(await rows(net["XB"], desk_schema.statement)) == 1
        assert [row.code for row in await rows(net["XB"], desk_schema.set_aside)] == ["E-ID-CONFLICT"]
        view = await net["XB"].desk.case_view(first.id, net.now)
        assert view.statements[0].body["facts"] == first.body["facts"]


async def test_training_letter_in_the_live_network(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        parcel = await insider.seal(insider.statement("XB"), [officer.key], officer.certificates, net=b"t" * 16)
        answer = await net["XB"].gateway.put(net["XA"].peer(), parcel)
        assert isinstance(answer, RefusedResult)
        assert answer.code == "E-WRONG-NETWORK"
        await receive_letter(net["XB"].cw, parcel, b"", NOWHERE, net.now)
        assert not await rows(net["XB"], desk_schema.statement)


# Who may say what


async def test_denial_of_receipt_is_answered_by_the_receipts(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        facts = {(fact.level, fact.by, fact.who) for fact in (await net["XA"].view(sent.id)).facts}
        assert {("held", "XB", "gateway"), ("received", "XB", "station")} <= facts
        kept = [row for row in await rows(net["XA"], desk_schema.fact) if row.level in ("held", "received")]
        assert all(row.signed for row in kept)
        assert len(kept) == 2


@pytest.mark.parametrize("level", [SlipLevel.RECEIVED, SlipLevel.OPENED, SlipLevel.NOT_ACKNOWLEDGED])
async def test_a_third_state_s_slip_about_our_letter_moves_nothing(tmp_path: Path, level: SlipLevel) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        net["XB"].asleep = True
        sent = await net["XA"].ask("XB")
        await net.settle()
        before = await net["XA"].view(sent.id)
        more = {"due": net.now} if level is SlipLevel.NOT_ACKNOWLEDGED else {}
        slip = station_slip(net["XC"], level, sent, await envelope_digest(net["XA"], sent.id), "XA", **more)
        await net["XA"].gateway.put(net["XC"].peer(), slip)
        await net.settle()
        assert await net["XA"].view(sent.id) == before
        assert "E-SIGNATURE" in await codes(net["XA"])


async def test_a_host_that_says_received_for_its_guest_is_not_believed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "QM", "XA", "XB", hosted={"XB": "QM"}) as net:
        net["XB"].asleep = True
        sent = await net["XA"].ask("XB")
        await net.settle()
        slip = station_slip(net["QM"], SlipLevel.RECEIVED, sent, await envelope_digest(net["XA"], sent.id), "XA")
        await net["XA"].gateway.put(net["QM"].peer(), slip)
        await net.settle()
        assert (await net["XA"].view(sent.id)).level == "held"
        assert "E-SIGNATURE" in await codes(net["XA"])


async def test_a_slip_that_only_a_station_may_say_is_not_believed_from_a_gateway(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net["XB"].asleep = True
        sent = await net["XA"].ask("XB")
        await net.settle()
        envelope = await envelope_digest(net["XA"], sent.id)
        honest = station_slip(net["XB"], SlipLevel.RECEIVED, sent, envelope, "XA")
        content = honest  # the same words under the gateway's key
        slip = Slip(
            level=SlipLevel.RECEIVED,
            sender=Address("XB"),
            recipient=Address("XA"),
            at=net.now,
            skew_ms=None,
            dir_size=1,
            journal_head=None,
            id=sent.id,
            seal=1,
            envelope=envelope,
        )
        false = sign_slip(slip_content(slip, net["XB"].cw.net), net["XB"].gateway.parts.key, net["XB"].cw.net)
        assert content != false
        await receive_slip(net["XA"].cw, false, replace(NOWHERE, mailbox="XA"), net.now)
        assert (await net["XA"].view(sent.id)).level == "held"
        assert "E-SIGNATURE" in await codes(net["XA"])


async def test_a_recipient_cannot_say_what_only_the_sender_s_station_may(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        await net.settle()
        slip = station_slip(
            net["XB"], SlipLevel.EXPIRED, sent, await envelope_digest(net["XA"], sent.id), "XA", due=net.now
        )
        await net["XA"].gateway.put(net["XB"].peer(), slip)
        await net.settle()
        assert "expired" not in await net["XA"].levels(sent.id)


# Who must sign


def emergency_of(insider: Insider) -> Statement:
    return insider.statement(
        "XB",
        kind="EMERG-DATA",
        urgency=Urgency.U0,
        body=emergency_body(insider.net.now),
        approver=f"{insider.state.state}-OFF-002",
        expires=insider.net.now + timedelta(hours=24),
    )


async def nobody_was_rung(net: Simulator, code: str) -> None:
    assert code in await codes(net["XB"])
    assert not await rows(net["XB"], desk_schema.statement)
    assert not await rows(net["XB"], desk_schema.request)
    assert not net["XB"].telephone.notices


async def test_signed_by_one_officer_where_two_are_needed(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        await insider.send(await insider.seal(emergency_of(insider), [officer.key], officer.certificates))
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_signed_by_the_same_officer_twice_under_two_numbers(tmp_path: Path) -> None:
    """One key, certified under two numbers: a second officer who is the first."""
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        again = await certificate(net, "XA", "XA-OFF-002", officer.key, net.now - timedelta(hours=1))
        parcel = await insider.seal(emergency_of(insider), [officer.key], [*officer.certificates, again])
        await insider.send(parcel)
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_signed_by_the_same_officer_who_is_named_twice(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        twice = replace(emergency_of(insider), approver=officer.number)
        # The one spelling that a sender may write is the only one that a recipient reads: the same function refuses both.
        with pytest.raises(MalformedError, match="its own author"):
            await insider.seal(twice, [officer.key], officer.certificates)


async def certificate(net: Simulator, state: str, number: str, key: SigningKey, start: datetime) -> bytes:
    from contactpoint.casework.keyring import open_signing_key
    from keys.certificate import Role

    here = net[state]
    issuer = await here.cw.db.read(lambda tx: open_signing_key(tx, here.secret, Role.ISSUER, net.now))
    return issue_officer(
        issuer, state, number, ("send",), key, start, start + timedelta(days=31), here.cw.net
    ).to_bytes()


async def test_signed_under_an_expired_certificate(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        old = await certificate(net, "XA", officer.number, officer.key, net.now - timedelta(days=32))
        await insider.send(await insider.seal(insider.statement("XB"), [officer.key], [old]))
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_signed_under_a_certificate_of_another_state(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        insider, stranger = Insider(net, net["XA"]), net["XC"].officer
        paper = await certificate(net, "XC", "XA-OFF-001", stranger.key, net.now)
        await insider.send(await insider.seal(insider.statement("XB"), [stranger.key], [paper]))
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_signed_by_a_revoked_officer(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        net.now += timedelta(minutes=1)
        net.register.revoke("XA", net["XA"].cw.keyring.station, officer.key.public.id, net.now)
        await net.refresh()
        net.now += timedelta(minutes=1)
        await insider.send(await insider.seal(insider.statement("XB"), [officer.key], officer.certificates))
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_back_dating_with_a_stolen_officer_key(tmp_path: Path) -> None:
    """Dated before the revocation, held after it: the witness decides."""
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        good = await net["XA"].ask("XB")
        await net.settle()
        stolen = insider.statement("XB", at=net.now)
        net.now += timedelta(hours=1)
        net.register.revoke("XA", net["XA"].cw.keyring.station, officer.key.public.id, net.now)
        await net.refresh()
        net.now += timedelta(hours=1)
        await insider.send(await insider.seal(stolen, [officer.key], officer.certificates))
        assert "E-SIGNATURE" in await codes(net["XB"])
        assert [row.id for row in await rows(net["XB"], desk_schema.statement)] == [good.id]
        assert (await net["XB"].view(good.id)).level == "received"  # what was witnessed before stays


async def test_a_station_in_an_officer_s_place(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider = Insider(net, net["XA"])
        await insider.send(await insider.seal(insider.statement("XB"), [net["XA"].cw.keyring.station], []))
        await nobody_was_rung(net, "E-SIGNATURE")


async def test_a_suspended_state_says_nothing_and_is_not_written_to(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        insider, officer = Insider(net, net["XA"]), net["XA"].officer
        parcel = await insider.seal(insider.statement("XB"), [officer.key], officer.certificates)
        net.now += timedelta(minutes=1)
        net.register.suspend("XA", net.now)
        await net.refresh()
        answer = await net["XB"].gateway.put(net["XA"].peer(), parcel)
        assert isinstance(answer, RefusedResult)
        await receive_letter(net["XB"].cw, parcel, held_receipt(net["XB"], parcel, net.now, "XA"), NOWHERE, net.now)
        assert not await rows(net["XB"], desk_schema.statement)
        with pytest.raises(UnreachablePeerError):
            await net["XB"].ask("XA")


# Poison


async def test_a_poisoned_letter_is_set_aside_after_three_tries_and_those_behind_it_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net["XB"].asleep = True
        poisoned = await net["XA"].ask("XB")
        behind = await net["XA"].ask("XB")
        await net.settle()
        net["XB"].asleep = False
        from contactpoint.casework import receive

        honest = receive.admit

        def breaks(case: Any, statement: Statement, catalogue: Any) -> Any:
            if statement.id == poisoned.id:
                raise KeyError("a fault that nobody foresaw")
            return honest(case, statement, catalogue)

        monkeypatch.setattr(receive, "admit", breaks)
        for _ in range(2):
            with pytest.raises(KeyError):
                await net["XB"].take()
        await net.settle()
        assert "E-POISONED" in await codes(net["XB"])
        assert await net["XB"].desk.request_view(poisoned.id, net.now) is None
        assert (await net["XB"].view(behind.id)).level == "received"
        assert len(await rows(net["XB"], desk_schema.set_aside)) == 1


async def test_a_poisoned_request_row_does_not_hold_up_the_timers_of_others(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        poisoned, good = await net["XA"].ask("XB"), await net["XA"].ask("XB")
        await net.settle()

        async def poison(tx: Any) -> None:
            table = desk_schema.request
            await tx.execute(update(table).where(table.c.id == poisoned.id).values(ladder='{"not": "a ladder"}'))

        await net["XB"].cw.db.write(poison)
        before = len(net["XB"].telephone.notices)
        await net.pass_time(minutes=10, step_s=60)
        assert [n.reference for _, n in net["XB"].telephone.notices[before:]] == [good.id[-12:]]
        await net.pass_time(minutes=10, step_s=60)
        tasks = await rows(net["XB"], desk_schema.task)
        assert [(task.code, task.request_id) for task in tasks if task.code == "E-POISONED"] == [
            ("E-POISONED", poisoned.id)
        ]


async def test_flooding_letters_of_one_state_do_not_push_an_emergency_of_another_down_the_board_or_back_in_the_pages(
    tmp_path: Path,
) -> None:
    """A mailbox is one queue in the order of its numbers: an emergency behind a flood is paged once the flood before it is taken."""
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        insider, officer = Insider(net, net["XC"]), net["XC"].officer
        flood = [await insider.seal(insider.statement("XB"), [officer.key], officer.certificates) for _ in range(40)]
        net["XB"].asleep = True
        for parcel in flood:
            await net["XB"].gateway.put(net["XC"].peer(), parcel)
        waiting = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=emergency_body(net.now), approver="XA-OFF-002")
        await net["XA"].desk.approve(waiting.id, net["XA"].officers["XA-OFF-002"], net.now)
        await net.settle()
        net["XB"].asleep = False
        await net.settle()
        assert (await net["XB"].view(waiting.id)).level == "received"
        assert waiting.id[-12:] in [notice.reference for _, notice in net["XB"].telephone.notices[:16]]
        assert (await net["XB"].desk.board("", net.now)).unacknowledged[0].id == waiting.id


# Thieves


async def rich_run(net: Simulator) -> Submitted:
    """Everything once: asked, acknowledged, needed, answered, disclosed."""
    sent = await net["XA"].ask("XB")
    waiting = await net["XA"].ask("XB", "EMERG-DATA", "U0", body=emergency_body(net.now), approver="XA-OFF-002")
    await net["XA"].desk.approve(waiting.id, net["XA"].officers["XA-OFF-002"], net.now)
    await net.settle()
    desk, officer = net["XB"].desk, net["XB"].officer
    for request in (sent.id, waiting.id):
        await net["XB"].acknowledge(request)
    question = {"fields": ["necessity"], "question": "hospital and abducted?"}
    await desk.answer(sent.id, "NEED-INFO", question, officer, net.now)
    call = {"number": "+999100200", "spoke_with": "OFF-001", "result": "abducted indeed"}
    await desk.answer(waiting.id, "CALLED-BACK", call, officer, net.now)
    disclosure = {"result": "hospital logins 192.0.2.44", "purpose_limit": "abducted"}
    answer = await desk.answer(waiting.id, "EXECUTED", disclosure, officer, net.now, "XB-OFF-002")
    await desk.approve(answer.id, net["XB"].officers["XB-OFF-002"], net.now)
    for broken in ("no-such-request", sent.id):
        with pytest.raises(DeskError) as refused:
            await desk.answer(broken, "EXECUTED", {"reference": "hospital"}, officer, net.now)
        assert not [word for word in SECRET_WORDS if word.decode() in str(refused.value)]
    await net.pass_time(hours=1, step_s=600)
    return sent


async def test_stolen_database_reads_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        await rich_run(net)
        seeds = [officer.key.seed for state in net for officer in state.officers.values()]
        seeds += [state.cw.keyring.station.seed for state in net] + [state.cw.keyring.storage.secret32 for state in net]
        seeds += [state.secret.secret32 for state in net]
        for path in tmp_path.glob("*.sqlite3*"):
            rest = path.read_bytes()
            assert not [word for word in SECRET_WORDS if word in rest], f"{path.name} shows what an officer wrote"
            assert not [seed for seed in seeds if seed in rest or seed[:32] in rest], f"{path.name} shows a key"


async def test_stolen_database_without_the_node_s_secret_opens_no_letter(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        cw = net["XA"].cw
        thief = replace(cw, keyring=replace(cw.keyring, storage=NodeSecret(b"?" * 32)))
        with pytest.raises(UnsealError):
            await cw.db.read(lambda tx: load_case(tx, thief, sent.case))


async def test_secrets_reach_no_log_no_notice_and_no_trace(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(said),
        cache_logger_on_first_use=False,
    )
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    try:
        async with simulated(tmp_path, "XA", "XB") as net:
            net.weather.lost = 0.3
            await rich_run(net)
            notices = repr([state.telephone.notices for state in net])
            shown = repr([(state.cw, state.officers, state.secret) for state in net])
            tasks = repr([await rows(state, desk_schema.task) for state in net])
            journals = repr([await rows(state, desk_schema.journal.entries) for state in net])
            outcomes = repr([await rows(state, desk_schema.outbox.c.outcome) for state in net])
            keys = [officer.key.seed.hex() for state in net for officer in state.officers.values()]
            keys += [repr(officer.key.seed) for state in net for officer in state.officers.values()]
    finally:
        structlog.reset_defaults()
    everything = said.getvalue() + caplog.text + notices + shown + tasks + journals + outcomes
    assert not [word for word in SECRET_WORDS if word.decode() in everything]
    assert not [key for key in keys if key in everything]


async def test_a_destroyed_case_key_makes_the_case_unreadable_and_leaves_its_digests(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB")
        cw = net["XA"].cw
        wraps = await rows(net["XA"], desk_schema.case_file)
        assert all(wrap.key_storage and wrap.key_archive for wrap in wraps)

        async def destroy(tx: Any) -> None:
            lost = cw.random(len(wraps[0].key_storage))
            await tx.execute(update(desk_schema.case_file).values(key_storage=lost, key_archive=None))

        await cw.db.write(destroy)
        with pytest.raises(UnsealError):
            await cw.db.read(lambda tx: load_case(tx, cw, sent.case))
        assert all(len(row.digest) == 32 for row in await rows(net["XA"], desk_schema.statement))
