"""A process that writes numbered rows and says each number only after its commit; it is killed while it does so."""

import asyncio
import sys

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contactpoint.store.database import Database
from contactpoint.store.journal import append
from tests.store.store_examples import BRANCH, NOW, journal, metadata, shelf


async def main(url: str) -> None:
    database = await Database.open(url, metadata, BRANCH)

    async def next_row(tx: AsyncConnection) -> int:
        number = int((await tx.execute(select(func.count()).select_from(shelf))).scalar_one()) + 1
        await tx.execute(insert(shelf), {"id": number, "name": str(number)})
        await append(tx, journal, "put", str(number), None, NOW)
        return number

    while True:
        print(await database.write(next_row), flush=True)


asyncio.run(main(sys.argv[1]))
