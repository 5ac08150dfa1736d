"""What can go wrong on a link.

    LinkError
    ├── UnreachableError     E-UNREACHABLE   no answer; nothing is known of the letter; put it again later, unchanged
    │   └── UnprovenError    E-UNPROVEN      who answered is not the gateway that the charter names
    ├── StaleEpochError      E-STALE-EPOCH   the mailbox has seen a higher epoch; raise ours above `epoch`, take again
    ├── LeaseLostError       E-LEASE-LOST    another desk copy took over; do not take until the lease is ours again
    ├── CursorAheadError     E-CURSOR-AHEAD  the mailbox was restored from a backup: ask for a recall, resume at `head`
    ├── NotOurMailboxError   E-NOT-YOURS     this gateway has no such mailbox of ours; compare charter and settings
    ├── UnsafeUrlError       E-UNSAFE-URL    a gateway address without TLS that is not this machine
    └── TlsSettingsError     E-TLS           certificate or key of the listener cannot be used

Messages name what to do and never hold a key.
"""


class LinkError(Exception):
    """Base of everything that the link raises on purpose; `code` is stable."""

    code = "E-LINK"


class UnreachableError(LinkError):
    """The gateway gave no answer. The letter may or may not be held: put the same bytes again."""

    code = "E-UNREACHABLE"


class UnprovenError(UnreachableError):
    """Somebody answered, but not the gateway that the register names; nothing was handed over."""

    code = "E-UNPROVEN"


class StaleEpochError(LinkError):
    """The mailbox has already been taken under this epoch or a higher one."""

    code = "E-STALE-EPOCH"

    def __init__(self, epoch: int) -> None:
        super().__init__(f"this mailbox is at epoch {epoch}; take it with a higher one")
        self.epoch = epoch


class LeaseLostError(LinkError):
    """Another copy of the desk has taken the mailbox over (4409)."""

    code = "E-LEASE-LOST"


class CursorAheadError(LinkError):
    """The mailbox ends before our cursor: the gateway was restored from a backup, and mail may be lost there."""

    code = "E-CURSOR-AHEAD"

    def __init__(self, head: int) -> None:
        super().__init__(
            f"this mailbox ends at {head}, before our cursor; ask peers for a recall, then take after {head}"
        )
        self.head = head


class NotOurMailboxError(LinkError):
    """The gateway does not keep this mailbox for us (4403)."""

    code = "E-NOT-YOURS"


class UnsafeUrlError(LinkError):
    """A gateway address that would send letters unprotected, or that is none."""

    code = "E-UNSAFE-URL"


class TlsSettingsError(LinkError):
    """The listener's certificate or key cannot be loaded."""

    code = "E-TLS"
