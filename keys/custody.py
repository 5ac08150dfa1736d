"""Secrets at rest: under a node's secret, under a person's passphrase, and under a case's own key.

- A node secret (32 bytes) seals what a node must open with nobody there. AES-256-GCM under a key of its own for each
  sealing, drawn by HKDF from the secret, the name and a salt made from the plain bytes: no nonce can ever repeat,
  whatever is restored from a snapshot. Equal bytes under one name give equal sealed bytes.
- A passphrase seals a person's seeds: argon2id (RFC 9106; t=3, 64 MiB, p=4), parameters bounded on read both ways.
- A case key seals everything legal of one case. It is wrapped to the storage key and to the State's archive key;
  destroying both wraps is erasure.
"""

import hmac
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.body import derive_key
from keys.cbor import Value, decode, encode
from keys.errors import KeyFormatError, PassphraseError, SpellingError, UnsealError
from keys.xwing import SealingKey, SealingPublicKey, unwrap, wrap

SECRET_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
PASSPHRASE_LIMIT = 65_536

ITERATIONS, MEMORY_KIB, LANES = 3, 65_536, 4
# Below: somebody weakened the file to guess faster. Above: somebody wants this process to fall over.
_ITERATION_BOUNDS = range(ITERATIONS, 11)
_MEMORY_BOUNDS = range(MEMORY_KIB, 4 * MEMORY_KIB + 1)
_LANE_BOUNDS = range(1, 17)

_SALT32 = 32
_ZERO_NONCE = bytes(NONCE_BYTES)  # safe: each key it is used with seals one plaintext only


def _check_secret(secret32: bytes, what: str) -> None:
    if len(secret32) != SECRET_BYTES:
        raise KeyFormatError(f"a {what} of {len(secret32)} bytes: it has {SECRET_BYTES} random bytes")


@dataclass(frozen=True, slots=True)
class NodeSecret:
    """A node's 32-byte secret, or a storage key; never shown. Raises KeyFormatError for another length."""

    secret32: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_secret(self.secret32, "node secret")

    def seal(self, name: str, plain: bytes) -> bytes:
        """Return `plain` sealed; it opens only under the same `name`, so sealed files cannot be swapped."""
        mac_key = derive_key(self.secret32, b"", encode(["cpn1/node-salt", name]))
        salt = hmac.digest(mac_key, plain, "sha256")
        return salt + AESGCM(self._key(name, salt)).encrypt(_ZERO_NONCE, plain, None)

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed under `name`. Raises UnsealError."""
        salt, body = sealed[:_SALT32], sealed[_SALT32:]
        return _open_gcm(self._key(name, salt), _ZERO_NONCE, body, None, f"{name} does not open with this node secret")

    def _key(self, name: str, salt: bytes) -> bytes:
        return derive_key(self.secret32, salt, encode(["cpn1/node", name]))


def seal_under_passphrase(passphrase: str, plain: bytes, *, salt: bytes, nonce: bytes) -> bytes:
    """Return `plain` sealed under `passphrase`; `salt` is 16 and `nonce` 12 random bytes. Takes about 0.1 s, 64 MiB.

    Raises PassphraseError for an empty passphrase.
    """
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise PassphraseError(f"salt and nonce: draw {SALT_BYTES} and {NONCE_BYTES} random bytes")
    header: list[Value] = ["cpn1/passphrase", "argon2id", ITERATIONS, MEMORY_KIB, LANES, salt, nonce]
    key = _passphrase_key(passphrase, ITERATIONS, MEMORY_KIB, LANES, salt)
    return encode([*header, AESGCM(key).encrypt(nonce, plain, encode(header))])


def open_under_passphrase(passphrase: str, sealed: bytes) -> bytes:
    """Return what was sealed under `passphrase`.

    Raises PassphraseError for a wrong passphrase, and before any work for parameters weaker or costlier than permitted.
    """
    try:
        value = decode(sealed, limit=PASSPHRASE_LIMIT)
    except SpellingError as error:
        raise PassphraseError("the sealed file is damaged: restore it from a backup") from error
    match value:
        case [
            "cpn1/passphrase",
            "argon2id",
            int(iterations),
            int(memory),
            int(lanes),
            bytes(salt),
            bytes(nonce),
            bytes(body),
        ] if iterations in _ITERATION_BOUNDS and memory in _MEMORY_BOUNDS and lanes in _LANE_BOUNDS:
            if len(salt) == SALT_BYTES and len(nonce) == NONCE_BYTES:
                key = _passphrase_key(passphrase, iterations, memory, lanes, salt)
                header: list[Value] = ["cpn1/passphrase", "argon2id", iterations, memory, lanes, salt, nonce]
                try:
                    return AESGCM(key).decrypt(nonce, body, encode(header))
                except InvalidTag as error:
                    raise PassphraseError("this signing secret does not open the key: type it again") from error
    raise PassphraseError("the sealed file has parameters out of bounds: restore it from a backup")


def _passphrase_key(passphrase: str, iterations: int, memory: int, lanes: int, salt: bytes) -> bytes:
    # NFC, so that the same secret typed on another keyboard or system is the same bytes.
    material = unicodedata.normalize("NFC", passphrase).encode()
    if not material:
        raise PassphraseError("an empty signing secret: type one")
    # argon2-cffi, not cryptography's Argon2id: two of the latter at once in two threads wait for each other for ever.
    return hash_secret_raw(material, salt, iterations, memory, lanes, SECRET_BYTES, Type.ID)


@dataclass(frozen=True, slots=True)
class CaseKey:
    """The random key of one case, 32 bytes; never shown."""

    secret32: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_secret(self.secret32, "case key")


def new_case_key(random: Callable[[int], bytes]) -> CaseKey:
    """Return a fresh case key."""
    return CaseKey(random(SECRET_BYTES))


def wrap_case_key(key: CaseKey, storage: NodeSecret, archive: SealingPublicKey, case_id: str) -> tuple[bytes, bytes]:
    """Return `key` wrapped to the storage key and to the archive key, both bound to `case_id`."""
    return storage.seal(_case_name(case_id), key.secret32), wrap(archive, key.secret32, _case_info(case_id))


def open_case_key(storage: NodeSecret, wrapped: bytes, case_id: str) -> CaseKey:
    """Return the case key from its storage wrap. Raises UnsealError, also when it is another case's."""
    return CaseKey(storage.open(_case_name(case_id), wrapped))


def open_case_key_from_archive(archive: SealingKey, wrapped: bytes, case_id: str) -> CaseKey:
    """Return the case key from its archive wrap (the archive key is kept offline). Raises UnsealError."""
    return CaseKey(unwrap(archive, wrapped, _case_info(case_id)))


def seal_at_rest(case_key: CaseKey, name: str, plain: bytes, nonce: bytes) -> bytes:
    """Return `plain` sealed under the case's key for `name` (table and row, say); `nonce` is 12 random bytes."""
    if len(nonce) != NONCE_BYTES:
        raise KeyFormatError(f"a nonce of {len(nonce)} bytes: draw {NONCE_BYTES}")
    return nonce + AESGCM(_rest_key(case_key, name)).encrypt(nonce, plain, None)


def open_at_rest(case_key: CaseKey, name: str, sealed: bytes) -> bytes:
    """Return what was sealed for `name`. Raises UnsealError: another case, another row, or changed bytes."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return _open_gcm(_rest_key(case_key, name), nonce, body, None, f"{name} does not open with this case key")


def _rest_key(case_key: CaseKey, name: str) -> bytes:
    return derive_key(case_key.secret32, b"", encode(["cpn1/rest", name]))


def _case_name(case_id: str) -> str:
    return f"case-key/{case_id}"


def _case_info(case_id: str) -> bytes:
    return encode(["cpn1/case-key", case_id])


def _open_gcm(key: bytes, nonce: bytes, body: bytes, bound: bytes | None, failed: str) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, body, bound)
    except (InvalidTag, ValueError) as error:
        raise UnsealError(f"{failed}: restore it from a backup") from error
