"""TLS of the public link: web certificates, or a server key that the charter pins."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from contactpoint.link.errors import TlsSettingsError, UnprovenError, UnsafeUrlError
from keys.tls import spki_pin

_PORTS = {"wss": 443, "ws": 80}


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """Where a State's gateway listens, from its charter. `pin` is the SHA-256 of the server's public key, None: webpki.

    `state` is the State that runs the gateway (the host, when a mailbox is rented): it must prove that name.
    """

    state: str
    url: str
    pin: bytes | None = None


def host_of(url: str) -> str:
    """Host and port as both ends name them in `hello`. UnsafeUrlError for plain ws beyond this machine."""
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise UnsafeUrlError("a gateway address must look like wss://host:port/") from error
    if parts.scheme not in _PORTS or not name:
        raise UnsafeUrlError("a gateway address must look like wss://host:port/")
    # Plain WebSocket shows who writes to whom; only this machine's own loop may carry it.
    if parts.scheme == "ws" and not _is_loopback(name):
        raise UnsafeUrlError("a gateway address without TLS may only be this machine's; use wss://")
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def client_context(address: GatewayAddress) -> ssl.SSLContext | None:
    """The TLS settings to dial with; None for plain ws to this machine. With a pin the key is checked, not the name."""
    if urlsplit(address.url).scheme == "ws":
        return None
    return _by_web_certificate() if address.pin is None else _by_pin()


@cache
def _by_web_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


@cache
def _by_pin() -> ssl.SSLContext:
    """The pin replaces the chain of trust: `check_pin` compares the key before the first frame is sent.

    The web's authorities are not even loaded: that takes a tenth of a second.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def check_pin(address: GatewayAddress, certificate: bytes | None) -> None:
    """Raise UnprovenError unless the server showed the key that the charter pins. `certificate` is DER."""
    if address.pin is None:
        return
    if certificate is None or spki_pin(certificate) != address.pin:
        raise UnprovenError("the server's key is not the one that its charter pins; ask that State before sending")


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The TLS settings of the public listener: TLS 1.3 only. TlsSettingsError when the files do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise TlsSettingsError(f"cannot use {certificate} with {key}; both must be PEM files of one key") from error
    return context


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
