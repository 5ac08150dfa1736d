"""Composition roots: the only rooms that build things, and that read the clock, randomness and the environment.

Names are loaded when they are first used: ``verify`` must run on a machine that has no database, and ``--help`` at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ROOMS = {
    "bell": ("bell_ears", "bell_key_add", "bell_key_list", "bell_key_revoke", "bell_ringer", "ring_bell"),
    "card": ("card_check", "card_set", "card_show"),
    "commands": (
        "acknowledge",
        "answer",
        "approve",
        "await_charge",
        "directory_list",
        "directory_show",
        "directory_verify",
        "export_case",
        "inbox",
        "key_list",
        "officer_add",
        "officer_list",
        "officer_lock",
        "officer_secret",
        "send",
        "show",
    ),
    "channels": ("outside_channels",),
    "drills": (
        "drill_closure",
        "drill_dispute",
        "drill_figures",
        "drill_list",
        "drill_record",
        "drill_reopen",
        "drill_start",
    ),
    "extension": ("extend", "extension"),
    "figures": ("figures",),
    "threats": (
        "feed_key_add",
        "feed_key_list",
        "feed_key_revoke",
        "threat_export",
        "threat_list",
        "threat_read",
        "threat_recall",
        "threat_show",
        "threat_sighted",
    ),
    "joint": ("draft", "group_list", "group_members", "group_note", "group_show", "hand_over", "send_several"),
    "first_run": ("enrol", "init_node"),
    "notices": (
        "notify_add",
        "notify_code",
        "notify_list",
        "notify_log",
        "notify_remove",
        "notify_reply",
        "notify_rules",
        "notify_test",
        "notify_verify",
    ),
    "papers": ("instruction_set", "instruction_show", "precheck"),
    "policies": (
        "call_sheet",
        "escalate",
        "otherwise",
        "policy_check",
        "policy_dry_run",
        "policy_history",
        "policy_set",
        "policy_show",
    ),
    "rights": ("flag", "oral_link", "oral_list", "oral_log", "review"),
    "rota": (
        "rota_absence",
        "rota_export",
        "rota_fairness",
        "rota_gaps",
        "rota_holiday_confirm",
        "rota_holidays",
        "rota_import",
        "rota_list",
        "rota_override",
        "rota_remove",
        "rota_set",
        "rota_shifts",
        "rota_show",
        "rota_swap_answer",
        "rota_swap_offer",
    ),
    "serve": ("serve",),
    "shift": ("shift_accept", "shift_list", "shift_offer", "shift_show", "shift_withdraw"),
    "checks": ("doctor",),
    "court": ("verify_bundle",),
    "demo": ("demo",),
    "training": ("training", "training_report"),
}
_PLACE = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACE:
        raise AttributeError(name)
    return getattr(import_module(f"contactpoint.main.{_PLACE[name]}"), name)
