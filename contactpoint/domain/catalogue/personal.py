"""Whether a text holds a mail address or a telephone number, by syntax alone.

It is the check behind *no personal data* (Article 36): what goes to many States names machines, not people. Host names, addresses
of machines and digests are no personal data. It finds what is written as mail addresses and telephone numbers are; it cannot know
a name or an account, and does not try.
"""

import re
import unicodedata

_HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Marks that show nothing: a sender must not be able to hide an address from the check with one."""

_AT = re.compile(r"\s{0,3}[\[({]\s{0,3}(?:at|@)\s{0,3}[\])}]\s{0,3}", re.IGNORECASE)
_DOT = re.compile(r"\s{0,3}[\[({]\s{0,3}(?:dot|\.)\s{0,3}[\])}]\s{0,3}", re.IGNORECASE)
"""How addresses are written so that nobody clicks them: user[at]host[.]example."""

_MAIL = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@(?:[\w-]{1,63}\.){1,10}[\w-]{2,63}")

_DIGITS = r"\d(?:[ ./()\u2010-\u2015-]{0,3}\d){6,14}(?![\d\w])"
_INTERNATIONAL = re.compile(rf"(?<![\w.:/-])(?:\+ ?|00(?=[ (-]{{0,2}}[1-9]))[ (]{{0,2}}{_DIGITS}")
_NAMED = re.compile(rf"\b(?:tel|telephone|phone|mobile|fax|whatsapp|signal)\b[\s.:]{{0,4}}\(?{_DIGITS}", re.IGNORECASE)


def holds_personal_data(text: str) -> bool:
    """Promise: true where the text holds a mail address, or a telephone number in its international form or named as one."""
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    plain = _DOT.sub(".", _AT.sub("@", plain))
    return any(pattern.search(plain) for pattern in (_MAIL, _INTERNATIONAL, _NAMED))
