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
