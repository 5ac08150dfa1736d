"""Hostile peers: everything that somebody in between, or at the other end, may try before and after proof."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactpoint.wire.frames import Frame, Hello, Lane, Prove, Put, Role, decode_frame, encode_frame, put_of
from contactpoint.wire.keybook import prove_context
from contactpoint.wire.limits import LinkLimits
from contactpoint.wire.session import CloseCode, Closed, Dialler, End, Listener, Opened, Phase, prove_message
from tests.link.link_examples import HOST, LIVE, NET, NOW, Joined, book_of, dialler_of, key, listener_of
from tests.wire.test_frames import EVERY

OTHER_HOST = "198.51.100.7:443"


def hello_of(machine: Dialler | Listener) -> bytes:
    return machine.data_to_send()[0]


def proof(end: End, dialler: bytes, listener: bytes, signer: str, net: bytes = NET) -> bytes:
    signing = key(signer)
    signature = signing.sign(prove_message(end, dialler, listener), prove_context(net))
    return encode_frame(Prove(signing.public.id, signature))


def code_of(machine: Dialler | Listener) -> CloseCode | None:
    return machine.closed.code if machine.closed else None


def test_man_in_the_middle_replaying_a_proof_made_for_his_own_host_is_refused() -> None:
    """XA dials a host of the attacker's (M), who passes everything on to XB, both ways, nonces included."""
    book = book_of("XA", "XB")
    victim = dialler_of(host=OTHER_HOST, book=book)
    gateway = listener_of(book=book)
    hello = decode_frame(hello_of(victim))
    assert isinstance(hello, Hello)
    gateway.receive(encode_frame(replace(hello, host=HOST)), NOW)
    answer, _ = gateway.data_to_send()
    # The gateway's hello says the host under which it was dialled; the victim dialled another.
    victim.receive(answer, NOW)
    assert code_of(victim) is CloseCode.NOT_YOURS


def test_man_in_the_middle_who_rewrites_the_host_in_both_hellos_gains_no_proof() -> None:
    book = book_of("XA", "XB")
    victim, gateway = dialler_of(host=OTHER_HOST, book=book), listener_of(book=book)
    hello = decode_frame(hello_of(victim))
    assert isinstance(hello, Hello)
    gateway.receive(encode_frame(replace(hello, host=HOST)), NOW)
    theirs, their_proof = gateway.data_to_send()
    answer = decode_frame(theirs)
    assert isinstance(answer, Hello)
    victim.receive(encode_frame(replace(answer, host=OTHER_HOST)), NOW)
    victim.receive(their_proof, NOW)
    assert code_of(victim) is CloseCode.UNPROVEN
    assert not [data for data in victim.data_to_send() if isinstance(decode_frame(data), Prove)]


def test_a_host_that_is_not_the_gateways_own_is_refused_before_it_proves_anything() -> None:
    gateway = listener_of(hosts=(HOST,))
    gateway.receive(hello_of(dialler_of(host=OTHER_HOST)), NOW)
    assert code_of(gateway) is CloseCode.NOT_YOURS
    assert not [data for data in gateway.data_to_send() if isinstance(decode_frame(data), Prove)]


def test_a_recorded_proof_is_worth_nothing_on_another_link() -> None:
    first = Joined(dialler_of(), listener_of())
    dialled = hello_of(first.dialler)
    first.listener.receive(dialled, NOW)
    for data in first.listener.data_to_send():
        first.dialler.receive(data, NOW)
    [recorded] = first.dialler.data_to_send()
    second = Listener(
        first.listener._identity,
        first.listener._standing,
        first.listener._verify,
        b"another nonce".ljust(32),
        LinkLimits(),
        NOW,
        hosts=frozenset({HOST}),
    )
    second.receive(dialled, NOW)
    second.receive(recorded, NOW)
    assert code_of(second) is CloseCode.UNPROVEN


def test_a_proof_sent_back_to_its_maker_is_refused() -> None:
    """An end that dials itself, or is shown its own proof, must not take it for the other's."""
    gateway = listener_of()
    dialled = hello_of(dialler_of("XB", Role.GATEWAY))
    gateway.receive(dialled, NOW)
    _, own_proof = gateway.data_to_send()
    gateway.receive(own_proof, NOW)
    assert code_of(gateway) is CloseCode.UNPROVEN


def test_the_own_nonce_sent_back_is_refused() -> None:
    dialler = dialler_of()
    own = decode_frame(hello_of(dialler))
    assert isinstance(own, Hello)
    dialler.receive(encode_frame(replace(own, name="XB", role=Role.GATEWAY)), NOW)
    assert code_of(dialler) is CloseCode.PROTOCOL


@pytest.mark.parametrize("signer", ["XA gateway", "XB station", "XA officer"])
def test_proving_with_the_wrong_role_key_does_not_open_a_link(signer: str) -> None:
    gateway = listener_of(book=book_of("XA", "XB"))
    dialled = hello_of(dialler_of())
    gateway.receive(dialled, NOW)
    theirs, _ = gateway.data_to_send()
    events = gateway.receive(proof(End.DIALLER, dialled, theirs, signer), NOW)
    assert gateway.phase is Phase.STRANGER
    assert [event.peer.proven for event in events if isinstance(event, Opened)] == [False]


def test_a_gateway_that_proves_with_a_station_key_is_refused() -> None:
    dialler = dialler_of()
    dialled, theirs = hello_of(dialler), hello_of_listener(dialler)
    dialler.receive(theirs, NOW)
    dialler.receive(proof(End.LISTENER, dialled, theirs, "XB station"), NOW)
    assert code_of(dialler) is CloseCode.UNPROVEN


def hello_of_listener(dialler: Dialler) -> bytes:
    gateway = listener_of()
    gateway.receive(hello_of(dialler_of()), NOW)
    return gateway.data_to_send()[0]


def test_a_proof_of_another_network_is_refused() -> None:
    gateway = listener_of()
    dialled = hello_of(dialler_of())
    gateway.receive(dialled, NOW)
    theirs, _ = gateway.data_to_send()
    gateway.receive(proof(End.DIALLER, dialled, theirs, "XA station", LIVE), NOW)
    assert code_of(gateway) is CloseCode.UNPROVEN


def test_a_signature_of_garbage_under_a_known_key_is_refused() -> None:
    gateway = listener_of()
    gateway.receive(hello_of(dialler_of()), NOW)
    gateway.receive(encode_frame(Prove(key("XA station").public.id, b"s" * 3373)), NOW)
    assert code_of(gateway) is CloseCode.UNPROVEN


@pytest.mark.parametrize("name", ["XC", "xb", ""])
def test_another_gateway_than_the_one_dialled_is_refused(name: str) -> None:
    dialler = dialler_of(name="XB", book=book_of("XA", "XB", "XC"))
    answering = decode_frame(hello_of_listener(dialler))
    assert isinstance(answering, Hello)
    dialler.receive(encode_frame(replace(answering, name=name)), NOW)
    assert code_of(dialler) is CloseCode.NOT_YOURS


def test_a_changed_hello_breaks_the_proof_that_covers_it() -> None:
    """Whoever sits in between cannot make a peer's copy of the register, or its lane, look different."""
    dialler, gateway = dialler_of(), listener_of()
    hello = decode_frame(hello_of(dialler))
    assert isinstance(hello, Hello)
    for changed in (replace(hello, log_size=10**6), replace(hello, lane=Lane.BULK), replace(hello, sheet=99)):
        joined = Joined(dialler_of(), gateway := listener_of())
        joined.dialler.data_to_send()
        gateway.receive(encode_frame(changed), NOW)
        for data in gateway.data_to_send():
            joined.dialler.receive(data, NOW)
        assert code_of(joined.dialler) is CloseCode.UNPROVEN


def test_downgrade_to_a_version_that_is_not_spoken_closes_the_link() -> None:
    gateway = listener_of()
    hello = decode_frame(hello_of(dialler_of()))
    assert isinstance(hello, Hello)
    gateway.receive(encode_frame(replace(hello, versions=(2, 3))), NOW)
    assert code_of(gateway) is CloseCode.VERSION


def test_a_short_nonce_closes_the_link() -> None:
    gateway = listener_of()
    hello = decode_frame(hello_of(dialler_of()))
    assert isinstance(hello, Hello)
    gateway.receive(encode_frame(replace(hello, nonce=b"n" * 31)), NOW)
    assert code_of(gateway) is CloseCode.PROTOCOL


def test_a_huge_message_closes_the_link_and_is_not_looked_into() -> None:
    joined = Joined(dialler_of(), listener_of())
    joined.run()
    joined.listener.receive(b"\x5a\x7f\xff\xff\xff" + b"x" * 300_000, NOW)
    assert code_of(joined.listener) is CloseCode.PROTOCOL


def test_a_stranger_may_put_four_letters_and_no_more() -> None:
    joined = Joined(dialler_of(), listener_of(book=book_of("XB")))
    joined.run()
    for ref in range(1, 6):
        joined.listener.receive(encode_frame(put_of(ref, b"slip")), NOW)
    assert code_of(joined.listener) is CloseCode.UNPROVEN


@given(st.lists(st.binary(max_size=120), max_size=6), st.booleans())
def test_no_bytes_crash_an_end_they_only_close_it(messages: list[bytes], proven: bool) -> None:
    joined = Joined(dialler_of(), listener_of())
    if proven:
        joined.run()
    for data in messages:
        for end in (joined.dialler, joined.listener):
            for event in end.receive(data, NOW):
                assert isinstance(event, Closed | Put)


@given(st.lists(st.sampled_from(EVERY), max_size=12), st.sampled_from(list(End)), st.booleans())
def test_no_order_of_well_formed_frames_crashes_an_end(frames: list[Frame], end: End, proven: bool) -> None:
    joined = Joined(dialler_of(), listener_of())
    if proven:
        joined.run()
    machine = joined.dialler if end is End.DIALLER else joined.listener
    for frame in frames:
        machine.receive(encode_frame(frame), NOW)
        assert machine.closed is None or machine.receive(encode_frame(frame), NOW) == []
