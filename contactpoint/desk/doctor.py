"""Looks at everything that a node depends on and names the failing link, each check apart.

Every check takes what it needs, ends within its own time-out and never raises: what it cannot find out is a failed
check. Nothing here tells a secret, and nothing is changed but a probe file that is removed again.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from contactpoint.desk.results import Check

WARN_SKEW_S = 2.0  # beyond: shown at both ends
WRONG_SKEW_S = 30.0  # beyond: this node issues no legal time
ENOUGH_SOURCES = 3  # clocks to compare with; fewer prove nothing
LEAST_FREE = 1 << 30  # bytes; below, attachments may not fit and receipts may stop
CERTIFICATE_NOTICE = timedelta(days=30)
FRESH_COPY = timedelta(hours=24)
USABLE_COPY = timedelta(days=30)
TIMEOUT_S = 5.0


def check_clock(offsets_s: Mapping[str, float]) -> Check:
    """This machine's clock against others: seconds by which each source is ahead of it."""
    if len(offsets_s) < ENOUGH_SOURCES:
        text = f"unproven: {len(offsets_s)} of {ENOUGH_SOURCES} clocks to compare with"
        return Check("clock", True, text)
    skew = median(offsets_s.values())
    text = f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} the middle of {len(offsets_s)} clocks"
    if abs(skew) <= WARN_SKEW_S:
        return Check("clock", True, text)
    told = "Until then this node signs no legal times." if abs(skew) > WRONG_SKEW_S else "Times are marked until then."
    return Check("clock", False, text, f"Set the machine's clock by NTP (timedatectl set-ntp true). {told}")


def check_zones(zone_path: Sequence[str], shipped: str | None) -> Check:
    """Time zones come from the shipped tzdata; `zone_path` is zoneinfo's, `shipped` the installed version."""
    if shipped is None:
        return Check("tzdata", False, "the package tzdata is not installed", "Install the packages of the lock again.")
    own = [folder for folder in zone_path if Path(folder).is_dir()]
    if own:
        # a copy of the system's that is a year old puts the wrong officer on duty
        return Check(
            "tzdata",
            False,
            f"{own[0]} is read before the shipped {shipped}",
            'Start the node with PYTHONTZPATH="", so that all of its machines agree.',
        )
    return Check("tzdata", True, shipped)


def check_disk(folder: Path, least: int = LEAST_FREE) -> Check:
    """Room where the databases and attachments lie, in bytes."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(
            "disk", False, f"{folder}: {error.strerror}", "Mount the disk, or name the node's folder with --home."
        )
    text = f"{free / (1 << 30):.1f} GiB free"
    if free < least:
        return Check("disk", False, text, "Make room: without it the node takes no messages and signs no receipt.")
    return Check("disk", True, text)


def check_writable(folder: Path) -> Check:
    """The node may write in its own folder."""
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Check("folder", False, f"{folder}: {error.strerror}", "Run the node as the folder's owner.")
    return Check("folder", True, str(folder))


def check_private(files: Sequence[Path]) -> Check:
    """Secret files are readable by their owner only."""
    missing = [path.name for path in files if not path.exists()]
    if missing:
        return Check(
            "secrets", False, f"missing: {', '.join(missing)}", "Restore them from the backup, or run `init` anew."
        )
    loose = [path for path in files if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if loose:
        names = " ".join(str(path) for path in loose)
        text = f"others may read {', '.join(path.name for path in loose)}"
        return Check(
            "secrets", False, text, f"Run `chmod 600 {names}`, and change the keys if others used this machine."
        )
    return Check("secrets", True, f"{len(files)} files, readable by their owner only")


def check_certificate(name: str, host: str, certificate: Path, key: Path, now: datetime) -> Check:
    """The server's certificate: fits its key and its host name, is in force, and stays so for a month."""
    try:
        until = _certificate_until(host, certificate, key)
    except ssl.SSLCertVerificationError as error:
        return Check(
            name, False, error.verify_message, f"Make a certificate for {host}, or put yours at {certificate}."
        )
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
        return Check(name, False, f"{certificate.name} with {key.name}: {reason}", "Put both files there, as PEM.")
    text = f"for {host}, until {until:%d %B %Y}"
    if until - now < CERTIFICATE_NOTICE:
        return Check(name, False, text, "Renew it now; peers that pin the key need the new charter first.")
    return Check(name, True, text)


async def check_name(host: str, timeout_s: float = TIMEOUT_S) -> Check:
    """The host name of the charter leads somewhere."""
    name = f"DNS {host}"
    try:
        async with asyncio.timeout(timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        return Check(name, False, f"no answer within {timeout_s:g} s", "Look at the machine's name servers.")
    except (OSError, UnicodeError):
        return Check(name, False, "unknown", "Look at the spelling in node.toml, and at the zone's entry.")
    addresses = sorted({str(entry[4][0]) for entry in found})
    return Check(name, True, ", ".join(addresses))


async def check_reachable(name: str, host: str, port: int, what_to_do: str, timeout_s: float = TIMEOUT_S) -> Check:
    """Something listens there: a peer's gateway, the register, the mail server, our own listener."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return Check(name, False, f"{host}:{port} does not answer within {timeout_s:g} s", what_to_do)
    except (OSError, UnicodeError) as error:
        return Check(
            name, False, f"{host}:{port}: {getattr(error, 'strerror', None) or type(error).__name__}", what_to_do
        )
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Check(name, True, f"{host}:{port} answers")


async def check_database(name: str, probe: Callable[[], Awaitable[str]], timeout_s: float = TIMEOUT_S) -> Check:
    """The database opens with safe settings and answers; `probe` does both and says what it found."""
    told = "Start the database, or mend its address in node.toml; nothing that was received is lost."
    try:
        async with asyncio.timeout(timeout_s):
            return Check(name, True, await probe())
    except TimeoutError:
        return Check(name, False, f"no answer within {timeout_s:g} s", told)
    except Exception as error:  # noqa: BLE001 - any driver's failure is this check's finding
        # the kind only: a driver's message may hold the address with its password
        return Check(name, False, type(error).__name__, told)


def check_copy(checked_at: datetime | None, size: int, now: datetime) -> Check:
    """The verified copy of the register is there and young enough."""
    name, told = "directory copy", "Start the node, and see that it reaches the register."
    if checked_at is None:
        return Check(name, False, "there is none yet", f"Run `contactpoint enrol`. {told}")
    age = now - checked_at
    text = f"{size} entries, {_age(age)} old"
    if age > USABLE_COPY:
        return Check(name, False, f"{text}: too old to send by", told)
    if age > FRESH_COPY:
        return Check(name, False, f"{text}: still usable for {_age(USABLE_COPY - age)}", told)
    return Check(name, True, text)


def check_heard(state: str, heard_at: datetime | None, now: datetime) -> Check:
    """The other direction: when this peer last reached us."""
    name = f"from {state}"
    if heard_at is None:
        return Check(name, True, "has never called yet")
    return Check(name, True, f"last heard {_age(now - heard_at)} ago")


def _certificate_until(host: str, certificate: Path, key: Path) -> datetime:
    """Shake hands with ourselves in memory, as a peer that trusts this certificate would; returns its end."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)
    client_side = ssl.create_default_context(cadata=_first_certificate(certificate))
    client_side.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(down, up, server_hostname=host)
    server = server_side.wrap_bio(up, down, server_side=True)
    for _ in range(4):  # TLS 1.3 needs two rounds
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = client.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def _first_certificate(path: Path) -> str:
    text = path.read_text(encoding="ascii", errors="replace")
    return text[: text.find("-----END CERTIFICATE-----") + 26]


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
