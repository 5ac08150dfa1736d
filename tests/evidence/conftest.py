"""One real case, from a request to its execution, exported by both States: made once, read by every test here."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from contactpoint.casework.receive import receive_slip
from contactpoint.desk.evidence import export
from contactpoint.domain.values import Address
from contactpoint.link.register import RegisterClient
from contactpoint.main.folder import read_secret
from contactpoint.store.rows_cases import statement_row
from contactpoint.store.rows_outbox import facts_of
from contactpoint.wire.slip import Slip, SlipLevel, sign_slip, slip_content
from directory.enrolment import make_revocation
from keys.signing import SigningKey
from tests.fixtures.network import Network, StateAtWork, two_states, until


@dataclass(frozen=True)
class Exported:
    """Both States' bundles of one case, and what a test needs to attack them."""

    case: str
    qm: bytes = field(repr=False)
    qn: bytes = field(repr=False)
    again: bytes = field(repr=False)
    """QM's bundle, exported a second time at the same instant."""
    other: bytes = field(repr=False)
    """Another case of the same two States."""
    ended: bytes = field(repr=False)
    """QM's bundle, after QM ended its officer's key from then on."""
    revoked: bytes = field(repr=False)
    """QM's bundle, after QM ended the same key as of the very instant at which its officer says to have signed."""
    spoiled: bytes = field(repr=False)
    """QM's bundle, after QN's station sent a slip about a deadline that no policy gives."""
    genesis: bytes
    net: bytes
    qm_home: Path
    qm_station: SigningKey = field(repr=False)
    qn_station: SigningKey = field(repr=False)
    qn_gateway: SigningKey = field(repr=False)


async def _settled(here: StateAtWork, case: str, letters: int) -> bool:
    """Whether every letter of the case is held and received, as this desk knows it."""
    view = await here.desk.case_view(case, here.now())
    facts = await here.cw.db.read(lambda tx: facts_of(tx, [each.id for each in view.statements]))
    levels = [row.level for row in facts]
    return len(view.statements) == letters and levels.count("held") == letters == levels.count("received")


async def _revoke(net: Network, end: datetime) -> None:
    """QM's station ends the key of QM's officer, and QM's desk has it from the register."""
    qm = net.qm
    size, now = qm.cw.register.size, qm.now()
    signed = make_revocation(qm.cw.keyring.station, "QM", qm.key.key.public.id, now, end, "compromised", qm.cw.net)
    async with RegisterClient(net.register_url) as client:
        await client.submit(signed.to_bytes())

    async def heard() -> bool:
        qm.cw.bell.ring("mirror")
        return qm.cw.register.size > size

    await until(heard)


async def _lie(net: Network, letter: str) -> None:
    """QN's station says *not opened* by a deadline that no policy gives; QM's desk takes the slip as it takes any."""
    qm, qn, now = net.qm.cw, net.qn.cw, net.qn.now()
    row = await qm.db.read(lambda tx: statement_row(tx, "QM", letter))
    assert row is not None
    slip = Slip(
        level=SlipLevel.NOT_OPENED,
        sender=Address("QN"),
        recipient=Address("QM"),
        at=now,
        skew_ms=None,
        dir_size=1,
        journal_head=None,
        id=letter,
        seal=row.seal,
        envelope=bytes(row.envelope_digest),
        due=now - timedelta(milliseconds=1),
    )
    await receive_slip(qm, sign_slip(slip_content(slip, qn.net), qn.keyring.station, qn.net), None, net.qm.now())
    facts = await qm.db.read(lambda tx: facts_of(tx, [letter]))
    assert "not-opened" in [each.level for each in facts]


async def _story(net: Network) -> Exported:
    qm, qn = net.qm, net.qn
    sent = await qm.ask(qn)
    await qn.answer_in_full(sent)
    other = await qm.ask(qn)
    for here in (qm, qn):
        await until(lambda here=here: _settled(here, sent.case, 4))
        await until(lambda here=here: _settled(here, other.case, 1))
    now = qm.now()
    whole, again = await export(qm.cw, sent.case, now), await export(qm.cw, sent.case, now)
    theirs, elsewhere = await export(qn.cw, sent.case, qn.now()), await export(qm.cw, other.case, qm.now())
    await _lie(net, sent.id)
    spoiled = await export(qm.cw, sent.case, qm.now())
    await _revoke(net, qm.now())
    ended = await export(qm.cw, sent.case, qm.now())
    await _revoke(net, (await qm.desk.case_view(sent.case, qm.now())).requests[0].at)
    secret, sealed = read_secret(qn.home / "gateway.secret"), (qn.home / "gateway.key").read_bytes()
    return Exported(
        case=sent.case,
        qm=whole,
        qn=theirs,
        again=again,
        other=elsewhere,
        spoiled=spoiled,
        ended=ended,
        revoked=await export(qm.cw, sent.case, qm.now()),
        genesis=net.genesis.digest,
        net=qm.cw.net,
        qm_home=qm.home,
        qm_station=qm.cw.keyring.station,
        qn_station=qn.cw.keyring.station,
        qn_gateway=SigningKey.from_seed(secret.open("gateway", sealed)),
    )


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Made by real nodes over real sockets."""

    async def run() -> Exported:
        async with two_states(tmp_path_factory.mktemp("network")) as net:
            return await _story(net)

    return asyncio.run(run())
