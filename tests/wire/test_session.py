"""Two real ends, joined by hand: proof, credit, heartbeats, and what each end may say when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contactpoint.wire.envelope import Parcel
from contactpoint.wire.frames import (
    BacklogEnd,
    Beat,
    Bye,
    Deliver,
    Frame,
    Held,
    Hello,
    Lane,
    Put,
    Role,
    Stored,
    Take,
    Took,
    decode_frame,
    encode_frame,
    put_of,
)
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import (
    MAY_SAY,
    CloseCode,
    Closed,
    Dialler,
    End,
    Listener,
    LogHead,
    NotNowError,
    Opened,
    PeerClock,
    Phase,
    prove_message,
)
from keys import cbor
from keys.digest import digest
from tests.link.link_examples import HOST, NOW, Joined, book_of, dialler_of, listener_of

LETTER = Parcel(b"e" * 100, b"p" * 100)
LIMITS = LinkLimits()


@pytest.fixture
def ends() -> Joined:
    joined = Joined(dialler_of(), listener_of())
    joined.run()
    return joined


@pytest.fixture
def taking(ends: Joined) -> Joined:
    ends.dialler.send_take("XB", "desk 1", 1, 0, NOW)
    ends.run()
    return ends


def test_two_ends_that_prove_themselves_are_open_to_each_other(ends: Joined) -> None:
    assert (ends.dialler.phase, ends.listener.phase) == (Phase.OPEN, Phase.OPEN)
    [there] = [event for event in ends.served if isinstance(event, Opened)]
    [here] = [event for event in ends.heard if isinstance(event, Opened)]
    assert (there.peer.name, there.peer.role, there.peer.lane, there.peer.proven) == (
        "XA",
        Role.STATION,
        Lane.URGENT,
        True,
    )
    assert (here.peer.name, here.peer.role, here.peer.host) == ("XB", Role.GATEWAY, HOST)


def test_both_ends_learn_the_others_copy_of_the_register(ends: Joined) -> None:
    assert LogHead(40, b"r" * 32) in ends.heard
    assert LogHead(40, b"r" * 32) in ends.served


def test_nothing_of_an_unproven_peer_is_handed_on() -> None:
    listener = listener_of()
    [closed] = listener.receive(encode_frame(put_of(1, LETTER)), NOW)
    assert isinstance(closed, Closed)
    assert closed.code is CloseCode.PROTOCOL


def test_an_answer_finds_its_question(ends: Joined) -> None:
    refs = [ends.dialler.send_put(LETTER, NOW), ends.dialler.send_put(b"slip", NOW)]
    ends.run()
    ends.listener.send(Stored(refs[1]), NOW)
    ends.listener.send(Held(refs[0], b"receipt", duplicate=False), NOW)
    ends.run()
    assert ends.heard[-2:] == [Stored(refs[1]), Held(refs[0], b"receipt", duplicate=False)]
    assert ends.dialler.unanswered == ends.listener.unanswered == 0


def test_a_question_waits_when_sixty_four_are_unanswered(ends: Joined) -> None:
    for _ in range(64):
        ends.dialler.send_put(LETTER, NOW)
    assert not ends.dialler.may_put(LETTER)
    with pytest.raises(NotNowError):
        ends.dialler.send_put(LETTER, NOW)
    ends.run()
    ends.listener.send(Stored(1), NOW)
    ends.run()
    assert ends.dialler.may_put(LETTER)
    assert ends.listener.phase is Phase.OPEN


def test_a_question_waits_when_a_mebibyte_is_unanswered(ends: Joined) -> None:
    large = Parcel(b"e" * 60_000, b"p" * 60_000)
    count = 0
    while ends.dialler.may_put(large):
        ends.dialler.send_put(large, NOW)
        count += 1
    ends.run()
    assert count == 8
    assert ends.listener.phase is Phase.OPEN


def test_a_flood_beyond_its_credit_closes_the_link(ends: Joined) -> None:
    events: list[object] = []
    for ref in range(1, 70):
        events += ends.listener.receive(encode_frame(put_of(ref, LETTER)), NOW)
    assert sum(isinstance(event, Put) for event in events) == 64
    assert ends.listener.closed is not None
    assert ends.listener.closed.code is CloseCode.CREDIT


def test_a_flood_of_bytes_beyond_its_credit_closes_the_link(ends: Joined) -> None:
    large = put_of(1, Parcel(b"e" * 60_000, b"p" * 60_000))
    for ref in range(1, 12):
        ends.listener.receive(encode_frame(replace(large, ref=ref)), NOW)
    assert ends.listener.closed is not None
    assert ends.listener.closed.code is CloseCode.CREDIT


def test_two_questions_under_one_number_close_the_link(ends: Joined) -> None:
    ends.listener.receive(encode_frame(put_of(1, LETTER)), NOW)
    ends.listener.receive(encode_frame(put_of(1, LETTER)), NOW)
    assert ends.listener.closed is not None


def test_an_answer_to_no_question_closes_the_link(ends: Joined) -> None:
    ends.dialler.receive(encode_frame(Stored(9)), NOW)
    assert ends.dialler.closed is not None
    with pytest.raises(NotNowError):
        ends.listener.send(Stored(9), NOW)


def test_deliveries_stop_at_the_takers_credit_and_go_on_after_took(taking: Joined) -> None:
    for number in range(1, 65):
        taking.listener.send(Deliver(number, slip=b"s"), NOW)
    assert not taking.listener.may_deliver(Deliver(65, slip=b"s"))
    taking.run()
    taking.dialler.send(Took(3), NOW)
    taking.run()
    assert taking.listener.may_deliver(Deliver(65, slip=b"s"))
    assert taking.dialler.phase is Phase.TAKING


def test_a_gateway_that_delivers_beyond_the_credit_is_closed(taking: Joined) -> None:
    for number in range(1, 66):
        taking.dialler.receive(encode_frame(Deliver(number, slip=b"s")), NOW)
    assert taking.dialler.closed is not None
    assert taking.dialler.closed.code is CloseCode.CREDIT


@pytest.mark.parametrize("second", [0, 1, 2])
def test_a_gateway_whose_numbers_go_back_is_closed(taking: Joined, second: int) -> None:
    taking.dialler.receive(encode_frame(Deliver(2, slip=b"s")), NOW)
    taking.dialler.receive(encode_frame(Deliver(second, slip=b"s")), NOW)
    assert taking.dialler.closed is not None


def test_took_of_what_was_not_delivered_closes_the_link(taking: Joined) -> None:
    taking.listener.send(Deliver(1, slip=b"s"), NOW)
    taking.listener.receive(encode_frame(Took(2)), NOW)
    assert taking.listener.closed is not None


def test_a_desk_cannot_say_took_before_it_was_given_anything(taking: Joined) -> None:
    with pytest.raises(NotNowError):
        taking.dialler.send(Took(1), NOW)


def test_a_link_beats_every_twenty_seconds_and_tells_its_clock(ends: Joined) -> None:
    assert ends.dialler.next_wake == NOW + timedelta(seconds=20)
    ends.now = NOW + timedelta(seconds=20)
    assert ends.dialler.wake(ends.now) == []
    ends.run()
    assert PeerClock(ends.now) in ends.served
    assert LogHead(40, b"r" * 32) in ends.served
    assert ends.dialler.next_wake == NOW + timedelta(seconds=40)


def test_a_link_is_alive_at_forty_four_seconds_of_silence_and_dead_at_forty_five(ends: Joined) -> None:
    assert not ends.listener.wake(NOW + timedelta(seconds=44))
    [closed] = ends.listener.wake(NOW + timedelta(seconds=45))
    assert isinstance(closed, Closed)
    assert closed.code is CloseCode.SILENT


def test_any_message_keeps_a_link_alive(ends: Joined) -> None:
    ends.listener.receive(encode_frame(Beat(0, 0, 0, None)), NOW + timedelta(seconds=44))
    assert not ends.listener.wake(NOW + timedelta(seconds=88))


def test_a_peer_that_does_not_prove_itself_in_ten_seconds_is_closed() -> None:
    listener = listener_of()
    assert listener.next_wake == NOW + timedelta(seconds=10)
    assert not listener.wake(NOW + timedelta(seconds=9))
    [closed] = listener.wake(NOW + timedelta(seconds=10))
    assert isinstance(closed, Closed)
    assert closed.code is CloseCode.UNPROVEN


def test_a_slow_reader_is_closed_with_4408_and_not_before_its_time(taking: Joined) -> None:
    taking.listener.send(Deliver(1, slip=b"s"), NOW)
    alive = encode_frame(Beat(0, 0, 0, None))
    for second in (20, 40, 59):
        taking.listener.receive(alive, NOW + timedelta(seconds=second))
        assert not taking.listener.wake(NOW + timedelta(seconds=second))
    [closed] = taking.listener.wake(NOW + timedelta(seconds=60))
    assert isinstance(closed, Closed)
    assert closed.code.value == 4408


def test_a_reader_that_makes_progress_is_not_slow(taking: Joined) -> None:
    for number in (1, 2):
        taking.listener.send(Deliver(number, slip=b"s"), NOW)
    taking.listener.receive(encode_frame(Took(1)), NOW + timedelta(seconds=50))
    assert not taking.listener.wake(NOW + timedelta(seconds=70))


def test_a_taker_whose_mailbox_is_empty_is_never_slow(taking: Joined) -> None:
    taking.listener.send(BacklogEnd(0), NOW)
    for minute in range(1, 30):
        at = NOW + timedelta(seconds=30 * minute)
        taking.listener.receive(encode_frame(Beat(0, 0, 0, None)), at)
        assert not taking.listener.wake(at)


def test_a_closing_end_says_why_and_says_nothing_more(ends: Joined) -> None:
    ends.listener.close(CloseCode.GOING_AWAY, "this node stops")
    ends.run()
    assert ends.heard[-1] == Bye("going-away", 0)
    assert ends.listener.receive(encode_frame(put_of(1, LETTER)), NOW) == []
    assert ends.listener.next_wake is None
    with pytest.raises(NotNowError):
        ends.listener.send(Stored(1), NOW)


def test_a_heartbeat_with_an_impossible_clock_does_not_stop_the_link(ends: Joined) -> None:
    events = ends.listener.receive(encode_frame(Beat(2**53 - 1, 0, 40, None)), NOW)
    assert events == [LogHead(40, None)]
    assert ends.listener.phase is Phase.OPEN


def end_in(end: End, phase: Phase) -> Dialler | Listener:
    """A real end that has come to this phase with a real peer."""
    if phase is Phase.HELLO:
        return dialler_of() if end is End.DIALLER else listener_of()
    joined = Joined(dialler_of(), listener_of(book=book_of("XB") if phase is Phase.STRANGER else None))
    if phase is Phase.PROVE:
        for data in joined.dialler.data_to_send():
            joined.listener.receive(data, NOW)
        for data in joined.listener.data_to_send()[:1]:
            joined.dialler.receive(data, NOW)
    else:
        joined.run()
    if phase is Phase.TAKING:
        joined.dialler.send_take("XB", "desk 1", 1, 0, NOW)
        joined.run()
    if phase is Phase.STRANGER:
        joined.dialler.phase = Phase.STRANGER  # a dialler is not told; its table is the listener's view of it
    made = joined.dialler if end is End.DIALLER else joined.listener
    assert made.phase is phase
    return made


@pytest.mark.parametrize(("end", "phase"), list(MAY_SAY), ids=lambda part: part.value)
def test_what_stands_not_in_the_table_may_be_neither_said_nor_heard(end: End, phase: Phase) -> None:
    from tests.wire.test_frames import EVERY

    other = End.LISTENER if end is End.DIALLER else End.DIALLER
    for frame in EVERY:
        if type(frame) not in MAY_SAY[end, phase]:
            with pytest.raises(NotNowError):
                end_in(end, phase).send(frame, NOW)
            hearing = end_in(other, phase)
            hearing.receive(encode_frame(frame), NOW)
            assert hearing.closed is not None, frame


def test_a_take_without_credit_is_refused(ends: Joined) -> None:
    frame: Frame = Take("XB", "desk 1", 1, 0, 0)
    ends.listener.receive(encode_frame(frame), NOW)
    assert ends.listener.closed is not None


def test_a_proof_covers_the_end_both_names_the_host_dialled_both_nonces_and_both_hellos() -> None:
    joined = Joined(dialler_of(), listener_of())
    [dialled] = joined.dialler.data_to_send()
    joined.listener.receive(dialled, NOW)
    answered = joined.listener.data_to_send()[0]
    mine, theirs = decode_frame(dialled), decode_frame(answered)
    assert isinstance(mine, Hello)
    assert isinstance(theirs, Hello)
    covered = [mine.nonce, theirs.nonce, digest(dialled), digest(answered)]
    message = cbor.decode(prove_message(End.DIALLER, dialled, answered))
    assert message == ["dialler", "XA", "XB", HOST, *covered]
    assert prove_message(End.LISTENER, dialled, answered) != prove_message(End.DIALLER, dialled, answered)
