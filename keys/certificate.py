"""Keys with one role, one window and a proof of possession; and the certificates of officers.

A key record says: this key acts in this role, for this owner, in this window. Its proof is a signature by the key
itself over exactly that, so nobody can list another's key as his own. An officer certificate is a key record under the
issuer's signature, for 31 days at most. Source: `docs/protocol.md` section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache

from keys.cbor import Value, decode, encode
from keys.errors import CertificateError, KeyFormatError, SignatureError
from keys.instants import from_milliseconds, to_milliseconds
from keys.signed import Signed, parse, sign, signing_context, verify
from keys.signing import PublicKey, SigningKey

OFFICER_DAYS = 31
_PROOF_TYPE = "possession"
_OFFICER_TYPE = "officer"


class Role(Enum):
    """What a key may sign. A key has one role for life."""

    ROOT = "root"
    STATION = "station"
    GATEWAY = "gateway"
    KEEPER = "keeper"
    ISSUER = "issuer"
    OFFICER = "officer"
    REGISTRAR = "registrar"
    LOG = "log"


def _claim(role: Role, owner: str, key_id: bytes, not_before: datetime, not_after: datetime) -> bytes:
    window: list[Value] = [to_milliseconds(not_before), to_milliseconds(not_after)]
    return encode([role.value, owner, key_id, *window])


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A public key with its role, its window [not_before, not_after) in UTC and its proof of possession."""

    role: Role
    public: PublicKey
    not_before: datetime
    not_after: datetime
    proof: bytes

    @classmethod
    def make(
        cls, key: SigningKey, role: Role, owner: str, not_before: datetime, not_after: datetime, net: bytes
    ) -> "KeyRecord":
        """Return the record of `key` for `owner` ("XA", or "XA/007" for an officer). Raises CertificateError."""
        if not_before >= not_after:
            raise CertificateError("a key window that ends before it begins: give a later end")
        claim = _claim(role, owner, key.public.id, not_before, not_after)
        proof = key.sign(claim, signing_context(_PROOF_TYPE, net))
        start, end = to_milliseconds(not_before), to_milliseconds(not_after)
        return cls(role, key.public, from_milliseconds(start), from_milliseconds(end), proof)

    def check(self, role: Role, owner: str, net: bytes) -> None:
        """Return if the key has `role` and itself says so for `owner` in `net`; raise CertificateError if not."""
        if self.role is not role:
            raise CertificateError(f"a {self.role.value} key where a {role.value} key is needed: use the right key")
        claim = _claim(self.role, owner, self.public.id, self.not_before, self.not_after)
        try:
            self.public.verify(claim, self.proof, signing_context(_PROOF_TYPE, net))
        except SignatureError as error:
            raise CertificateError(
                f"no proof that {owner} holds this {role.value} key: make the record anew"
            ) from error

    def covers(self, at: datetime) -> bool:
        """Return whether `at` lies in the window; its end is outside."""
        return self.not_before <= at < self.not_after

    def to_value(self) -> dict[str, Value]:
        """Return the record as it stands inside signed content."""
        return {
            "role": self.role.value,
            "key": self.public.data,
            "from": to_milliseconds(self.not_before),
            "to": to_milliseconds(self.not_after),
            "proof": self.proof,
        }

    @classmethod
    def from_value(cls, value: Value) -> "KeyRecord":
        """Read `to_value`. Raises CertificateError for a missing, unknown or wrongly typed field or a bad key."""
        match value:
            case {
                "role": str(role),
                "key": bytes(key),
                "from": int(start),
                "to": int(end),
                "proof": bytes(proof),
                **rest,
            }:
                if rest or start >= end:
                    raise CertificateError("a key record with unknown fields or an empty window: make it anew")
                try:
                    return cls(Role(role), PublicKey(key), from_milliseconds(start), from_milliseconds(end), proof)
                except (ValueError, KeyFormatError) as error:
                    raise CertificateError(f"a key record that does not hold: {error}") from error
        raise CertificateError("not a key record: it has exactly role, key, from, to, proof")


@dataclass(frozen=True, slots=True)
class OfficerCertificate:
    """An officer's key, for one State and officer number, with its rights, as verified under an issuer key."""

    state: str
    number: str
    rights: tuple[str, ...]
    key: KeyRecord
    signed: Signed


def issue_officer(
    issuer: SigningKey,
    state: str,
    number: str,
    rights: Sequence[str],
    officer: SigningKey,
    not_before: datetime,
    not_after: datetime,
    net: bytes,
) -> Signed:
    """Return the certificate of `officer`, for 31 days at most. Raises CertificateError."""
    _check_term(not_before, not_after)
    if not state or not number:
        raise CertificateError("a certificate without State or officer number: give both")
    record = KeyRecord.make(officer, Role.OFFICER, f"{state}/{number}", not_before, not_after, net)
    sorted_rights: list[Value] = [*sorted(set(rights))]
    content: dict[str, Value] = {
        "v": 1,
        "state": state,
        "number": number,
        "rights": sorted_rights,
        "key": record.to_value(),
    }
    return sign(_OFFICER_TYPE, encode(content), [issuer], net)


def read_officer(data: bytes, issuers: Sequence[PublicKey], net: bytes, at: datetime) -> OfficerCertificate:
    """Return the certificate in `data`, signed by one of `issuers` and valid at `at`.

    Raises SpellingError, TypeConfusionError, CertificateError. Revocation is the register's affair: pass the issuers
    that were good at `at`.
    """
    certificate = _verified_officer(data, tuple(issuers), net)
    if not certificate.key.covers(at):
        raise CertificateError("the certificate is not valid at that time: renew it (31 days at most)")
    return certificate


@lru_cache(maxsize=1024)
def _verified_officer(data: bytes, issuers: tuple[PublicKey, ...], net: bytes) -> OfficerCertificate:
    """All of it that no clock changes: the same officer's certificate comes with each of his letters for a month."""
    signed = parse(data, _OFFICER_TYPE)
    certificate = _officer_fields(signed)
    issuer = next((key for key in issuers if signed.signers == (key.id,)), None)
    if issuer is None:
        raise CertificateError("signed by no issuer of this State: fetch its charter, then ask for a new certificate")
    try:
        verify(signed, [issuer], net)
    except SignatureError as error:
        raise CertificateError("the issuer's signature does not hold: ask for a new certificate") from error
    _check_term(certificate.key.not_before, certificate.key.not_after)
    certificate.key.check(Role.OFFICER, f"{certificate.state}/{certificate.number}", net)
    return certificate


def _officer_fields(signed: Signed) -> OfficerCertificate:
    match decode(signed.content):
        case {"v": 1, "state": str(state), "number": str(number), "rights": [*rights], "key": key, **rest} if not rest:
            named = tuple(right for right in rights if isinstance(right, str))
            if not state or not number or list(named) != sorted(set(named)) or len(named) != len(rights):
                raise CertificateError("no State or number, or rights out of order: issue the certificate anew")
            return OfficerCertificate(state, number, named, KeyRecord.from_value(key), signed)
    raise CertificateError("not an officer certificate: it has exactly v, state, number, rights, key")


def _check_term(not_before: datetime, not_after: datetime) -> None:
    if not_after - not_before > timedelta(days=OFFICER_DAYS):
        raise CertificateError(f"an officer certificate of more than {OFFICER_DAYS} days: issue a shorter one")
