"""The Ed25519 point check that OpenSSL leaves out: under a small-order key one signature fits any message.

Source: RFC 8032 section 5.1.3 (decoding); Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020).
"""

from keys.errors import KeyFormatError

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The y of the eight points whose order divides eight: orders 1 and 2, order 4, and the two pairs of order 8.
_SMALL_ORDER_Y = frozenset(
    (
        1,
        _P - 1,
        0,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")
        % 2**255,
    )
)


def check_point(data: bytes) -> None:
    """Return if the 32 bytes are the one encoding of a curve point of large order; raise KeyFormatError if not."""
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if len(data) != 32 or y >= _P:
        raise KeyFormatError("an Ed25519 key that is not the one encoding of a point: ask its owner for another key")
    if y in _SMALL_ORDER_Y:
        raise KeyFormatError("an Ed25519 key of small order, under which one signature fits any message: refuse it")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        raise KeyFormatError("an Ed25519 key that is not on the curve: ask its owner for another key")
