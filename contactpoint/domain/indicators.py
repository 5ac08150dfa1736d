"""Indicators of a threat: what kind of thing a text names, by its syntax alone, and its one spelling.

Promise: `read_indicator` never fails and never guesses. What is not exactly an address, host name, URL, mail address or digest is
*other* and stays as it was written; only then does a tool of the State take nothing for something else. Marks that show nothing or
turn the direction of reading are written out, so that what an officer sees is what a tool compares.
Source: RFC 3986, RFC 1123 section 2.1, RFC 5890; the brackets of defanged texts (`hxxp`, `[.]`) are an old custom.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

LONGEST_INDICATOR = 2_000
"""Characters; a longer text is other, and cut."""


class IndicatorType(StrEnum):
    """What a text names. IP and IPV6 may be networks (203.0.113.0/24)."""

    IP = "ip"
    IPV6 = "ipv6"
    DOMAIN = "domain"
    URL = "url"
    EMAIL = "email"
    HASH = "hash"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `algorithm` names the digest (MD5, SHA-1, SHA-256, SHA-512) of a HASH, else it is empty."""

    type: IndicatorType
    value: str
    algorithm: str = ""


_DIGESTS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
"""By the number of hexadecimal digits. SHA3-256 looks like SHA-256: only a name before it could tell, and then it is *other*."""

_NAMED_DIGEST = re.compile(r"(?:(md5|sha-?1|sha-?256|sha-?512)\s*[:=]\s*)?([0-9a-f]{32,128})", re.IGNORECASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.){{1,20}}(?!\d+$)[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_URL = re.compile(r"(https?|ftps?|wss?)://([^/?#\s@]{1,255})([/?#][^\s]*)?", re.IGNORECASE)
_PORT = re.compile(r"(.+?)(:[0-9]{1,5})?")
_MAIL = re.compile(r"([\w!#$%&'*+/=?^`{|}~.-]{1,64})@([^@\s]{1,253})")
_DEFANGED_SCHEME = re.compile(r"h(?:xx|XX)p(s?)(?=://|\[:\]//)")
_DEFANGED = (("[.]", "."), ("(.)", "."), ("{.}", "."), ("[:]", ":"), ("[@]", "@"), ("[at]", "@"))


def read_indicator(text: str) -> Indicator:
    """Promise: the indicator that a text is, in its one spelling; what fits no syntax is OTHER, as it was written."""
    given = visible(text.strip())
    plain = _refanged(given)
    if len(given) > LONGEST_INDICATOR or given != text.strip():
        return Indicator(IndicatorType.OTHER, given[:LONGEST_INDICATOR])
    return _address(plain) or _digest(plain) or _url(plain) or _mail(plain) or _host(plain) or _other(given)


def visible(text: str, keep: str = "") -> str:
    r"""The text with every character that shows nothing, or that turns the direction of reading, spelled as ``\uXXXX``; but for ``keep``.

    A name such as ``gpj.exe`` behind a mark of direction would otherwise be read from its end.
    """
    return "".join(
        each if each in keep or unicodedata.category(each) not in _UNSEEN else _spelled(each) for each in text
    )


_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))


def _spelled(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _refanged(text: str) -> str:
    text = _DEFANGED_SCHEME.sub(r"http\1", text)
    for written, meant in _DEFANGED:
        text = text.replace(written, meant)
    return text


def _other(text: str) -> Indicator:
    return Indicator(IndicatorType.OTHER, text)


def _address(text: str) -> Indicator | None:
    try:
        # Strict: a network with bits set beside its mask is a slip of somebody's pen, and which of the two was meant is a guess.
        found = ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text)
    except ValueError:
        return None
    if "%" in text:
        return None
    return Indicator(IndicatorType.IP if found.version == 4 else IndicatorType.IPV6, str(found))


def _digest(text: str) -> Indicator | None:
    match = _NAMED_DIGEST.fullmatch(text)
    algorithm = _DIGESTS.get(len(match[2])) if match else None
    if match is None or algorithm is None:
        return None
    named = (match[1] or algorithm).upper().replace("-", "")
    return Indicator(IndicatorType.HASH, match[2].lower(), algorithm) if named == algorithm.replace("-", "") else None


def _url(text: str) -> Indicator | None:
    match = _URL.fullmatch(text)
    if match is None:
        return None
    scheme, authority, rest = match[1].lower(), match[2], match[3] or ""
    split = _PORT.fullmatch(authority)
    host, port = (split[1], split[2] or "") if split else (authority, "")
    literal = _address(host[1:-1]) if host.startswith("[") and host.endswith("]") else _address(host)
    if literal is not None:
        known = literal.type is IndicatorType.IPV6 and not host.startswith("[")
        name = None if known or "/" in literal.value else host
    else:
        name = _host_name(host)
    return None if name is None else Indicator(IndicatorType.URL, f"{scheme}://{name.lower()}{port}{rest}")


def _mail(text: str) -> Indicator | None:
    match = _MAIL.fullmatch(text)
    host = _host_name(match[2]) if match else None
    # The part before the sign may tell capitals apart (RFC 5321 section 2.4): it stays.
    return Indicator(IndicatorType.EMAIL, f"{match[1]}@{host}") if match and host else None


def _host(text: str) -> Indicator | None:
    name = _host_name(text)
    return None if name is None else Indicator(IndicatorType.DOMAIN, name)


def _host_name(text: str) -> str | None:
    """The name in its form on the wire: small letters, A-labels, no final dot."""
    name = text.removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    name = name.lower()
    return name if len(name) <= 253 and _DOMAIN.fullmatch(name) else None
