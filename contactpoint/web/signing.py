"""The officer's key for one act: from the running shift, or from the secret typed again where the act asks for it."""

from __future__ import annotations

from starlette.datastructures import FormData

from contactpoint.desk.errors import SecretError
from contactpoint.desk.ports import OfficerKey
from contactpoint.desk.views import OfficerView
from contactpoint.web.i18n import N_
from contactpoint.web.visitor import Officer

ASK = N_("Your signing secret is needed here.")
DO = N_("Type the signing secret. It is not the password you sign in with.")


async def signing_key(form: FormData, seen: Officer, *, again: bool) -> OfficerKey:
    """The key. ``again``: the secret is asked for even within a shift (release of a U0, disclosure).

    Raises SecretError when no secret was typed where one is needed, or when it is wrong.
    """
    secret = str(form.get("secret", ""))
    if secret:
        async with seen.console.checks:
            return await seen.desk.unseal(seen.officer.number, secret, seen.now)
    key = None if again else await seen.key()
    if key is None:
        raise SecretError("E-SECRET-NEEDED", ASK, DO)
    return key


async def approvers(seen: Officer) -> tuple[OfficerView, ...]:
    """Officers who may approve and are not the one who writes."""
    everyone = await seen.desk.officers(seen.now)
    return tuple(
        each for each in everyone if "approve" in each.rights and each.number != seen.officer.number and not each.locked
    )
