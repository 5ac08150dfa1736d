"""What a member of a bundle is called, and which members there may be.

case.json                                what the bundle is, and the state that both ends can compare
summary.txt                              the same evidence for a reader; computed, and compared when it is verified
register/genesis|checkpoint|entries      the register: its first word, its signed head, every entry under that head
register/objects/DIGEST                  charters, cards, listings and revocations of the States concerned
register/heard/DIGEST                    revocations that a State sent round and that the register did not log yet
letters/STATEMENT/statement              the exact bytes that officers signed, with their signatures
letters/STATEMENT/salt                   what opens the envelope's commitment
letters/STATEMENT/certificate-N          officers' certificates as they travelled
letters/STATEMENT/envelope-N             the signed envelope of its N-th sealing
slips/DIGEST                             receipts and slips, signed
reviews/RECORD/record                    rights checks of the exporting State, signed by the officer who made them
reviews/RECORD/certificate-N             that officer's certificate
timestamps/DIGEST.tsr                    RFC 3161 tokens over a statement's digest, where a State has had some made
"""

from __future__ import annotations

import re

FORMAT = "contactpoint-evidence-1"
CASE = "case.json"
SUMMARY = "summary.txt"
GENESIS = "register/genesis"
CHECKPOINT = "register/checkpoint"
ENTRIES = "register/entries"
OBJECTS = "register/objects/"
HEARD = "register/heard/"
LETTERS = "letters/"
SLIPS = "slips/"
REVIEWS = "reviews/"
STAMPS = "timestamps/"

_KNOWN = re.compile(
    r"case\.json|summary\.txt|register/(genesis|checkpoint|entries|(objects|heard)/[0-9a-f]{64})"
    r"|letters/[0-9a-f]{64}/(statement|salt|certificate-[1-9]|envelope-[1-9][0-9]{0,5})"
    r"|reviews/[0-9a-f]{64}/(record|certificate-[1-9])"
    r"|slips/[0-9a-f]{64}|timestamps/[0-9a-f]{64}\.tsr"
)


def is_known(name: str) -> bool:
    """Whether the format has a place for a member of this name; one without a place would be proved by nothing."""
    return _KNOWN.fullmatch(name) is not None
