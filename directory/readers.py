"""How a member shows that it is one: a station signs which members' part it reads, and when. Good for five minutes."""

import base64
import binascii
from datetime import datetime, timedelta

from directory.errors import DocumentError, KeyNotValidError
from directory.rules import Registry, Status
from keys.cbor import decode, encode
from keys.certificate import Role
from keys.errors import KeysError
from keys.instants import to_milliseconds
from keys.signed import parse, sign, verify
from keys.signing import SigningKey

SCHEME = "CPN1 "
_TYPE = "reader"
_WINDOW = timedelta(minutes=5)
_READER_BYTES = 8192


def make_reader(station: SigningKey, digest: bytes, now: datetime, net: bytes) -> str:
    """The `Authorization` header with which a station reads the members' part of this digest."""
    content = encode({"v": 1, "digest": digest, "at": to_milliseconds(now)})
    return SCHEME + base64.b64encode(sign(_TYPE, content, [station], net).to_bytes()).decode()


def check_reader(registry: Registry, header: str | None, digest: bytes, now: datetime) -> str:
    """The State that asks. DocumentError when it does not show who it is, LookUpError when it is no listed member."""
    try:
        data = base64.b64decode((header or "").removeprefix(SCHEME), validate=True)
        signed = parse(data, _TYPE, limit=_READER_BYTES)
        value = decode(signed.content, limit=_READER_BYTES)
        if len(signed.signers) != 1 or not isinstance(value, dict):
            raise DocumentError("E-READER", "sign the request with one station key")
        station = registry.key(signed.signers[0], Role.STATION, now)
        verify(signed, [station.public], registry.genesis.net)
    except (KeysError, binascii.Error, ValueError):
        raise DocumentError("E-READER", "members' parts are read under a station key; sign the request") from None
    at = value.get("at")
    if (
        value.get("digest") != digest
        or type(at) is not int
        or abs(to_milliseconds(now) - at) > _WINDOW / timedelta(milliseconds=1)
    ):
        raise DocumentError("E-READER", "signed for something else or too long ago; sign the request now")
    if registry.standings[station.state].status is not Status.LISTED:
        raise KeyNotValidError("E-SUSPENDED", "a suspended State does not read members' parts; call the registrar")
    return station.state
