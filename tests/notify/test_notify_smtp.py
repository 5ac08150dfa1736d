"""The mail channel against real servers: it says DELIVERED, FAILED and UNKNOWN truthfully and leaks nothing."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from contactpoint.notify import ChannelSettingsError, Notice, Outcome, Result, SmtpChannel, SmtpSecurity, Subject

NOTICE = Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0195d6c0", to="night@xa.example", network="training")


class Postbox:
    """Keeps what a real server has taken; `answer` is what it says after the data."""

    def __init__(self, answer: str = "250 taken as 42", recipient: str = "250 OK") -> None:
        self.taken: list[Envelope] = []
        self.answer, self.recipient = answer, recipient

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return self.answer


@contextlib.asynccontextmanager
async def listening(make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def channel(port: int, security: SmtpSecurity = SmtpSecurity.NONE, **more: Any) -> SmtpChannel:
    return SmtpChannel(
        host="localhost" if security is not SmtpSecurity.NONE else "127.0.0.1",
        port=port, security=security, sender="desk@xa.example", timeout_s=more.pop("timeout_s", 5.0), **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


async def test_the_mail_says_that_a_message_waits_and_nothing_else() -> None:
    box = Postbox()
    async with listening(lambda: SMTP(box)) as port:
        outcome = await channel(port).send(NOTICE)
    assert outcome == Outcome(Result.DELIVERED, "taken by the mail server", "taken as 42")
    assert box.taken[0].rcpt_tos == ["night@xa.example"]
    assert isinstance(box.taken[0].content, bytes)
    mail = message_from_bytes(box.taken[0].content, policy=policy.default)
    assert mail["Subject"] == "[TRAINING] U1 A message waits: 0195d6c0"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<0195d6c0-1@xa.example>"
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == [
        "[TRAINING] U1 A message waits: 0195d6c0", "", "Sign in to your desk to read it. This mail holds nothing else.",
    ]  # fmt: skip


async def test_a_refused_recipient_is_a_failure_and_the_servers_words_are_not_kept() -> None:
    box = Postbox(recipient="550 night@xa.example is unknown here")
    async with listening(lambda: SMTP(box)) as port:
        outcome = await channel(port).send(NOTICE)
    assert outcome.result is Result.FAILED
    assert "night@xa.example" not in outcome.text
    assert box.taken == []


async def test_data_refused_is_a_failure() -> None:
    async with listening(lambda: SMTP(Postbox(answer="452 full"))) as port:
        assert (await channel(port).send(NOTICE)).text == "the mail server refused with 452"


async def test_no_server_is_a_failure() -> None:
    async with listening(lambda: SMTP(Postbox())) as port:
        pass
    assert (await channel(port).send(NOTICE)).result is Result.FAILED


async def test_a_server_that_falls_silent_is_unknown_within_the_time_out() -> None:
    async with listening(asyncio.Protocol) as port, asyncio.timeout(3):
        outcome = await channel(port, timeout_s=0.5).send(NOTICE)
    assert outcome.result is Result.UNKNOWN


async def test_a_link_that_breaks_after_the_data_is_unknown_because_the_server_may_have_it() -> None:
    class Breaks(Postbox):
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
            server.transport.abort()
            return "250 never heard"

    async with listening(lambda: SMTP(Breaks())) as port:
        assert (await channel(port).send(NOTICE)).result is Result.UNKNOWN


async def test_starttls_stripped_on_the_way_ends_the_attempt_and_nothing_is_sent_in_clear() -> None:
    box = Postbox()
    async with listening(lambda: SMTP(box)) as port:
        outcome = await channel(port, SmtpSecurity.STARTTLS).send(NOTICE)
    assert outcome.result is Result.FAILED
    assert box.taken == []


async def test_starttls_with_the_ministrys_authority_and_a_password(
    certificate: tuple[Path, ssl.SSLContext], tmp_path: Path
) -> None:
    authority, context = certificate
    box = Postbox()
    seen: list[bytes] = []

    def admit(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append(data.password)
        return AuthResult(success=data.password == b"correct horse", handled=False)

    def server() -> SMTP:
        return SMTP(box, tls_context=context, require_starttls=True, authenticator=admit, auth_required=True)

    async with listening(server) as port:
        good = channel(port, SmtpSecurity.STARTTLS, ca_file=authority, username="desk", password="correct horse")
        assert (await good.send(NOTICE)).result is Result.DELIVERED
        bad = channel(port, SmtpSecurity.STARTTLS, ca_file=authority, username="desk", password="wrong horse")
        outcome = await bad.send(NOTICE)
    assert outcome.result is Result.FAILED
    assert "horse" not in outcome.text + repr(good) + repr(bad)
    assert len(box.taken) == 1


async def test_tls_from_the_first_byte_and_a_strange_certificate_is_refused(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    authority, context = certificate
    box = Postbox()
    async with listening(lambda: SMTP(box), tls=context) as port:
        assert (await channel(port, SmtpSecurity.TLS, ca_file=authority).send(NOTICE)).result is Result.DELIVERED
        assert (await channel(port, SmtpSecurity.TLS).send(NOTICE)).result is Result.FAILED
    assert len(box.taken) == 1


def test_a_password_never_goes_in_clear_to_another_machine() -> None:
    with pytest.raises(ChannelSettingsError, match="clear"):
        SmtpChannel(
            host="mail.xa.example", port=25, security=SmtpSecurity.NONE, sender="desk@xa.example", username="desk",
            password="correct horse",
        )  # fmt: skip


async def test_an_officer_without_a_mail_address_is_a_failure_without_a_connection() -> None:
    notice = Notice("0195d6c0-1", Subject.MESSAGE, "U1", "0195d6c0", to="+999-0001")
    assert (await channel(1).send(notice)).result is Result.FAILED
