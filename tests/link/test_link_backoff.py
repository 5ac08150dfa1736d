"""Waiting before dialling again."""

from hypothesis import given
from hypothesis import strategies as st

from contactpoint.link.backoff import ROUTINE, URGENT, Backoff


def most(size: int) -> bytes:
    return b"\xff" * size


def after(policy: Backoff, failures: int) -> Backoff:
    for _ in range(failures):
        policy = policy.failed()
    return policy


def test_the_first_attempt_does_not_wait() -> None:
    assert URGENT.delay(most) == 0


def test_the_span_doubles_from_one_second_to_its_ceiling() -> None:
    spans = [round(after(URGENT, n).delay(most)) for n in range(1, 9)]
    assert spans == [1, 2, 4, 8, 16, 32, 60, 60]
    assert round(after(ROUTINE, 20).delay(most)) == 600


def test_anything_heard_forgets_the_failures() -> None:
    assert after(URGENT, 9).heard() == URGENT


@given(st.integers(min_value=0, max_value=10_000), st.binary(min_size=4, max_size=4))
def test_jitter_is_full_and_never_above_the_ceiling(failures: int, drawn: bytes) -> None:
    policy = Backoff(first_s=1.0, ceiling_s=60.0, failures=failures)
    assert 0 <= policy.delay(lambda size: drawn[:size]) <= 60
    assert policy.delay(lambda size: bytes(size)) == 0
