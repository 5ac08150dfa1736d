"""What can go wrong with bytes and keys.

    KeysError
    ├── SpellingError          E-MALFORMED      bytes that this software would not have written
    ├── TypeConfusionError     E-MALFORMED      a signed object of another type than the one asked for
    ├── KeyFormatError         E-MALFORMED      a key of wrong length, off the curve or of small order
    ├── SignatureError         E-SIGNATURE      not signed by exactly those who should have signed
    ├── UnsealError            E-UNDECRYPTABLE  wrong key, wrong context, or changed ciphertext
    ├── CertificateError       E-CERTIFICATE    a key record or officer certificate that does not hold
    ├── PrekeyError            E-PREKEY         a prekey sheet that does not hold
    ├── PassphraseError        E-PASSPHRASE     wrong signing secret, or parameters out of bounds
    └── TlsError               E-TLS            a server certificate that cannot be made or read

Messages say what to do and never hold a secret.
"""


class KeysError(Exception):
    """Base of everything that `keys` raises on purpose; `code` is stable and may be shown to a peer."""

    code = "E-KEYS"


class SpellingError(KeysError):
    """The bytes are not the one permitted spelling of any permitted value."""

    code = "E-MALFORMED"


class TypeConfusionError(KeysError):
    """The signed object is of another type than the reader asked for."""

    code = "E-MALFORMED"


class KeyFormatError(KeysError):
    """The bytes are not an acceptable key."""

    code = "E-MALFORMED"


class SignatureError(KeysError):
    """The object is not signed by exactly the keys that should have signed it."""

    code = "E-SIGNATURE"


class UnsealError(KeysError):
    """The ciphertext does not open: wrong key, wrong context, or changed bytes."""

    code = "E-UNDECRYPTABLE"


class CertificateError(KeysError):
    """The key record or certificate does not hold for what it is shown for."""

    code = "E-CERTIFICATE"


class PrekeyError(KeysError):
    """The prekey sheet does not hold."""

    code = "E-PREKEY"


class PassphraseError(KeysError):
    """The signing secret is wrong, or the sealed bytes carry parameters out of bounds."""

    code = "E-PASSPHRASE"


class TlsError(KeysError):
    """The server certificate cannot be made or read."""

    code = "E-TLS"
