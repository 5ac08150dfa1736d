"""Letters as another product would write them: signed and sealed rightly, past every gate of the own desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactpoint.casework.cases import load_case, make_case_key
from contactpoint.casework.ids import new_id
from contactpoint.casework.letters import SignedLetter, queue
from contactpoint.desk.compose import _statement
from contactpoint.desk.plan import Plan
from contactpoint.domain.catalogue import Signers, signers_needed
from contactpoint.domain.statement import Statement
from contactpoint.domain.values import Address, Urgency
from contactpoint.wire.statement import decode_statement, encode_statement
from keys.signed import sign
from tests.simulator import SimulatedState


async def say(
    state: SimulatedState,
    peer: str,
    kind: str,
    urgency: Urgency,
    body: Mapping[str, Any],
    *,
    case: str | None = None,
    about: str = "",
) -> Statement:
    """Queue a letter of any kind; ``about`` is the id of the request in ``case`` that it speaks of. Only the fold may refuse it."""
    cw, now = state.cw, state.net.now
    identity = new_id(cw.random, now)
    opened = await cw.db.read(lambda tx: load_case(tx, cw, case)) if case is not None else None
    request = opened.case.requests[about] if opened is not None else None
    first, second = (state.officers[f"{state.state}-{number}"] for number in ("OFF-001", "OFF-002"))
    needed = signers_needed(cw.catalogue, kind, urgency, "" if request is None else request.kind)
    station = needed is Signers.STATION
    plan = Plan(
        kind=kind,
        recipient=Address(peer),
        urgency=urgency,
        body=body,
        case=case,
        re=None if request is None else request.digest,
        lang="en",
        approver=second.number if needed is Signers.TWO else None,
        label="",
        own_reference="",
    )
    statement = _statement(cw, plan, identity, opened, "" if station else first.number, now)
    signers = [first, second] if needed is Signers.TWO else [first]
    keys = [cw.keyring.station] if station else [each.key for each in signers]
    signed = sign("statement", encode_statement(statement, cw.net), keys, cw.net)
    papers = () if station else tuple(paper for each in signers for paper in each.certificates)
    statement = decode_statement(signed.content, cw.net)
    fresh = make_case_key(cw, identity) if case is None else None
    await queue(cw, SignedLetter(statement, signed, papers), fresh, "", "", now)
    return statement
