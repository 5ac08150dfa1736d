"""The desk's tables: one MetaData, one journal, never in one transaction with the gateway's or the register's.

In clear rest ids, addresses, levels, classes, times and digests; whatever an officer wrote rests sealed under the key of its case
(``sealed`` columns), whatever signs rests sealed under the node secret or a person's secret.
"""

from contactpoint.store.desk_schema.base import journal, metadata
from contactpoint.store.desk_schema.cases import case_file, clock, fact, outbox, page, request, statement, step
from contactpoint.store.desk_schema.drills import drill, drill_plan, ping
from contactpoint.store.desk_schema.handover import exercise, handover
from contactpoint.store.desk_schema.law import api_key, instruction, oral, review, threat, tick
from contactpoint.store.desk_schema.notices import attempt, contact, notice_rules, reach_link
from contactpoint.store.desk_schema.oncall import plan
from contactpoint.store.desk_schema.otherway import other_way
from contactpoint.store.desk_schema.people import manned, officer, own_key, session, setting, sheet
from contactpoint.store.desk_schema.work import cursor, set_aside, task, waiting, worker

__all__ = [
    "api_key",
    "attempt",
    "case_file",
    "clock",
    "contact",
    "cursor",
    "drill",
    "drill_plan",
    "exercise",
    "fact",
    "handover",
    "instruction",
    "journal",
    "manned",
    "metadata",
    "notice_rules",
    "officer",
    "oral",
    "other_way",
    "outbox",
    "own_key",
    "page",
    "ping",
    "plan",
    "reach_link",
    "request",
    "review",
    "session",
    "set_aside",
    "setting",
    "sheet",
    "statement",
    "step",
    "task",
    "threat",
    "tick",
    "waiting",
    "worker",
]
