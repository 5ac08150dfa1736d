"""Channels by Apprise (the extra ``notify``): text messages, voice, chat and push through whatever service a State has chosen.

The service's address is the administrator's and holds its secrets; a person's own address only fills the place marked ``{to}`` in it,
escaped, so that nobody can turn a telephone number into another service.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import quote

from contactpoint.notify.channel import Outcome, Result, one_line
from contactpoint.notify.errors import ChannelSettingsError
from contactpoint.notify.notice import Notice

CHANNELS = ("sms", "voice", "chat", "push")
_PLACE = "{to}"


def load_apprise() -> ModuleType:
    """The library. Raises ChannelSettingsError where the extra is not installed."""
    try:
        return import_module("apprise")
    except ImportError as error:
        raise ChannelSettingsError(
            "node.toml has a table [apprise], and Apprise is not installed. "
            "Install the extra, pip install 'contactpoint[notify]', or take the table out."
        ) from error


class AppriseChannel:
    """Hands a notice to one Apprise service within ``timeout_s`` seconds.

    ``url``: the service's Apprise address, with ``{to}`` where the person's address goes; without it all notices go to one place.
    Raises ChannelSettingsError for an address that Apprise does not know, and where Apprise is missing.
    """

    def __init__(self, name: str, url: str, *, timeout_s: float = 20.0) -> None:
        if name not in CHANNELS:
            raise ChannelSettingsError(f"There is no channel {name} for Apprise. Choose from {', '.join(CHANNELS)}.")
        self._apprise = load_apprise()
        self._name, self._url, self._timeout_s = name, url, timeout_s
        if self._apprise.Apprise.instantiate(self._filled("0000000000"), suppress_exceptions=True) is None:
            # the address itself may hold a password: it is not repeated
            raise ChannelSettingsError(f"apprise.{name} is not an address that Apprise knows. See docs/notices.md.")

    @property
    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"AppriseChannel({self._name})"

    async def send(self, notice: Notice) -> Outcome:
        if _PLACE in self._url and not notice.to:
            return Outcome(Result.FAILED, f"the officer has no address for {self._name}")
        service = self._apprise.Apprise()
        if not service.add(self._filled(notice.to)):
            return Outcome(Result.FAILED, "this address cannot be used with the service")
        try:
            async with asyncio.timeout(self._timeout_s):
                said = await service.async_notify(body=notice.body, title="", body_format="text", tag=None)
        except TimeoutError:
            return Outcome(Result.UNKNOWN, f"no answer from the service within {self._timeout_s:g} s")
        except (OSError, TypeError, ValueError) as error:
            return Outcome(Result.UNKNOWN, one_line(f"the service broke off: {type(error).__name__}"))
        return self._outcome(said)

    def _filled(self, to: str) -> str:
        return self._url.replace(_PLACE, quote(to, safe=""))

    def _outcome(self, said: Any) -> Outcome:
        """The structured result: only a confirmed failure of every attempt is FAILED."""
        status = self._apprise.AppriseResultStatus
        taken = next((each for each in said if each.status == status.SUCCESS), None)
        if said.status == status.SUCCESS and taken is not None:
            return Outcome(Result.DELIVERED, one_line(f"taken by {taken.name}"), one_line(str(taken.url_id or ""), 128))
        if said.status == status.FAILURE:
            return Outcome(Result.FAILED, "the service refused or cannot be reached")
        if said.status == status.NOMATCH:
            return Outcome(Result.FAILED, "Apprise found no service to hand it to")
        return Outcome(Result.UNKNOWN, "the service did not answer in time")
