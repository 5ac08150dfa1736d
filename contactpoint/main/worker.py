"""The worker's loops (timers, outbox, notices, keys, mirror) and the desk's take loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.bell import Bell
from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.casework.keyring import renew_prekeys
from contactpoint.desk.take import Taker
from contactpoint.link.caller import Caller
from contactpoint.link.dial import Dialler, GatewayAddress, TakeOrder
from contactpoint.link.errors import CursorAheadError, LeaseLostError, LinkError, StaleEpochError
from contactpoint.link.register import RegisterRefusedError
from contactpoint.main.clock import Clock
from contactpoint.main.folder import read_file
from contactpoint.main.loops import repeat
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, draw
from contactpoint.notify.channel import Channel
from contactpoint.notify.exec_hook import ExecChannel
from contactpoint.notify.smtp import SmtpChannel, SmtpSecurity
from contactpoint.settings import mail_password, within
from contactpoint.store.rows_desk import beat_worker, newest_sheet, put_cursor, put_sheet
from contactpoint.watch import notices, outbox, timers
from contactpoint.watch.console import ConsoleChannel
from contactpoint.wire.frames import Role, Sheet
from contactpoint.wire.keybook import proof_signer, proof_verifier
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import Identity, LogHead, SessionEvent, Standing
from directory.errors import DirectoryError
from directory.sheets import check_sheet
from directory.trusted import Comparison

log = structlog.get_logger("contactpoint")
Step = Callable[[], Awaitable[float]]
_KEYS_S = 3600.0
_MIRROR_S, _MIRROR_SOON_S = 60.0, 1.0
_HASTY_LOOKS = 60


def _dialler(cw: Casework, means: Means) -> Dialler:
    """Links of this State's station."""
    key = cw.keyring.station
    return Dialler(
        Caller(
            identity=Identity(cw.state, Role.STATION, key.public.id, proof_signer(key, cw.net)),
            standing=lambda: Standing(log_size=means.register.size, log_root=means.register.root),
            verify=proof_verifier(means.register, cw.net),
            clock=means.clock,
            random=draw,
            limits=LinkLimits(),
            observe=_Ears(cw, means.clock),
        )
    )


class _Ears:
    """Hears what peers say of their log: one that is ahead makes us look, one that never was a part of ours is a split view."""

    def __init__(self, cw: Casework, clock: Clock) -> None:
        self._cw, self._clock = cw, clock
        self._telling: set[asyncio.Task[None]] = set()

    def __call__(self, peer: str, event: SessionEvent) -> None:
        if not isinstance(event, LogHead) or event.root is None:
            return
        match self._cw.register.copy.compare(event.size, event.root):
            case Comparison.AHEAD_OF_US:
                self._cw.bell.ring("mirror")
            case Comparison.SPLIT:
                log.error("register.split-view", peer=peer, size=event.size)
                task = asyncio.create_task(self._tell(peer))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    async def _tell(self, peer: str) -> None:
        once = f"split/{peer}"
        await self._cw.db.write(
            lambda tx: raise_task(tx, self._cw, "E-SPLIT-VIEW", self._clock(), state=peer, once=once)
        )
        self._cw.bell.ring("board")


@asynccontextmanager
async def running_worker(cw: Casework, means: Means, mirror: Mirror) -> AsyncIterator[None]:
    """The worker's loops run while the context lasts."""
    dialler = _dialler(cw, means)
    box = outbox.Outbox(cw, dialler, means.clock)
    pages = notices.Notices(cw, {channel.name: channel for channel in _channels(cw, means)}, means.clock)
    steps: list[tuple[str, Step, Bell | None]] = [
        ("keys", _keys(cw, means), None),
        ("mirror", _mirror(cw, means, mirror), cw.bell),
        ("timers", _timers(cw, means), cw.bell),
        ("outbox", _outbox(box), cw.bell),
        ("pages", _notices(pages), cw.bell),
        ("alive", _alive(cw, means), None),
    ]
    tasks = [asyncio.create_task(repeat(name, step, bell), name=f"worker {name}") for name, step, bell in steps]
    try:
        yield
    finally:
        await _stop(tasks)
        await asyncio.gather(box.end(), pages.end())
        await dialler.close()


def _timers(cw: Casework, means: Means) -> Step:
    async def step() -> float:
        moved = await timers.run_due(cw, means.clock())
        return 0.0 if moved >= timers.BATCH else timers.POLL_S

    return step


def _outbox(box: outbox.Outbox) -> Step:
    async def step() -> float:
        return 0.0 if await box.begin_due() >= outbox.BATCH else outbox.POLL_S

    return step


def _notices(pages: notices.Notices) -> Step:
    async def step() -> float:
        return 0.0 if await pages.begin_due() >= notices.BATCH else notices.POLL_S

    return step


def _channels(cw: Casework, means: Means) -> list[Channel]:
    settings, home = means.settings, means.folder.home
    channels: list[Channel] = [ConsoleChannel(cw, means.clock)]
    if (mail := settings.mail) is not None:
        channels.append(
            SmtpChannel(
                host=mail.host,
                port=mail.port,
                security=SmtpSecurity(mail.security),
                sender=mail.sender,
                username=mail.username,
                password=mail_password(mail, home),
                ca_file=None if mail.ca_file is None else within(home, mail.ca_file),
                timeout_s=mail.timeout_s,
            )
        )
    if (hook := settings.hook) is not None:
        channels.append(ExecChannel(hook.command, timeout_s=hook.timeout_s))
    return channels


def _keys(cw: Casework, means: Means) -> Step:
    """A new prekey sheet each week; halves 15 days past their day are destroyed."""

    async def step() -> float:
        await cw.db.write(lambda tx: renew_prekeys(tx, cw.keyring, cw.random, means.clock()))
        cw.bell.ring("mirror", "sheet")
        return _KEYS_S

    return step


def _alive(cw: Casework, means: Means) -> Step:
    name = f"{cw.state}-{draw(4).hex()}"

    async def step() -> float:
        await cw.db.write(lambda tx: beat_worker(tx, name, "1", means.clock()))
        return 10.0

    return step


def _mirror(cw: Casework, means: Means, mirror: Mirror) -> Step:
    """Fetch the register; hand in what it lacks of ours; fetch the key sheets of our peers.

    While something is missing the register is looked at each second, for somebody waits beside a telephone; after a minute in which
    nothing came, no longer: a peer that is down for days must not cost the register a visit of every node each second.
    """
    published: dict[str, bytes] = {}
    hasty = _HASTY_LOOKS

    async def step() -> float:
        nonlocal hasty
        hasty = max(0, hasty - 1)
        try:
            if await mirror.refresh(means.clock()):
                hasty = _HASTY_LOOKS
                cw.bell.ring("directory", "outbox", "take")
            await _publish(cw, means, mirror, published)
            complete = await _fetch_sheets(cw, means, mirror)
        except (LinkError, DirectoryError) as error:
            log.warning("register.not-fetched", code=error.code)
            complete = False
        soon = hasty and not complete
        return min(float(means.settings.directory.refresh_s), _MIRROR_SOON_S if soon else _MIRROR_S)

    return step


@asynccontextmanager
async def running_mirror(means: Means, mirror: Mirror) -> AsyncIterator[None]:
    """Fetches the register while the context lasts, and nothing else."""

    async def step() -> float:
        try:
            await mirror.refresh(means.clock())
        except (LinkError, DirectoryError) as error:
            log.warning("register.not-fetched", code=error.code)
        return _MIRROR_SOON_S if means.register.size == 0 else _MIRROR_S

    task = asyncio.create_task(repeat("mirror", step), name="mirror")
    try:
        yield
    finally:
        await _stop([task])


async def _publish(cw: Casework, means: Means, mirror: Mirror, published: dict[str, bytes]) -> None:
    """Our key sheet and the members' part of our card, once this State is listed."""
    if means.register.contact(cw.state) is None:
        return
    row = await cw.db.read(lambda tx: newest_sheet(tx, cw.state))
    members = means.folder.documents / "members"
    papers = {"sheet": bytes(row.body)} if row is not None else {}
    if members.exists():
        papers["members"] = read_file(members, "restore it from a backup")
    for name, data in papers.items():
        if published.get(name) != data:
            try:
                await mirror.client.submit(data)
            except RegisterRefusedError as error:
                log.warning("register.refused", paper=name, code=error.code)
            else:
                published[name] = data


async def _fetch_sheets(cw: Casework, means: Means, mirror: Mirror) -> bool:
    """The newest key sheet of every other State, verified, so that sending needs nobody's help. True when this State is
    listed, no sheet is missing or used up, and no telephone number that a card promises.
    """
    now = means.clock()
    complete = means.register.contact(cw.state) is not None and len(means.register.copy.states) > 1
    for state in means.register.copy.states:
        complete = complete and not _lacks_members(means, state)
        if state == cw.state:
            continue
        data = await mirror.client.fetch_sheet(state)
        if data is None:
            complete = False
            continue
        sheet = check_sheet(means.register.copy.registry, data, now)
        complete = complete and not sheet.for_day(now.date())[1]

        async def keep(tx: AsyncConnection, number: int = sheet.number, owner: str = state, body: bytes = data) -> bool:
            return await put_sheet(tx, owner, number, body, now)

        row = await cw.db.read(lambda tx, owner=state: newest_sheet(tx, owner))  # type: ignore[misc]
        if row is None or row.number < sheet.number:
            await cw.db.write(keep)
            cw.bell.ring("outbox", "directory")
    return complete


def _lacks_members(means: Means, state: str) -> bool:
    """Whether the State's card names a members' part (telephones, mail) that is not here."""
    contact = means.register.contact(state)
    return contact is not None and contact.card is not None and bool(contact.card.members) and contact.members is None


@asynccontextmanager
async def running_taker(cw: Casework, means: Means, mirror: Mirror) -> AsyncIterator[None]:
    """Takes this State's mailbox while the context lasts."""
    dialler = _dialler(cw, means)

    async def refresh() -> None:
        await mirror.refresh(means.clock())

    taker = Taker(cw, cw.state, means.clock, refresh)
    task = asyncio.create_task(repeat("take", _take(cw, means, dialler, taker), cw.bell), name="desk take")
    try:
        yield
    finally:
        await _stop([task])
        await dialler.close()


def _take(cw: Casework, means: Means, dialler: Dialler, taker: Taker) -> Step:
    holder = f"{cw.state}-{draw(4).hex()}"
    sheets: dict[str, Sheet] = {}
    seen_epoch = 0

    async def step() -> float:
        nonlocal seen_epoch
        row = await cw.db.read(lambda tx: newest_sheet(tx, cw.state))
        if row is not None:
            sheets["own"] = Sheet(cw.state, row.number, bytes(row.body))
        epoch, after = await taker.position()
        epoch = max(epoch, seen_epoch + 1)
        order = TakeOrder(taker.mailbox, holder, epoch, after)
        try:
            await dialler.take(
                own_gateway(means), order, lambda item: taker.on_item(item, epoch), lambda: sheets.get("own")
            )
        except StaleEpochError as error:
            seen_epoch = error.epoch
            return 0.0
        except CursorAheadError as error:
            head = error.head
            # The mailbox came back from a backup. Take it from its beginning: what was taken before changes nothing twice.
            await cw.db.write(lambda tx: _rewind(tx, cw, taker.mailbox, epoch, head, means.clock()))
            return 0.0
        except LeaseLostError:
            # Another copy of the desk has it; try again when its lease could have ended.
            return 10.0
        except LinkError as error:
            log.info("take.ended", code=error.code)
            return 0.5 if means.register.contact(cw.state) is not None else 2.0
        return 0.5

    return step


async def _rewind(tx: AsyncConnection, cw: Casework, mailbox: str, epoch: int, head: int, now: datetime) -> None:
    await put_cursor(tx, mailbox, "", 0, epoch)
    await raise_task(
        tx, cw, "E-CURSOR-AHEAD", now, state=cw.state, note=f"head {head}", once=f"rewound/{mailbox}/{epoch}"
    )


def own_gateway(means: Means) -> GatewayAddress:
    """This node's own gateway as its desk dials it: the charter's address with its pin, or this very machine's port."""
    public = means.settings.public
    addresses = means.register.addresses(means.settings.state)
    pin = addresses[0].pin if addresses else None
    scheme = "wss" if public.tls else "ws"
    state = means.register.host_of(means.settings.state)
    if addresses and state != means.settings.state:
        return addresses[0]
    return GatewayAddress(state, f"{scheme}://127.0.0.1:{public.port}/", pin)


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
