"""The one table of stable codes: what happened, what to do, whether to try again, and who is to act.

A peer gets the code only. Texts are plain English message ids, translated where they are shown. Codes are never reused.
`E-` is a refusal, `W-` a warning, `RG-` a ground of refusal under the Convention (its text stands here too, so that
every code that can appear on a screen has one place).
"""

from dataclasses import dataclass
from enum import StrEnum


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


_NEVER, _LATER, _FIX = Retry.NEVER, Retry.SAME_ID_LATER, Retry.AFTER_FIX
_ROWS = (
    # bytes: what a gateway refuses
    Code(
        "E-MALFORMED",
        "The message is not spelled as the protocol says.",
        "Update or repair the sending software.",
        _NEVER,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-TOO-LARGE",
        "The message is larger than the limit.",
        "Move long text into an attachment and send it as a new message.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-SIGNATURE",
        "A signature does not verify.",
        "Nothing was accepted. Check the sending node's keys.",
        _NEVER,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-UNTRUSTED-KEY",
        "The signing key is not in the register.",
        "Nothing was accepted. Telephone the State at its registered number.",
        _NEVER,
        Actor.RECIPIENT,
    ),
    Code(
        "E-DIRECTORY-BEHIND",
        "The recipient's copy of the register is older than the sender's.",
        "The recipient fetches the register; the message is sent again.",
        _LATER,
        Actor.NOBODY,
        5,
    ),
    Code(
        "E-SUITE",
        "The suite of algorithms or a critical field is not known here.",
        "Update the older node.",
        _FIX,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "E-NOT-FOR-US",
        "There is no such mailbox here.",
        "Look the recipient up in the register again.",
        _FIX,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-WRONG-NETWORK",
        "The message belongs to another network.",
        "Never mix training and live. Check the node's settings.",
        _NEVER,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-EXPIRED",
        "The message arrived after it expired.",
        "Write a new request if it is still needed.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "E-CLOCK",
        "The message is dated ahead of the recipient's clock.",
        "Set the sending machine's clock.",
        _LATER,
        Actor.SENDER_ADMINISTRATOR,
        60,
    ),
    Code(
        "E-ID-CONFLICT",
        "The same id was used for two different messages.",
        "Both are kept as proof. Find out who wrote the second.",
        _NEVER,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-REPLAY",
        "An old message was sent again by somebody who is not its sender, or to another place.",
        "Nothing was done. Find out who repeated it.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code("E-SUSPENDED", "The State is suspended in the register.", "Speak with the registrar.", _FIX, Actor.REGISTRAR),
    Code(
        "E-UNAVAILABLE",
        "The recipient cannot store safely at the moment.",
        "It is sent again by itself.",
        _LATER,
        Actor.RECIPIENT_ADMINISTRATOR,
        10,
    ),
    Code(
        "E-UNDECRYPTABLE",
        "The recipient has no key for this message any more.",
        "It is sealed and sent again by itself.",
        _FIX,
        Actor.NOBODY,
    ),
    Code(
        "W-RATE",
        "Very many messages came from this State in a short time.",
        "All were stored. Ask the sending desk whether this was meant.",
        _NEVER,
        Actor.SENDER,
    ),
    # move: what a desk rejects, kept as evidence
    Code(
        "E-MOVE-ILLEGAL",
        "This step is not possible at this point of the request.",
        "Look at the request's state and choose one of the steps offered.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-APPROVAL-STALE",
        "The case moved on while the letter waited for its second signature.",
        "Read the news and sign again.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-SIGNERS",
        "The letter does not carry the signatures that its kind and urgency ask for.",
        "Sign it with the officers that the catalogue asks for.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-SAME-OFFICER",
        "The second signature must come from another officer.",
        "Ask a second officer to approve.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-URGENCY",
        "This urgency is not open to this type of request.",
        "Choose one of the urgencies offered.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-FORK",
        "The State wrote two different histories of its half of the case.",
        "Both are kept as proof. Telephone the State.",
        _NEVER,
        Actor.SENDER_ADMINISTRATOR,
    ),
    Code(
        "E-UNKNOWN-KIND",
        "This type of letter is not in the catalogue.",
        "Choose a type of the catalogue, or update the older node.",
        _FIX,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code("E-UNKNOWN-CASE", "There is no such case or request here.", "Check the reference.", _FIX, Actor.SENDER),
    # law: what an officer is shown, and answers
    Code("E-FIELD-MISSING", "A mandatory field is missing.", "Fill in the fields named.", _FIX, Actor.SENDER),
    Code("E-FIELD-INVALID", "A field does not hold what it should.", "Correct the fields named.", _FIX, Actor.SENDER),
    Code(
        "E-UNKNOWN-FIELD",
        "A field is not known to the catalogue.",
        "Remove it or correct its name.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-FUTURE-DATA",
        "The period lies in the future; preservation is about stored data.",
        "Ask for real-time collection with its own type and authority.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-NOT-HERE",
        "The data or the provider are in another State.",
        "Write to the State that was named.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "E-SCOPE-35",
        "Neither a Convention offence nor a serious crime of Article 2(h) is named.",
        "Name the offence, or use another treaty or a police channel.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-NOT-SPECIFIC",
        "The data are not specified, or their link to the offence is not shown.",
        "Name the account, the period and the link to the offence.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "E-CONTENT-UNSAFE",
        "An attachment or a text has active or misleading content.",
        "It is held and not opened. Send the content in a plain format.",
        _FIX,
        Actor.SENDER,
    ),
    # the node itself
    Code(
        "W-EMPTY-RUNG",
        "A rung of the escalation ladder has nobody on it.",
        "Put an officer on duty; the next rung was paged at once.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "E-NOBODY-ON-DUTY",
        "No rung of the escalation ladder has anybody on it.",
        "Put an officer on duty now and telephone the desk.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "W-LADDER-EXHAUSTED",
        "Everybody on the escalation ladder was paged and nobody has taken charge.",
        "Telephone the desk; the ladder begins again.",
        _NEVER,
        Actor.RECIPIENT,
    ),
    Code(
        "W-CATCH-UP",
        "The clocks had stopped; older pages were left out and everybody was paged once.",
        "Find out why the worker stood still.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "W-UNKNOWN-OFFICER",
        "The escalation policy names somebody who is not an officer here.",
        "Correct the rung.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "W-DEGRADED",
        "An officer took charge without a usable signing key; the station signed.",
        "Renew the officer's key.",
        _NEVER,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    Code(
        "E-POLICY",
        "A policy or ladder cannot be read.",
        "Restore it or save it anew.",
        _FIX,
        Actor.RECIPIENT_ADMINISTRATOR,
    ),
    # grounds of refusal, closed lists by type in the catalogue (Articles 40(8), 40(21), 40(22), 42(5), 42(6))
    Code("RG-21a", "The request is not in conformity with Article 40.", "Correct the request.", _FIX, Actor.SENDER),
    Code(
        "RG-21b",
        "Likely to prejudice sovereignty, security, public order or other essential interests.",
        "Read the reasons; consult if conditions could help.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "RG-21c",
        "The requested State's own authorities could not do this for a similar offence.",
        "Read the reasons; ask what would be possible.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "RG-21d",
        "Contrary to the requested State's law on mutual legal assistance.",
        "Read the reasons; ask what would be possible.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "RG-22",
        "Substantial grounds to believe that the aim is to prosecute or punish for a protected reason.",
        "Read the code; reasons may be withheld.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "RG-42-5",
        "The State reserved the right to refuse preservation for want of dual criminality.",
        "Look at the State's legal card; name a Convention offence if one is involved.",
        _NEVER,
        Actor.SENDER,
    ),
    Code(
        "RG-36",
        "Data protection law forbids the transfer.",
        "Ask for the conditions under which it could be made.",
        _FIX,
        Actor.SENDER,
    ),
    Code("RG-8DC", "Dual criminality is missing.", "Describe the conduct more fully.", _FIX, Actor.SENDER),
    Code(
        "RG-8MIN",
        "The matter is of minor importance.",
        "Say why it matters, or use another channel.",
        _FIX,
        Actor.SENDER,
    ),
    Code(
        "RG-8ALT",
        "Another provision of the Convention covers the help.",
        "Use the type that was named.",
        _FIX,
        Actor.SENDER,
    ),
)

TABLE = {row.code: row for row in _ROWS}


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
