"""Whose key signed, or whether the register must be looked at again before anybody is called a liar."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from contactpoint.gateway.errors import RefusedError
from contactpoint.wire.frames import Role
from contactpoint.wire.keybook import KeyBook
from keys.signing import PublicKey

_REMEMBERED = 256


class Signers:
    """Finds the registered key of a signature, and tells *not registered* from *not known here yet*."""

    def __init__(self, book: KeyBook, fetch: Callable[[], None]) -> None:
        """`fetch` asks for the register to be looked at soon; it returns at once and may be called often."""
        self._book, self._fetch = book, fetch
        self._seen: OrderedDict[tuple[str, tuple[bytes, ...]], datetime] = OrderedDict()

    def find(self, state: str, role: Role, signers: Sequence[bytes], dir_size: int, now: datetime) -> PublicKey:
        """The one key that claims to have signed, if it is the State's in this role now.

        RefusedError with E-UNTRUSTED-KEY, or with E-DIRECTORY-BEHIND while the signer has seen more of the register.
        """
        keys_of = self._book.station_keys if role is Role.STATION else self._book.gateway_keys
        named = tuple(signers)
        key = next((key for key in keys_of(state, now) if (key.id,) == named), None)
        if key is None:
            behind = dir_size > self._book.size and self._is_behind((state, named), now)
            raise RefusedError("E-DIRECTORY-BEHIND" if behind else "E-UNTRUSTED-KEY")
        return key

    def _is_behind(self, claim: tuple[str, tuple[bytes, ...]], now: datetime) -> bool:
        # A signer can claim any size. Once the register was looked at after this key was first seen, the largest
        # checkpoint that can be verified is the one at hand, and the claim counts as that.
        first = self._seen.setdefault(claim, now)
        if self._book.checked_at > first:
            del self._seen[claim]  # should the key be registered later, its next letter is looked up anew
            return False
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._fetch()
        return True
