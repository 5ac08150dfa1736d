"""`case.json`: what the bundle is of, in words for programs. All but the exporter and the time is computed from the evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactpoint.desk.proof.judge import Judgement
from contactpoint.desk.proof.names import FORMAT
from contactpoint.domain.errors import DomainError
from contactpoint.domain.values import Address, parse_address, parse_instant, spell_instant
from contactpoint.wire.fields import is_message_id
from contactpoint.wire.state import head, state_digest

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Export:
    """The exporter's own words: whose desk wrote the bundle, when, and of which case."""

    case: str
    state: Address
    at: datetime


class CaseFileError(Exception):
    """`case.json` is none."""


def case_file(judgement: Judgement, export: Export) -> bytes:
    """The one spelling of `case.json` for this evidence."""
    case = judgement.case
    content: dict[str, Any] = {
        "format": FORMAT,
        "case": export.case,
        "exported_by": str(export.state),
        "exported_at": spell_instant(export.at),
        "register": judgement.register.genesis.digest.hex(),
        "network": judgement.register.genesis.purpose.value,
        "catalogues": sorted({letter.statement.cat for letter in judgement.letters}),
        "policies": sorted({letter.statement.pol for letter in judgement.letters}),
        "journal_heads": _journal_heads(judgement),
    }
    if case is not None:
        heads = {str(state): head(case, state) for state in (case.initiator, case.addressee)}
        content |= {
            "initiator": str(case.initiator),
            "addressee": str(case.addressee),
            "heads": {state: None if digest is None else digest.hex() for state, digest in heads.items()},
            "state_digest": state_digest(case).hex(),
        }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode("ascii")


def _journal_heads(judgement: Judgement) -> list[dict[str, str]]:
    """What each receipt says of its signer's journal then: who shows that journal later must have these heads in it."""
    return [
        {
            "by": f"{each.role.value} of {each.slip.sender}",
            "at": spell_instant(each.slip.at),
            "head": each.slip.journal_head.hex(),
        }
        for each in judgement.slips
        if each.slip.journal_head is not None
    ]


def read_case_file(data: bytes) -> Export:
    """The exporter's words. The rest is not read but computed and compared. Raises CaseFileError."""
    if len(data) > _LIMIT:
        raise CaseFileError("case.json is too large")
    try:
        value = json.loads(data)
        if value["format"] != FORMAT or not is_message_id(value["case"]):
            raise CaseFileError(f"case.json is not of the format {FORMAT}")
        return Export(value["case"], parse_address(value["exported_by"]), parse_instant(value["exported_at"]))
    except (ValueError, TypeError, KeyError, RecursionError, DomainError) as error:
        raise CaseFileError("case.json is not what this software writes") from error
