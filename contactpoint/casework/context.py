"""What every step of casework needs, built once by main and handed down."""

from __future__ import annotations

from dataclasses import dataclass

from contactpoint.casework.bell import Bell
from contactpoint.casework.ids import Randomness
from contactpoint.casework.keyring import Keyring
from contactpoint.casework.register import Register
from contactpoint.domain.catalogue import Catalogue
from contactpoint.domain.policy import Policy
from contactpoint.store.database import Database


@dataclass(frozen=True, slots=True)
class Casework:
    """One desk's means: its database, keys, copy of the register, rules and bell."""

    state: str
    network: str  # live, pilot, training
    net: bytes
    policy: Policy
    catalogue: Catalogue
    channels: tuple[str, ...]
    db: Database
    keyring: Keyring
    register: Register
    random: Randomness
    bell: Bell
