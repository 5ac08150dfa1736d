"""Shared threats as STIX 2.1, for the State's own tools: the same statement gives the same objects, byte for byte.

Every id is a UUIDv5 made from the digest of the signed statement, so a tool that imports twice holds one copy, and a recall arrives
as the next version of the very object (`revoked`). What has no pattern in STIX (an indicator of type *other*) stands in the words of
the report. Source: STIX 2.1 (OASIS, 2021) sections 2.9, 3.2, 4.7, 5.2, 7.2.1; the OASIS extension for TLP 2.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from contactpoint.desk.errors import NotPermittedError
from contactpoint.domain.indicators import Indicator, IndicatorType
from contactpoint.domain.threats import PAP, Sighting, Threat, pap_of, tlp_of

_SPACE = UUID("6f6d2d5f-41a7-5d55-9a3c-0c9b1b6a4141")
"""The name space of all ids made here; never changed, or every tool would see every threat anew."""

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # the date of what has none of its own: identities and marks

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_MARKS = {
    "HC-TLP-RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    "HC-TLP-AMBER-STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "HC-TLP-AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "HC-TLP-GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "HC-TLP-CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
}

_PATHS = {
    IndicatorType.IP: "ipv4-addr:value",
    IndicatorType.IPV6: "ipv6-addr:value",
    IndicatorType.DOMAIN: "domain-name:value",
    IndicatorType.URL: "url:value",
    IndicatorType.EMAIL: "email-addr:value",
}
_MOST_SEEN = 999_999_999  # STIX 2.1 section 5.2


def library() -> Any:
    """The library `stix2`, an extra of this project. Raises NotPermittedError (E-STIX-MISSING)."""
    try:
        import stix2
    except ImportError as error:
        raise NotPermittedError(
            "E-STIX-MISSING", "the library stix2 is not installed here", "install contactpoint[stix]"
        ) from error
    return stix2


def write_bundle(threats: Iterable[Threat]) -> str:
    """One bundle of these threats as JSON text.

    Raises NotPermittedError: E-TLP where a mark keeps one of them in the console, E-STIX-MISSING.
    """
    stix2 = library()
    objects: dict[str, Any] = {}
    for threat in threats:
        if not threat.may_be_file:
            name = tlp_of(threat.tlp).name or "a threat without a mark"
            raise NotPermittedError("E-TLP", f"{name} does not leave the console", "read it there")
        for each in _objects(stix2, threat):
            objects[each["id"]] = each
    made = [each.serialize() for each in objects.values()]
    return str(stix2.v21.Bundle(id=_id("bundle", *made), objects=list(objects.values())).serialize(sort_keys=True))


def pattern_of(indicator: Indicator) -> str:
    """The STIX pattern that finds this indicator; empty where there is none."""
    path = _PATHS.get(indicator.type)
    if indicator.type is IndicatorType.HASH:
        path = f"file:hashes.'{indicator.algorithm}'"
    if path is None:
        return ""
    # A quote in a URL must not end the string and start a pattern of its sender's.
    value = indicator.value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{value}']"


def _objects(stix2: Any, threat: Threat) -> Iterable[Any]:
    marks = list(_marks(stix2, threat))
    author = _identity(stix2, threat.sender)
    common = {
        "created": threat.at,
        "modified": threat.recalled_at or threat.at,
        "created_by_ref": author["id"],
        "object_marking_refs": [mark["id"] for mark in marks],
        "external_references": [{"source_name": "contactpoint", "external_id": threat.digest.hex()}],
        **({"revoked": True} if threat.recalled_at else {}),
    }
    indicators = list(_indicators(stix2, threat, common))
    report = _report(stix2, threat, common, [each["id"] for each in (*indicators, author)])
    yield author
    yield from (*marks, *indicators, report)
    for sighting in threat.sightings:
        witness = _identity(stix2, sighting.by)
        yield witness
        yield _sighting(stix2, sighting, report["id"], witness["id"], common["object_marking_refs"])


def _identity(stix2: Any, state: str) -> Any:
    return stix2.v21.Identity(
        id=_id("identity", state), created=_SINCE, modified=_SINCE, name=str(state), identity_class="organization"
    )


def _marks(stix2: Any, threat: Threat) -> Iterable[Any]:
    if threat.tlp in TLP_MARKS:
        name = tlp_of(threat.tlp).name
        level = {"extension_type": "property-extension", "tlp_2_0": name.removeprefix("TLP:").lower()}
        yield stix2.v21.MarkingDefinition(
            id=TLP_MARKS[threat.tlp],
            created=datetime(2022, 10, 1, tzinfo=UTC),
            name=name,
            extensions={TLP_EXTENSION: level},
        )
    if threat.pap:
        name = pap_of(threat.pap).name
        yield stix2.v21.MarkingDefinition(
            id=PAP_MARKS[threat.pap],
            created=_SINCE,
            name=name,
            definition_type="statement",
            definition={"statement": name},
        )


def _indicators(stix2: Any, threat: Threat, common: Mapping[str, Any]) -> Iterable[Any]:
    for each in threat.indicators:
        pattern = pattern_of(each)
        if pattern:
            yield stix2.v21.Indicator(
                id=_id("indicator", threat.digest.hex(), each.type.value, each.value),
                name=each.value,
                pattern=pattern,
                pattern_type="stix",
                valid_from=threat.at,
                **common,
            )


def _report(stix2: Any, threat: Threat, common: Mapping[str, Any], about: list[str]) -> Any:
    rest = [each.value for each in threat.indicators if not pattern_of(each)]
    words = "\n".join(part for part in (threat.method, *rest, threat.recall_reason) if part)
    return stix2.v21.Report(
        id=_id("report", threat.digest.hex()),
        name=f"Threat shared by {threat.sender}",
        report_types=["threat-report"],
        published=threat.at,
        object_refs=about,
        **({"description": words} if words else {}),
        **common,
    )


def _sighting(stix2: Any, sighting: Sighting, report: str, witness: str, marks: list[str]) -> Any:
    first, last = sighting.first_seen, sighting.last_seen
    if first is not None and last is not None and last < first:
        first = last = None  # its author contradicts itself; the count stands all the same
    times = {name: at for name, at in (("first_seen", first), ("last_seen", last)) if at is not None}
    return stix2.v21.Sighting(
        id=_id("sighting", sighting.digest.hex()),
        created=sighting.at,
        modified=sighting.at,
        created_by_ref=witness,
        sighting_of_ref=report,
        where_sighted_refs=[witness],
        count=min(sighting.count, _MOST_SEEN),
        object_marking_refs=marks,
        **times,
        **({"description": sighting.note} if sighting.note else {}),
    )


def _id(kind: str, *names: str) -> str:
    return f"{kind}--{uuid5(_SPACE, '/'.join((kind, *names)))}"


PAP_MARKS = {each.code: _id("marking-definition", each.code) for each in PAP}
