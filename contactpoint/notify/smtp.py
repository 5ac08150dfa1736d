"""The channel by electronic mail (RFC 5321): one plain message, one recipient."""

from __future__ import annotations

import ipaddress
import ssl
from email.message import EmailMessage
from enum import Enum
from pathlib import Path

import aiosmtplib

from contactpoint.notify.channel import Outcome, Result, one_line
from contactpoint.notify.errors import ChannelSettingsError
from contactpoint.notify.notice import Notice


class SmtpSecurity(Enum):
    NONE = "none"  # only to a server on this machine
    STARTTLS = "starttls"  # required, never merely tried
    TLS = "tls"


class SmtpChannel:
    """Hands a notice to the State's mail server within `timeout_s` seconds.

    DELIVERED means that the server has taken it, not that anybody has read it. A time-out or a link that breaks after
    the first byte is UNKNOWN: the server may have it. Raises ChannelSettingsError at building when the password would
    go over a line in clear.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: SmtpSecurity,
        sender: str,
        username: str = "",
        password: str = "",
        ca_file: Path | None = None,
        timeout_s: float = 20.0,
    ) -> None:
        if security is SmtpSecurity.NONE and username and not _is_loopback(host):
            # whoever listens on the line would read the State's mail password
            raise ChannelSettingsError(
                "mail.username with mail.security = 'none' would send the password in clear. Use 'starttls' or 'tls'."
            )
        if not sender.isascii() or not sender.isprintable() or "@" not in sender:
            raise ChannelSettingsError("mail.sender is not a mail address. Write it as name@host.")
        self._host, self._port, self._security, self._sender = host, port, security, sender
        self._username, self._password = username, password
        self._ca_file, self._timeout_s = ca_file, timeout_s

    @property
    def name(self) -> str:
        return "smtp"

    def __repr__(self) -> str:
        return f"SmtpChannel({self._host}:{self._port}, {self._security.value})"

    async def send(self, notice: Notice) -> Outcome:
        if "@" not in notice.to or not notice.to.isascii():
            return Outcome(Result.FAILED, "the officer has no mail address that this server can be given")
        try:
            _, answer = await aiosmtplib.send(
                self._message(notice),
                sender=self._sender,
                recipients=[notice.to],
                hostname=self._host,
                port=self._port,
                use_tls=self._security is SmtpSecurity.TLS,
                # True, not None: an answer without STARTTLS (a stripping attack) ends the attempt, never the encryption
                start_tls=self._security is SmtpSecurity.STARTTLS,
                username=self._username or None,
                password=self._password or None,
                tls_context=self._context(),
                timeout=self._timeout_s,
            )
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            return Outcome(Result.UNKNOWN, f"no answer from the mail server within {self._timeout_s:g} s")
        except aiosmtplib.SMTPConnectError as error:
            return Outcome(Result.FAILED, one_line(f"the mail server cannot be reached: {error}"))
        except aiosmtplib.SMTPServerDisconnected:
            return Outcome(Result.UNKNOWN, "the mail server closed the link before it had answered")
        except aiosmtplib.SMTPResponseException as error:
            return Outcome(Result.FAILED, f"the mail server refused with {error.code}")
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            return Outcome(Result.FAILED, one_line(f"the mail could not be handed over: {type(error).__name__}"))
        return Outcome(Result.DELIVERED, "taken by the mail server", one_line(answer, 128))

    def _context(self) -> ssl.SSLContext | None:
        if self._security is SmtpSecurity.NONE:
            return None
        return ssl.create_default_context(cafile=self._ca_file)

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = notice.to
        message["Subject"] = notice.line
        message["Message-ID"] = f"<{notice.id}@{self._sender.rpartition('@')[2]}>"  # the same for every attempt
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
        way = f"\nOn your way? Open this and press the button:\n{notice.link}\n" if notice.link else ""
        message.set_content(f"{notice.line}\n{way}\nSign in to your desk to read it. This mail holds nothing else.\n")
        return message


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
