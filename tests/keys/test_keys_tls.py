import hashlib
import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from keys.errors import TlsError
from keys.tls import make_server_certificate, spki_pin
from tests.keys.key_examples import NOON

YEAR = timedelta(days=365)
HOSTS = ["gw.xa.example", "127.0.0.1", "2001:db8::1"]


def test_a_made_certificate_names_its_hosts_and_its_window_and_loads_in_a_server(tmp_path: Path) -> None:
    certificate, key = make_server_certificate(HOSTS, NOON, NOON + YEAR)
    read = x509.load_pem_x509_certificate(certificate)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gw.xa.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(h) for h in HOSTS[1:]]
    assert (read.not_valid_before_utc, read.not_valid_after_utc) == (NOON, NOON + YEAR)
    (tmp_path / "c").write_bytes(certificate)
    (tmp_path / "k").write_bytes(key)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tmp_path / "c", tmp_path / "k")


def test_the_pin_is_the_digest_of_the_public_key_and_survives_renewal() -> None:
    certificate, _ = make_server_certificate(HOSTS, NOON, NOON + YEAR)
    der = ssl.PEM_cert_to_DER_cert(certificate.decode())
    public = x509.load_der_x509_certificate(der).public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert spki_pin(der) == hashlib.sha256(spki).digest()
    another, _ = make_server_certificate(HOSTS, NOON, NOON + YEAR)
    assert spki_pin(ssl.PEM_cert_to_DER_cert(another.decode())) != spki_pin(der)


def test_what_is_no_certificate_has_no_pin() -> None:
    for data in (b"", b"\x30\x00", bytes(200)):
        with pytest.raises(TlsError):
            spki_pin(data)


def test_a_certificate_needs_a_host_in_ascii_and_a_window() -> None:
    for hosts, until in (([], NOON + YEAR), (HOSTS, NOON), (["gw.über.example"], NOON + YEAR)):
        with pytest.raises(TlsError):
            make_server_certificate(hosts, NOON, until)
