"""The one table of stable codes: what happened, what to do, whether to try again, and who is to act.

A peer gets the code only. Texts are plain English message ids, translated where they are shown. Codes are never reused.
`E-` is a refusal, `W-` a warning, `N-` good to know, `RG-` a ground of refusal under the Convention (its text stands here too, so that
every code that can appear on a screen has one place).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Retry(StrEnum):
    """Whether the same message may be sent again."""

    NEVER = "never"
    SAME_ID_LATER = "same-id-later"
    AFTER_FIX = "after-fix"


class Actor(StrEnum):
    """Who is to act on a code."""

    NOBODY = "nobody"
    SENDER = "sender"
    SENDER_ADMINISTRATOR = "sender's administrator"
    RECIPIENT = "recipient"
    RECIPIENT_ADMINISTRATOR = "recipient's administrator"
    REGISTRAR = "registrar"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table. `after_s` is the wait in seconds before the same id may be sent again."""

    code: str
    text: str
    action: str
    retry: Retry
    actor: Actor
    after_s: int = 0


def _read_table() -> dict[str, Code]:
    rows = tomllib.loads(Path(__file__).with_name("codes.toml").read_text(encoding="utf-8"))
    return {
        code: Code(
            code=code,
            text=row["text"],
            action=row["action"],
            retry=Retry(row["retry"]),
            actor=Actor(row["actor"]),
            after_s=row.get("after_s", 0),
        )
        for code, row in rows.items()
    }


TABLE: Mapping[str, Code] = MappingProxyType(_read_table())
"""Every code, by its name; the rows stand in `codes.toml`."""


class DomainError(Exception):
    """Base of what this room raises. `code` is a row of the table; `field` names the place, never a content."""

    def __init__(self, code: str, *, field: str = "") -> None:
        self.code = TABLE[code].code
        self.field = field
        row = TABLE[code]
        place = f" ({field})" if field else ""
        super().__init__(f"{code}{place}: {row.text} {row.action}")


def look_up(code: str) -> Code:
    """The row of a code. A code of a newer peer that this table does not know is shown as it is, never dropped."""
    return TABLE.get(code) or Code(
        code, "A code that this version does not know.", "Update this node.", Retry.NEVER, Actor.SENDER_ADMINISTRATOR
    )
