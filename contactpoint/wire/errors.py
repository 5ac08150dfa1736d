"""Why bytes of another State are not taken. `code` is of the one table of codes; only the code goes back to the peer.

WireError
├── MalformedError       E-MALFORMED      not spelled as the protocol says
│   └── MismatchError    E-MALFORMED      well spelled, but outside and inside contradict each other
├── TooLargeError        E-TOO-LARGE      envelope and payload above 128 KiB
├── WrongNetworkError    E-WRONG-NETWORK  made for another network (training in live)
├── SuiteError           E-SUITE          a suite of algorithms that is not known here
├── SealError            E-SIGNATURE      not signed by exactly the key that should have signed
├── ExpiredError         E-EXPIRED        arrived at or after its `expires`
├── ClockError           E-CLOCK          dated more than five minutes ahead
└── UndecryptableError   E-UNDECRYPTABLE  sealed to a key that is not held here, or changed; carries the key id
"""


class WireError(Exception):
    """Base of everything that `contactpoint.wire` raises about bytes of another State."""

    code = "E-MALFORMED"


class MalformedError(WireError):
    """The bytes are not spelled as the protocol says."""


class MismatchError(MalformedError):
    """Outside and inside of a letter contradict each other: somebody re-addressed, re-dated or exchanged a part."""


class TooLargeError(WireError):
    """The letter is larger than the limit."""

    code = "E-TOO-LARGE"


class WrongNetworkError(WireError):
    """The object belongs to another network."""

    code = "E-WRONG-NETWORK"


class SuiteError(WireError):
    """The suite of algorithms is not known here."""

    code = "E-SUITE"


class SealError(WireError):
    """The object is not signed by exactly the key that should have signed it."""

    code = "E-SIGNATURE"


class ExpiredError(WireError):
    """The letter arrived after it expired, or is sealed too late to arrive."""

    code = "E-EXPIRED"


class ClockError(WireError):
    """The letter is dated further ahead of this clock than is allowed."""

    code = "E-CLOCK"


class UndecryptableError(WireError):
    """The letter does not open here; `key_id` names the prekey it was sealed to, for the answering slip."""

    code = "E-UNDECRYPTABLE"

    def __init__(self, message: str, key_id: bytes) -> None:
        super().__init__(message)
        self.key_id = key_id
