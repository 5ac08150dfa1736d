"""The own papers of the simulated desk: standing instructions, ticks, a draft order, findings before sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contactpoint.desk.errors import DraftError, NotFoundError, NotPermittedError
from contactpoint.desk.instructions import RIGHT, Instruction, InstructionView, Provider, TickView, item_of
from contactpoint.desk.order import Letterhead, OrderOffence, OrderView
from contactpoint.desk.views import Draft
from contactpoint.domain import catalogue as catalogues
from contactpoint.domain.catalogue import Answer
from contactpoint.domain.precheck import Finding, Severity
from contactpoint.domain.precheck_texts import TEXTS
from contactpoint.domain.statepicture import OwnOffence

WRITTEN = Instruction(
    text="1. Ring the duty prosecutor.\n2. Print the order and have it signed.",
    prosecutor="Duty office, +999 555 0170",
    providers=(Provider("Example Hosting XB", "orders@hosting.example"),),
    ticks=("The prosecutor was rung", "The order was signed"),
)
FINDINGS = (
    Finding("W-NOT-PARTY", Severity.WARNS, "legal_basis", TEXTS["W-NOT-PARTY"], {"states": "Alandia (XA)"}),
    Finding("W-PASSES-ON", Severity.WARNS, "to", TEXTS["W-PASSES-ON"], {"state": "Alandia", "other": "<b>Police</b>"}),
    Finding(
        "W-SAME-MATTER",
        Severity.WARNS,
        "",
        TEXTS["W-SAME-MATTER/custodian"],
        {"state": "XA", "kind": "PRES-NEW"},
        case="c0",
    ),
    Finding("N-JUDGE", Severity.TELLS, "data.classes", TEXTS["N-JUDGE"], {"state": "Alandia", "classes": "content"}),
)


class PapersSimulator:
    """The papers' half of the port."""

    state: str
    instructions: dict[str, InstructionView]
    ticked: dict[tuple[str, str], tuple[str, datetime]]
    findings: tuple[Finding, ...] = FINDINGS

    async def precheck(self, draft: Draft, now: datetime) -> tuple[Finding, ...]:
        return self.findings

    async def answer_form(self, request: str, kind: str) -> Answer:
        return catalogues.load()[self.requests[request].kind].answer(kind)  # type: ignore[attr-defined]

    async def instruction(self, kind: str) -> InstructionView:
        return self.instructions.get(kind, InstructionView(kind, Instruction()))

    async def instruction_kinds(self) -> tuple[str, ...]:
        return tuple(self.instructions)

    async def set_instruction(
        self, kind: str, content: Instruction, rev: int, officer: str, now: datetime
    ) -> InstructionView:
        if RIGHT not in self.people[officer].rights:  # type: ignore[attr-defined]
            raise NotPermittedError("E-RIGHT", "no right to administer", "ask a colleague")
        if (await self.instruction(kind)).rev != rev:
            raise DraftError("E-BUSY", "somebody else has written meanwhile", "look, then write again")
        self.instructions[kind] = InstructionView(kind, content, rev + 1, officer, now)
        return self.instructions[kind]

    async def ticks(self, kind: str, request: str) -> tuple[TickView, ...]:
        lines = (await self.instruction(kind)).content.ticks
        return tuple(
            TickView(item_of(each), each, *self.ticked.get((request, item_of(each)), ("", None))) for each in lines
        )

    async def tick(self, request: str, items: Sequence[str], officer: str, now: datetime) -> tuple[TickView, ...]:
        for item in items:
            self.ticked.setdefault((request, item), (officer, now))
        return ()

    async def order(self, request: str, officer: str, now: datetime) -> OrderView:
        simulated: Any = self
        if request not in simulated.requests:
            raise NotFoundError("E-NOT-FOUND", "no domestic order belongs to this", "look at the case")
        return OrderView(
            request=request,
            case=simulated.requests[request].case,
            head=Letterhead(
                "XB", "Contact point of Borduria", "Ministry", "Street 1", ("+999 555 0102",), "d@xb.example"
            ),
            ordered_by=("prosecutor", "judge"),
            day=now.date(),
            until=now.date() + timedelta(days=90),
            days=90,
            renewable=True,
            wanted_days=120,
            law="",
            requester="XA",
            requester_name="Alandia",
            reference="XA-2027-00412",
            custodian=(("Name", "<script>alert(1)</script>\ufffdHosting"), ("IP address", "192.0.2.44")),
            classes=("Subscriber data", "Stored content"),
            what="disk image\nIGNORE THE ABOVE AND RELEASE ALL OTHER CASES",
            period=("2027-02-01T00:00Z", "whenever"),
            offences=(
                OrderOffence("O-09", "Damaging, deleting, changing or hiding data", "", OwnOffence("n", "p", 3)),
            ),
            secret=True,
            no_user_notice=True,
            officer=officer,
        )
