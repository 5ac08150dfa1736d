"""The desk's take loop: one copy of the desk takes the State's mailbox, resumed where the last commit left it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.casework.context import Casework
from contactpoint.casework.effects import raise_task
from contactpoint.desk.take import Taker
from contactpoint.link.dial import Dialler, GatewayAddress, TakeOrder
from contactpoint.link.errors import CursorAheadError, LeaseLostError, LinkError, StaleEpochError
from contactpoint.main.dialling import station_dialler
from contactpoint.main.loops import Step, repeat, stop
from contactpoint.main.mirror import Mirror
from contactpoint.main.node import Means, draw
from contactpoint.store.rows_desk import newest_sheet, put_cursor
from contactpoint.wire.frames import Sheet

log = structlog.get_logger("contactpoint")
_SHEET_S = 600.0
_UNLISTED_S = 2.0


@asynccontextmanager
async def running_taker(cw: Casework, means: Means, mirror: Mirror, *, beside_gateway: bool) -> AsyncIterator[None]:
    """Takes this State's mailbox while the context lasts. ``beside_gateway``: it is in this very process."""
    dialler = station_dialler(cw, means)

    async def refresh() -> None:
        await mirror.refresh(means.clock())

    async def read_sheet() -> float:
        """The sheet that the link offers to the gateway: a new one each week, whoever made it."""
        row = await cw.db.read(lambda tx: newest_sheet(tx, cw.state))
        if row is not None:
            sheets["own"] = Sheet(cw.state, row.number, bytes(row.body))
        return _SHEET_S

    sheets: dict[str, Sheet] = {}
    taker = Taker(cw, cw.state, means.clock, refresh)
    step = _take(cw, means, dialler, taker, sheets, beside_gateway)
    tasks = [
        asyncio.create_task(repeat("sheet", read_sheet, cw.bell), name="desk sheet"),
        asyncio.create_task(repeat("take", step, cw.bell), name="desk take"),
    ]
    try:
        yield
    finally:
        await stop(tasks)
        await dialler.close()


def _take(
    cw: Casework, means: Means, dialler: Dialler, taker: Taker, sheets: dict[str, Sheet], beside_gateway: bool
) -> Step:
    holder = f"{cw.state}-{draw(4).hex()}"
    seen_epoch = 0

    async def step() -> float:
        nonlocal seen_epoch
        if means.register.contact(cw.state) is None:
            return _UNLISTED_S  # no gateway knows our key yet; the mirror rings when it has seen us listed
        epoch, after = await taker.position()
        epoch = max(epoch, seen_epoch + 1)
        order = TakeOrder(taker.mailbox, holder, epoch, after)
        try:
            await dialler.take(
                own_gateway(means, beside_gateway),
                order,
                lambda item: taker.on_item(item, epoch),
                lambda: sheets.get("own"),
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
        return 0.5

    return step


async def _rewind(tx: AsyncConnection, cw: Casework, mailbox: str, epoch: int, head: int, now: datetime) -> None:
    await put_cursor(tx, mailbox, "", 0, epoch)
    await raise_task(
        tx, cw, "E-CURSOR-AHEAD", now, state=cw.state, note=f"head {head}", once=f"rewound/{mailbox}/{epoch}"
    )


def own_gateway(means: Means, beside: bool) -> GatewayAddress:
    """The gateway of this State's mailbox as its desk dials it: over loopback when it runs ``beside``, else as the charter says."""
    public, state = means.settings.public, means.settings.state
    addresses = means.register.addresses(state)
    if addresses and not (beside and means.register.host_of(state) == state):
        return addresses[0]
    pin = addresses[0].pin if addresses else None
    return GatewayAddress(state, f"{'wss' if public.tls else 'ws'}://127.0.0.1:{public.port}/", pin)
