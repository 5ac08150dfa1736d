"""Export a case as evidence: gather what rests of it on this desk, sign what was not sent yet, and write one bundle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.cases import KeptLetter, OpenCase, load_case
from contactpoint.casework.context import Casework
from contactpoint.casework.facts import sign_fact
from contactpoint.desk.bundle import write_bundle
from contactpoint.desk.conditions import refuse_closed
from contactpoint.desk.errors import DeskError, NotFoundError
from contactpoint.desk.proof.casefile import Export, case_file
from contactpoint.desk.proof.findings import Findings, NotJudgeableError
from contactpoint.desk.proof.judge import judge
from contactpoint.desk.proof.names import (
    CASE,
    CHECKPOINT,
    ENTRIES,
    GENESIS,
    HEARD,
    LETTERS,
    OBJECTS,
    REVIEWS,
    SLIPS,
    SUMMARY,
)
from contactpoint.desk.proof.summary import summary
from contactpoint.desk.review import records
from contactpoint.domain.values import Address
from contactpoint.store.desk_schema import journal
from contactpoint.store.journal import append
from contactpoint.store.rows_outbox import facts_of, parcels_of
from contactpoint.wire.envelope import read_envelope
from contactpoint.wire.review import REVIEW_TYPE
from contactpoint.wire.slip import slip_digest
from directory.documents import OWN, Charter, read_object
from directory.errors import DirectoryError, TamperError
from directory.log import Leaf
from directory.tiles import bundle_bytes
from directory.trusted import TrustedCopy
from keys.digest import digest
from keys.signed import parse


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the database holds of one case."""

    case: OpenCase
    facts: Sequence[Row[Any]]
    envelopes: Mapping[str, tuple[bytes, ...]]  # by statement id: own sealings that are or were in the outbox
    reviews: Sequence[tuple[bytes, Sequence[bytes]]]  # own rights checks: record and certificates


async def export(cw: Casework, case_id: str, now: datetime) -> bytes:
    """One bundle of everything that proves this case. The same case at the same instant gives the same bytes.

    Raises NotFoundError, or DeskError when this node's copy of the register proves nothing.
    """
    gathered = await cw.db.read(lambda tx: _gather(tx, cw, case_id))
    if gathered is None:
        raise NotFoundError("E-NOT-FOUND", f"there is no case {case_id} here", "look at the board")
    refuse_closed(gathered.case, cw.state)
    members: dict[str, bytes] = {}
    refused = {each.statement.digest for each in gathered.case.case.rejected}
    kept = {each.statement.id: each for mark, each in gathered.case.letters.items() if mark not in refused}
    for identity, letter in kept.items():
        members |= _letter(cw, letter, gathered.envelopes.get(identity, ()))
    for row in gathered.facts:
        if row.statement_id not in kept:
            continue
        signed = bytes(row.signed) if row.signed is not None else await sign_fact(cw, bytes(row.digest))
        members[SLIPS + slip_digest(bytes(row.content)).hex()] = signed
    for signed, certificates in gathered.reviews:
        members |= _review(signed, certificates)
    copy = cw.register.copy
    members |= _register(copy, _parties(gathered))
    # A long case takes a second or more of computing, and nobody's timer may wait for it.
    bundle, left_out = await asyncio.to_thread(_write, members, Export(case_id, Address(cw.state), now))
    event = f"exported, {left_out} false slips left out" if left_out else "exported"
    await cw.db.write(lambda tx: append(tx, journal, event, case_id, digest(bundle), now))
    return bundle


def _write(members: dict[str, bytes], said: Export) -> tuple[bytes, int]:
    """The bundle, and how many slips were left out of it because they are false."""
    try:
        true = _without_false_slips(members, said)
        findings = Findings()
        judgement = judge(true, said.case, said.at, findings)
    except NotJudgeableError as error:
        text = "wait until the register was fetched, then export again"
        raise DeskError("E-NO-REGISTER", str(error), text) from error
    whole = {**true, CASE: case_file(judgement, said), SUMMARY: summary(judgement, said, findings)}
    return write_bundle(whole), len(members) - len(true)


def _without_false_slips(members: dict[str, bytes], said: Export) -> dict[str, bytes]:
    """A peer could sign a slip of an envelope or a deadline that never was: it must not spoil the proof of everything else."""
    problems = _problems(members, said)
    for name in sorted(name for name in members if name.startswith(SLIPS)):
        if not problems:
            break
        less = {each: data for each, data in members.items() if each != name}
        found = _problems(less, said)
        if len(found) < len(problems):
            members, problems = less, found
    return members


def _problems(members: dict[str, bytes], said: Export) -> list[str]:
    findings = Findings()
    judge(members, said.case, said.at, findings)
    return findings.problems


async def _gather(tx: AsyncConnection, cw: Casework, case_id: str) -> _Gathered | None:
    case = await load_case(tx, cw, case_id)
    if case is None:
        return None
    own = [each.id for each in case.statements if each.sender == cw.state]
    envelopes = {
        each: tuple(bytes(row.envelope) for row in await parcels_of(tx, each) if row.envelope is not None)
        for each in own
    }
    facts = await facts_of(tx, [each.id for each in case.statements])
    return _Gathered(case, facts, envelopes, await records(tx, cw, case.key, case_id))


def _letter(cw: Casework, kept: KeptLetter, sealings: Sequence[bytes]) -> dict[str, bytes]:
    folder = f"{LETTERS}{kept.statement.digest.hex()}/"
    members = {f"{folder}statement": kept.signed, f"{folder}salt": kept.salt}
    members |= {f"{folder}certificate-{number}": data for number, data in enumerate(kept.certificates, start=1)}
    for data in (kept.envelope, *sealings):
        members[f"{folder}envelope-{read_envelope(data, cw.net).core.seal}"] = data
    return members


def _review(record: bytes, certificates: Sequence[bytes]) -> dict[str, bytes]:
    folder = f"{REVIEWS}{parse(record, REVIEW_TYPE).digest.hex()}/"
    numbered = {f"{folder}certificate-{number}": data for number, data in enumerate(certificates, start=1)}
    return {f"{folder}record": record, **numbered}


def _parties(gathered: _Gathered) -> frozenset[str]:
    return frozenset(str(party) for each in gathered.case.statements for party in (each.sender, each.recipient))


def _register(copy: TrustedCopy, parties: frozenset[str]) -> dict[str, bytes]:
    """The whole list of entries, so that nothing can be left out, and the objects of the States concerned and their hosts."""
    members = {GENESIS: copy.genesis_bytes, ENTRIES: bundle_bytes(copy.log.entries)}
    if copy.checkpoint is not None:
        members[CHECKPOINT] = copy.checkpoint.note
    leaves = _leaves(copy)
    states = parties | _hosts(copy, leaves, parties)
    for leaf in leaves:
        if leaf.state in states:
            members[OBJECTS + leaf.digest.hex()] = copy.objects[leaf.digest]
    for heard in copy.heard:
        if heard.revocation.state in states and heard.revocation.digest not in copy.registry.seen:
            members[HEARD + digest(heard.data).hex()] = heard.data
    return members


def _leaves(copy: TrustedCopy) -> list[Leaf]:
    """What the entries name. One that is no leaf at all is a fault of the register, and names nothing."""
    leaves = []
    for entry in copy.log.entries:
        with suppress(TamperError):
            leaves.append(Leaf.from_bytes(entry))
    return leaves


def _hosts(copy: TrustedCopy, leaves: Sequence[Leaf], parties: frozenset[str]) -> frozenset[str]:
    """Whoever keeps or ever kept a mailbox for one of them: its gateway's key is in the host's charter."""
    hosts = set()
    for leaf in leaves:
        if leaf.kind == Charter.TYPE and leaf.state in parties:
            with suppress(DirectoryError):
                charter, _ = read_object(copy.objects[leaf.digest], leaf.kind)
                if isinstance(charter, Charter) and charter.mailbox != OWN:
                    hosts.add(charter.mailbox)
    return frozenset(hosts)
