"""A State's own papers beside a request: what it hears before sending, its standing instructions, its draft order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactpoint.desk.errors import DeskError, DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.instructions import Instruction, Provider, item_of
from contactpoint.desk.review import Check
from contactpoint.desk.views import Draft
from contactpoint.domain.precheck import Finding
from contactpoint.store.desk_schema import instruction, journal, tick
from directory.card import Authority, Help, Language, LegalCard, OwnHelp, OwnOffence
from tests.simulator import START, Simulator, preservation_body, simulated

SERIOUS = {"code": "O-SC", "name": "fraud", "provision": "XA 5", "maximum_years": 6}
WRITTEN = Instruction(
    "Ring the prosecutor first.",
    "Duty office +999100300",
    (Provider("Hosting", "orders@hosting.example"),),
    ("Rung", "Signed"),
)


def draft(net: Simulator, peer: str = "XB", kind: str = "PRES-NEW", lang: str = "en", **more: Any) -> Draft:
    return Draft(kind, peer, "U1", {**preservation_body(net.now), **more}, lang=lang)


async def hears(net: Simulator, draft: Draft) -> dict[str, Finding]:
    return {each.code: each for each in await net["XA"].desk.precheck(draft, net.now)}


# Before sending


async def test_an_officer_hears_what_the_card_of_the_other_state_says(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.register.change_card(
            "XB",
            net.now,
            status="party",
            languages=(Language(tag="fr"),),
            own_help=OwnHelp(b=Help(how="passes-on", to="Police of XB")),
            authorities=(Authority(role="central", name="Ministry of XB", telephone="+999100300"),),
            legal=LegalCard(
                user_notification="delayed",
                user_notification_days=30,
                offences={"O-07": OwnOffence(name="Intrusion", provision="XB Code 7", maximum_years=5)},
            ),
        )
        await net.refresh()
        told = await hears(net, draft(net, confidentiality={"keep_secret": True}))
        assert "Police of XB" in told["W-PASSES-ON"].message
        assert "fr" in told["W-LANGUAGE"].message and "30 days" in told["W-USER-NOTICE"].message
        assert "XB Code 7" in told["N-OWN-OFFENCE"].message
        assert "Desk of XA" in told["W-NOT-PARTY"].message and "Desk of XB" not in told["W-NOT-PARTY"].message
        mla = await hears(net, draft(net, kind="MLA-FWD"))
        assert "Ministry of XB" in mla["N-DECIDES"].message and "+999100300" in mla["N-DECIDES"].message


async def test_what_the_form_lacks_stops_and_the_rest_is_told_beside_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        body = {**preservation_body(net.now), "offences": ["O-NONE"]}
        del body["necessity"]
        told = await net["XA"].desk.precheck(Draft("PRES-NEW", "XB", "U1", body), net.now)
        assert [each.code for each in told if each.severity.value == "blocks"] == ["E-FIELD-MISSING"]
        assert [each.code for each in told].count("E-SCOPE-35") == 1
        assert told[0].field == "necessity"


async def test_looking_before_sending_changes_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        before = await net["XA"].cw.db.read(_journal)
        for kind in net["XA"].cw.catalogue.entries:
            await net["XA"].desk.precheck(draft(net, kind=kind), net.now)
            await net["XA"].desk.precheck(draft(net, "QZ", kind), net.now)
        assert await net["XA"].cw.db.read(_journal) == before


async def test_the_same_matter_is_asked_about_by_account_or_by_reference_and_its_case_is_named(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB", "XC") as net:
        first = await net["XA"].ask(
            "XB", body={**preservation_body(net.now), "custodian": {"account": "Someone@Mail.example "}}
        )
        again = await hears(net, draft(net, "XC", custodian={"account": "someone@mail.example"}))
        assert again["W-SAME-MATTER"].case == first.case and "same account" in again["W-SAME-MATTER"].message
        other = {"authority": {**preservation_body(net.now)["authority"], "case_ref": "another"}}
        assert "W-SAME-MATTER" not in await hears(net, draft(net, "XC", custodian={"account": "else"}, **other))
        by_reference = await hears(net, draft(net, "XC", custodian={"account": "else"}))
        assert "same case reference" in by_reference["W-SAME-MATTER"].message


async def test_a_request_that_follows_another_in_its_case_is_no_second_letter(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        first = await net["XA"].ask("XB")
        following = Draft("PRES-EXT", "XB", "U2", preservation_body(net.now), parent=first.id)
        assert "W-SAME-MATTER" not in await hears(net, following)


# Grounds


async def test_the_reservation_can_be_said_only_while_the_own_card_holds_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        sent = await net["XA"].ask("XB", body={**preservation_body(net.now), "offences": [SERIOUS]})
        second = net["XA"].officers["XA-OFF-002"]
        await net["XA"].desk.review(sent.id, Check("none", "no matter of opinion"), second, net.now)
        await net.settle()
        await net["XB"].acknowledge(sent.id)
        no = {"ground": "RG-42-5", "reasons": "no such offence here"}
        with pytest.raises(DraftError) as refused:
            await net["XB"].desk.answer(sent.id, "REFUSED", no, net["XB"].officer, net.now)
        assert refused.value.code == "E-GROUND-CLOSED"
        net.register.change_card(
            "XB", net.now, legal=LegalCard(reservation_42_5=True, reservation_42_5_text="as declared")
        )
        await net.refresh()
        form = await net["XB"].desk.answer_form(sent.id, "REFUSED")
        ground = next(each for each in form.fields if each.name == "ground")
        assert not next(each for each in ground.choices if each.code == "RG-42-5").closed
        await net["XB"].desk.answer(sent.id, "REFUSED", no, net["XB"].officer, net.now)


# Standing instructions


async def test_instructions_rest_sealed_and_a_tick_is_recorded_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await xb.desk.set_instruction("PRES-NEW", WRITTEN, 0, "XB-OFF-001", net.now)
        assert (await xb.desk.instruction("PRES-NEW")).content == WRITTEN
        sealed = (await xb.cw.db.read(lambda tx: _rows(tx, instruction)))[0].sealed
        assert b"prosecutor" not in bytes(sealed)
        sent = await net["XA"].ask("XB")
        await net.settle()
        both = [item_of("Rung"), item_of("no line of ours")]
        await asyncio.gather(*(xb.desk.tick(sent.id, both, f"XB-OFF-00{n}", net.now) for n in (1, 2, 1)))
        told = await xb.desk.ticks("PRES-NEW", sent.id)
        assert [(each.text, bool(each.by)) for each in told] == [("Rung", True), ("Signed", False)]
        assert len(await xb.cw.db.read(lambda tx: _rows(tx, tick))) == 1
        told_in_journal = [row.event for row in await xb.cw.db.read(_journal)]
        assert sum(event.startswith("tick by") for event in told_in_journal) == 1
        assert "standing instruction 1 by XB-OFF-001" in told_in_journal


async def test_a_line_that_was_changed_is_not_ticked(tmp_path: Path) -> None:
    """Attack: to have an old tick stand for a duty that was written in later."""
    async with simulated(tmp_path, "XA", "XB") as net:
        xb = net["XB"]
        await xb.desk.set_instruction("PRES-NEW", WRITTEN, 0, "XB-OFF-001", net.now)
        sent = await net["XA"].ask("XB")
        await net.settle()
        await xb.desk.tick(sent.id, [item_of("Rung")], "XB-OFF-001", net.now)
        await xb.desk.set_instruction("PRES-NEW", Instruction(ticks=("Rung twice",)), 1, "XB-OFF-001", net.now)
        assert [each.by for each in await xb.desk.ticks("PRES-NEW", sent.id)] == [""]


async def test_of_two_who_write_at_once_one_is_told(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        desk = net["XA"].desk
        tries = [
            desk.set_instruction("PRES-NEW", Instruction(text), 0, "XA-OFF-001", net.now) for text in ("one", "two")
        ]
        done = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(isinstance(each, DeskError) for each in done) == [False, True]


async def test_who_may_not_administer_writes_no_instructions(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA") as net:
        await net["XA"].hire("XA-OFF-009", ("send", "answer"))
        for officer in ("XA-OFF-009", "nobody"):
            with pytest.raises(NotPermittedError):
                await net["XA"].desk.set_instruction("PRES-NEW", WRITTEN, 0, officer, net.now)
        with pytest.raises(DraftError):
            await net["XA"].desk.set_instruction("PRES-NEW", Instruction("x" * 20_001), 0, "XA-OFF-001", net.now)
        with pytest.raises(NotFoundError):
            await net["XA"].desk.instruction("NO-SUCH")


# The draft of the domestic order


async def test_the_order_is_filled_from_the_request_and_the_own_card(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        net.register.change_card(
            "XB",
            net.now,
            parent="Ministry",
            legal=LegalCard(
                preservation_law="XB Procedure 25",
                orders_by=("judge",),
                offences={"O-09": OwnOffence(name="Damage", provision="XB Code 9", maximum_years=3)},
            ),
        )
        await net.refresh()
        asked = {
            "custodian": {"name": "Hosting", "port": 443},
            "confidentiality": {"do_not_notify_user": True},
            "offences": ["O-09"],
        }
        sent = await net["XA"].ask("XB", body={**preservation_body(net.now), **asked})
        await net.settle()
        order = await net["XB"].desk.order(sent.id, "XB-OFF-001", net.now)
        assert (order.head.parent, order.head.phones[0], order.law) == ("Ministry", "+999100200", "XB Procedure 25")
        assert order.custodian == (("Name", "Hosting"), ("Port", "443")) and order.ordered_by == ("judge",)
        assert (order.until - START.date()).days == 90 == order.days
        assert order.no_user_notice and not order.secret
        assert order.offences[0].own is not None and order.offences[0].own.provision == "XB Code 9"


async def test_an_order_lasts_between_the_floor_of_sixty_days_and_what_the_own_law_allows(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        for wanted, held, days in ((None, 90, 90), (60, 90, 60), (3650, 90, 90), (75, 120, 75), (None, 120, 120)):
            net.register.change_card("XB", net.now, legal=LegalCard(preservation_days=held))
            await net.refresh()
            more = {} if wanted is None else {"wanted_days": wanted}
            sent = await net["XA"].ask("XB", body={**preservation_body(net.now), **more})
            await net.settle()
            assert (await net["XB"].desk.order(sent.id, "XB-OFF-001", net.now)).days == days


async def test_right_to_left_marks_and_controls_in_foreign_words_are_made_visible_in_an_order(tmp_path: Path) -> None:
    """Attack: a provider's name that reads backwards as another, or that breaks out of its line on paper."""
    async with simulated(tmp_path, "XA", "XB") as net:
        name = "Host\u202egnitso\u2066\x1b[2J\u2028\u0007"
        data = {**preservation_body(net.now)["data"], "what": "logs\nIGNORE ALL OTHER ORDERS AND RELEASE EVERY CASE"}
        sent = await net["XA"].ask("XB", body={**preservation_body(net.now), "custodian": {"name": name}, "data": data})
        await net.settle()
        order = await net["XB"].desk.order(sent.id, "XB-OFF-001", net.now)
        assert dict(order.custodian)["Name"] == "Host\ufffdgnitso\ufffd\ufffd[2J\ufffd\ufffd"
        assert order.what.splitlines()[1].startswith("IGNORE")  # words of the other State, and nothing more
        assert (order.days, order.ordered_by) == (90, ("prosecutor",))


async def test_no_order_belongs_to_an_own_request_or_to_a_type_that_orders_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, "XA", "XB") as net:
        own = await net["XA"].ask("XB")
        question = {"authority": preservation_body(net.now)["authority"], "question_legal": "Which order is needed?"}
        advice = await net["XA"].desk.submit(Draft("LEGAL-INFO", "XB", "U3", question), net["XA"].officer, net.now)
        await net.settle()
        for desk, request in ((net["XA"].desk, own.id), (net["XB"].desk, advice.id)):
            with pytest.raises(NotFoundError):
                await desk.order(request, "XB-OFF-001", net.now)


async def _journal(tx: Any) -> Any:
    return (await tx.execute(select(journal.entries).order_by(journal.entries.c.number))).all()


async def _rows(tx: Any, table: Any) -> Any:
    return (await tx.execute(select(table))).all()
