"""Message authentication between two who share a secret: HMAC-SHA256 (RFC 2104)."""

import hashlib
import hmac


def mac(key: bytes, data: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 of `data` under `key`."""
    return hmac.new(key, data, hashlib.sha256).digest()
