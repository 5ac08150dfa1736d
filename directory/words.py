"""The fingerprint of a State's root as twelve words, to be read out over the telephone.

The first 128 bits of the root's key id become twelve words of the English list of BIP39 (four check bits included, so
that a misheard word is nearly always noticed). An attacker who wants to pass off another root must find a key whose id
shares 128 bits. List: Bitcoin Improvement Proposal 39, MIT licence, unchanged in `english.txt`.
"""

import unicodedata
from functools import cache
from importlib.resources import files

from directory.errors import ApprovalError
from keys.digest import digest

BITS = 128
WORDS = 12


@cache
def word_list() -> tuple[str, ...]:
    """The 2048 words, in the order of BIP39."""
    return tuple(files("directory").joinpath("english.txt").read_text(encoding="ascii").split())


def fingerprint_words(key_id: bytes) -> str:
    """Twelve words, separated by single spaces, for a key id (32 bytes)."""
    head = key_id[: BITS // 8]
    number = int.from_bytes(head, "big") << 4 | digest(head)[0] >> 4
    words = word_list()
    return " ".join(words[number >> 11 * place & 2047] for place in reversed(range(WORDS)))


def words_match(key_id: bytes, said: str) -> None:
    """Accept the words as somebody typed them (case and spacing do not matter). ApprovalError names a misheard word."""
    spoken = unicodedata.normalize("NFKD", said).lower().split()
    unknown = [word for word in spoken if word not in word_list()]
    if unknown:
        raise ApprovalError("E-WORDS", f"not in the list of words: {', '.join(unknown)}; have them spelled")
    if len(spoken) != WORDS:
        raise ApprovalError("E-WORDS", f"{len(spoken)} words instead of {WORDS}; ask for all of them again")
    if " ".join(spoken) != fingerprint_words(key_id):
        raise ApprovalError("E-WORDS", "these words belong to another key; do not list it, call the State back")
