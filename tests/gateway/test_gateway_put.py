"""Putting letters and slips into a real gateway over real WebSockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contactpoint.link.results import HeldResult, StoredResult
from contactpoint.wire.envelope import read_envelope
from contactpoint.wire.slip import SlipLevel, read_slip, verify_slip
from tests.gateway.gateway_world import World, world
from tests.link.link_examples import NET, LetterForm, key, letter, slip


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_a_letter_put_over_a_real_link_is_answered_with_a_receipt_that_names_it(net: World) -> None:
    serving = await net.serve(await net.gateway())
    parcel = letter(LetterForm())
    result = await net.dialler().put(serving.address, parcel)
    assert isinstance(result, HeldResult)
    held, signed = read_slip(result.receipt)
    verify_slip(signed, key("XB gateway").public, NET)
    assert (held.level, held.recipient) == (SlipLevel.HELD, "XA")
    assert held.envelope == read_envelope(parcel.envelope, NET).digest
    assert held.journal_head is not None


async def test_a_slip_is_stored_once_however_often_it_is_put(net: World) -> None:
    serving = await net.serve(await net.gateway())
    dialler = net.dialler()
    for _ in range(3):
        assert await dialler.put(serving.address, slip()) == StoredResult()
