"""What the pre-checks of a request found, as lines: what stops it, what warns, what is good to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contactpoint.cli.output import Output, clean

if TYPE_CHECKING:
    from contactpoint.domain.precheck import Finding

_CHECK_FAILED = 1
_HEADS = {"blocks": "What stops it:", "warns": "What warns:", "tells": "Good to know:"}


def tell_checked(out: Output, findings: Sequence[Finding]) -> int:
    """Print the findings as the command's data; the exit code is 1 when something stops the request."""
    told = [
        {
            "code": each.code,
            "severity": each.severity.value,
            "field": each.field,
            "message": each.message,
            "offers": [offer.kind for offer in each.offers],
            "case": each.case,
        }
        for each in findings
    ]
    out.data(told, _lines(findings) if findings else ["Nothing stops it, nothing warns."])
    return _CHECK_FAILED if any(each.severity.value == "blocks" for each in findings) else 0


def warn(out: Output, findings: Sequence[Finding]) -> None:
    """Say what warns, on the talk side; what stops a request is said by its refusal."""
    for each in findings:
        if each.severity.value == "warns":
            out.say(_line(each))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Each under its head, and no line break of a card's text makes a line of ours."""
    for severity, head in _HEADS.items():
        found = [each for each in findings if each.severity.value == severity]
        yield from [head] if found else []
        yield from (f"  {_line(each)}" for each in found)


def _line(found: Finding) -> str:
    place = f" {found.field}" if found.field else ""
    case = f" (case {found.case})" if found.case else ""
    message = clean(found.message).replace("\n", " ")
    return f"{found.code}{place}: {message}{case}"
