"""What a gateway refuses.

GatewayError
├── RefusedError        a letter or slip that is not stored; `code` goes to the peer, the text stays here
└── MailboxSetupError   start-up: two mailboxes for one address, or one that has another owner already
"""

from contactpoint.domain.codes import look_up
from contactpoint.link.results import RefusedResult


class GatewayError(Exception):
    """Base of everything that the gateway raises on purpose."""


class RefusedError(GatewayError):
    """This letter or slip is not stored. `code` is of the one table of codes, which says when it may come again."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code}: {look_up(code).text}")
        self.code = code

    @property
    def answer(self) -> RefusedResult:
        """What the peer is told: the code, and when to come again. No detail."""
        row = look_up(self.code)
        return RefusedResult(row.code, row.retry, row.after_s)


class MailboxSetupError(GatewayError):
    """The mailboxes of the settings contradict each other; each address belongs to one mailbox."""
