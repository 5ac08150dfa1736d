"""Prekey sheets in the register: the newest of each State is handed out; they are not logged, because they are weekly
and large, and a reader checks the station's signature anyway."""

from datetime import datetime

from directory.errors import DocumentError, EqualVersionError, LookUpError, RuleError
from directory.rules import Registry
from keys.certificate import Role
from keys.errors import KeysError
from keys.prekeys import PrekeySheet, read_sheet
from keys.signed import parse

SHEET_TYPE = "prekeys"


def check_sheet(registry: Registry, data: bytes, now: datetime) -> PrekeySheet:
    """The sheet, signed by a station key of the State that it names, good now. DocumentError or RuleError otherwise."""
    try:
        signers = parse(data, SHEET_TYPE).signers
        if len(signers) != 1:
            raise RuleError("E-SIGNER", "a prekey sheet is signed by one station key")
        station = registry.key(signers[0], Role.STATION, now)
        sheet = read_sheet(data, station.public, registry.genesis.net)
    except KeysError as error:
        raise DocumentError(error.code, f"not a prekey sheet: {error}") from None
    except LookUpError as error:
        raise RuleError(error.code, f"a prekey sheet is signed by a station key: {error.text}") from None
    if sheet.state != station.state:
        # Otherwise one State could have the letters to another sealed to itself.
        raise RuleError("E-SIGNER", "a prekey sheet for another State; a station signs for its own State only")
    return sheet


def check_newer(held: PrekeySheet | None, sheet: PrekeySheet) -> bool:
    """Whether this sheet replaces the held one (False: it is the held one). RuleError for an older or unequal one."""
    if held is None or sheet.number > held.number:
        return True
    if sheet.number < held.number:
        raise RuleError("E-NUMBER", f"sheet {sheet.number} after {held.number}; number the next one {held.number + 1}")
    if sheet.signed.digest != held.signed.digest:
        raise EqualVersionError("E-EQUAL-VERSION", f"another sheet number {sheet.number} is held; raise the number")
    return False
