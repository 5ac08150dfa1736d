"""Everything that the register and its readers refuse, as one tree.

DirectoryError                      carries a stable `code`, and says what to do
├── DocumentError                   bytes that are no document of ours
├── RuleError                       a document that the rules refuse: wrong signer, wrong number, no proof of possession
│   └── EqualVersionError           the same number as the one we hold, with other bytes
├── LogError                        the log does not hold together
│   ├── NoteError                   not a signed note
│   ├── CheckpointError             a checkpoint that we cannot believe: forged, downgraded, of another log, from the future
│   ├── ProofError                  an inclusion or consistency proof that proves nothing
│   ├── RollBackError               older than what we already hold
│   ├── TamperError                 an entry, object or tile is not the one that was signed
│   └── SplitViewError              two histories under the register's signature: proof of misconduct
├── LookUpError                     the copy does not know what was asked
│   ├── UnknownStateError
│   ├── UnknownKeyError
│   └── KeyNotValidError            known, but not at that instant or not in that role
├── ApprovalError                   the registrar may not list this State: nothing waits, or the words differ
├── LimitError                      too many submissions, or too large
└── FolderError                     the register's folder is missing, unsafe or of another kind
"""


class DirectoryError(Exception):
    """Base of all refusals here. `code` is stable and may be shown to a peer; the text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{text} [{code}]")
        self.code = code
        self.text = text


class DocumentError(DirectoryError):
    """These bytes are no document of this register."""


class RuleError(DirectoryError):
    """A well-formed document that the rules refuse."""


class EqualVersionError(RuleError):
    """Another document of the same State, kind and number is already held."""


class LogError(DirectoryError):
    """The log does not hold together."""


class NoteError(LogError):
    """Not a signed note (C2SP signed-note)."""


class CheckpointError(LogError):
    """A checkpoint that cannot be believed."""


class ProofError(LogError):
    """A Merkle proof that proves nothing."""


class RollBackError(LogError):
    """Older than what we already hold; the held copy stays."""


class TamperError(LogError):
    """An entry, object or tile is not the one under the signed root; the held copy stays."""


class SplitViewError(LogError):
    """The register signed two histories; keep both checkpoints as proof."""


class LookUpError(DirectoryError):
    """The copy does not know what was asked."""


class UnknownStateError(LookUpError):
    """No such State in this copy."""


class UnknownKeyError(LookUpError):
    """No such key in this copy."""


class KeyNotValidError(LookUpError):
    """The key is known, but not valid at that instant or not for that role."""


class ApprovalError(DirectoryError):
    """The registrar may not do this now."""


class LimitError(DirectoryError):
    """Too many submissions, or one too large."""


class FolderError(DirectoryError):
    """The register's folder is missing, unsafe or of another kind."""
