"""A self-made TLS server certificate, and the pin by which peers know it: SHA-256 of SubjectPublicKeyInfo.

The charter carries the pin, so no certificate authority is needed. Sources: RFC 5280; RFC 7469 section 2.4 (pin).
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.digest import digest
from keys.errors import TlsError


def make_server_certificate(hosts: Sequence[str], not_before: datetime, not_after: datetime) -> tuple[bytes, bytes]:
    """Return (certificate, private key) in PEM for `hosts` (names or addresses). Raises TlsError.

    The library draws key and serial number itself. Keep the key in a file of mode 0600.
    """
    if not hosts or not_before >= not_after:
        raise TlsError("a server certificate needs a host and a window that ends after it begins: give both")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def spki_pin(certificate_der: bytes) -> bytes:
    """Return the 32-byte pin of a certificate in DER. Raises TlsError for bytes that are none."""
    try:
        public = x509.load_der_x509_certificate(certificate_der).public_key()
    except ValueError as error:
        raise TlsError("the peer shows bytes that are no certificate: check the address") from error
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return digest(spki)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise TlsError(f"the host name {host!r} is not plain ASCII: give it in its xn-- form") from error
