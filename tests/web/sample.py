"""Invented people, States and requests for the console's tests."""

from __future__ import annotations

from typing import Any

PASSWORD = "plain words at night"
SECRET = "another secret altogether"
A01: dict[str, Any] = {
    "authority": {
        "organisation": "XA Cybercrime Prosecution Office",
        "officer_ref": "XA-OFF-017",
        "case_ref": "XA-2027-00412",
    },
    "offences": ["O-07", "O-09", "O-10", "O-17"],
    "facts": "Files of a hospital group were encrypted on 3 March 2027; the encryptor called home to one rented server.",
    "data": {
        "classes": ["subscriber", "traffic", "content-stored"],
        "what": "disk image and netflow of the virtual server",
        "from": "2027-02-01T00:00Z",
        "until": "2027-03-04T12:00Z",
    },
    "link_to_offence": "the server held the key-delivery panel",
    "custodian": {"name": "Example Hosting XB", "ip": "192.0.2.44", "port": 443, "seen_at": "2027-03-03T21:14:09Z"},
    "necessity": "server lease ends in 36 hours and the provider wipes released machines",
    "mla_intent": True,
    "confidentiality": {"keep_secret": True, "do_not_notify_user": True},
}
A06: dict[str, Any] = {
    "emergency_facts": "A 34-year-old was abducted at 18:20; the captor set a deadline of 23:00.",
    "data": {"classes": ["traffic"], "what": "last 20 logins with address and port"},
    "custodian": {"name": "Example Chat XA", "account": "chat-id 99-000-1"},
}
NAMES = {"XA": "Alandia", "XB": "Borduria", "XC": "Cascara", "XD": "Dalmasca", "XE": "Equatoria", "XF": "Faraway Isles"}
TYPED = (
    ("f.handling", "HC-RETAIN"),
    ("f.handling", "HC-ONWARD"),
    ("f.handling", "HC-MINOR"),
    ("f.handling.HC-RETAIN.until", "31 December"),
    ("f.handling.HC-ONWARD.states", "XA XC"),
    ("f.packages", "no number of a letter"),
    ("f.safeguards.authorised_by", "Court 3"),
    ("f.safeguards.date", "soon"),
    ("f.offences", "O-SC"),
    ("f.offences", "O-07"),
    ("f.offences.O-SC.name", "Great fraud"),
    ("f.offences.O-SC.maximum_years", "ten"),
    ("f.also_sent_by", "24/7 network of another treaty"),
    ("f.wanted_days", "many"),
    ("f.custodian.ip", "192.0.2.44"),
    ("f.speech", "no"),
)
"""What an officer types into dates, conditions, packages and beside offences, half of it wrong, so that the form comes back."""


def a01_form() -> list[tuple[str, str]]:
    """The fields of A01's form as a browser posts them."""
    data: Any = A01["data"]
    offences: Any = A01["offences"]
    return [
        ("to", "XA"),
        ("urgency", "U1"),
        *((f"f.authority.{name}", text) for name, text in A01["authority"].items()),  # type: ignore[attr-defined]
        *(("f.offences", code) for code in offences),
        ("f.speech", "no"),
        ("f.facts", str(A01["facts"])),
        *(("f.data.classes", code) for code in data["classes"]),
        ("f.data.what", data["what"]),
        ("f.data.from", "2026-02-01 02:00"),
        ("f.data.from.zone", "local"),
        ("f.data.until", "2026-03-04 12:00"),
        ("f.link_to_offence", str(A01["link_to_offence"])),
        ("f.custodian.name", "Example Hosting XB"),
        ("f.custodian.port", "443"),
        ("f.necessity", str(A01["necessity"])),
        ("f.mla_intent", "yes"),
        ("f.confidentiality.keep_secret", "yes"),
    ]
