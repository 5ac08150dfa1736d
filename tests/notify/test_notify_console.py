"""The console channel says DELIVERED only when somebody could have heard it."""

from __future__ import annotations

import io

from contactpoint.notify import ConsoleChannel, Notice, Result, Subject

NOTICE = Notice("0195d6c0-1", Subject.MESSAGE, "U0", "0195d6c0")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_nobody_there_is_a_failure_and_not_a_delivery() -> None:
    assert (await ConsoleChannel().send(NOTICE)).result is Result.FAILED
    assert (await ConsoleChannel(io.StringIO()).send(NOTICE)).result is Result.FAILED


async def test_every_open_page_is_woken_and_a_closed_one_no_longer_counts() -> None:
    channel = ConsoleChannel()
    with channel.listen() as one, channel.listen() as two:
        outcome = await channel.send(NOTICE)
        assert outcome.result is Result.DELIVERED
        assert "2 open console pages" in outcome.text
        assert one.is_set()
        assert two.is_set()
    assert (await channel.send(NOTICE)).result is Result.FAILED


async def test_a_terminal_gets_one_line_and_a_bell() -> None:
    terminal = Terminal()
    assert (await ConsoleChannel(terminal).send(NOTICE)).result is Result.DELIVERED
    assert terminal.getvalue() == "\aU0 A message waits: 0195d6c0\n"


async def test_a_terminal_that_went_away_is_no_delivery() -> None:
    terminal = Terminal()
    terminal.close()
    assert (await ConsoleChannel(terminal).send(NOTICE)).result is Result.FAILED
