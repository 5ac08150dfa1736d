"""Who signed: a threshold of named keys, and nobody else."""

from collections.abc import Iterable

from directory.errors import RuleError
from keys.errors import KeysError
from keys.signed import Signed, verify
from keys.signing import PublicKey


def check_threshold(signed: Signed, allowed: Iterable[PublicKey], threshold: int, net: bytes) -> None:
    """Accept if at least `threshold` of `allowed` signed, each signature is true and no other key signed. RuleError."""
    known = {key.id: key for key in allowed}
    signers = [known[key_id] for key_id, _ in signed.signatures if key_id in known]
    if len(signers) != len(signed.signatures):
        raise RuleError("E-SIGNER", f"a {signed.type} signed by a key that may not sign it; sign it with the right key")
    if len(signers) < threshold:
        raise RuleError("E-THRESHOLD", f"{len(signers)} of {threshold} signatures; have the other custodians sign too")
    _verify(signed, signers, net)


def check_both(
    signed: Signed, old: tuple[Iterable[PublicKey], int], new: tuple[Iterable[PublicKey], int], net: bytes
) -> None:
    """Accept if the old threshold and the new threshold signed (the rule of TUF for a new root). RuleError otherwise."""
    sets = [({key.id: key for key in keys}, threshold) for keys, threshold in (old, new)]
    everyone = {**sets[0][0], **sets[1][0]}
    check_threshold(signed, everyone.values(), 1, net)
    present = {key_id for key_id, _ in signed.signatures}
    for known, threshold in sets:
        if len(present & known.keys()) < threshold:
            raise RuleError("E-ROOT", "not signed by the roots that the State has had; they must sign the new ones")


def _verify(signed: Signed, signers: list[PublicKey], net: bytes) -> None:
    try:
        verify(signed, signers, net)
    except KeysError as error:
        raise RuleError("E-SIGNATURE", f"a {signed.type} whose signature is false: {error}") from None
