"""Whoever comes in is counted, whoever goes is not, and what one picture took is believed of those that still wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.admission import Crowd
from origin.imaging.expectation import Kind, Work
from origin.imaging.ledger import Ledger

AVIF, THUMBNAIL = Work(Kind("jpg", "avif"), 0.5), Work(Kind("jpg", "jpg"), 0.02)


def test_nobody_is_nothing() -> None:
    assert Ledger(2).crowd([]) == Crowd(2, 0)


def test_what_waits_is_all_that_is_inside_but_what_is_being_made() -> None:
    ledger = Ledger(2)
    for number in range(10):
        ledger.enter(number, b"", AVIF if number % 2 else THUMBNAIL)
    crowd = ledger.crowd([(AVIF, 0.2), (THUMBNAIL, 0.0)])
    assert crowd.inside == 10
    assert list(crowd.making_s) == pytest.approx([0.3, 0.02])
    assert crowd.waiting_s == pytest.approx(4 * 0.5 + 4 * 0.02)


def test_what_one_picture_took_is_believed_of_those_of_its_kind_that_wait_already() -> None:
    ledger = Ledger(2)
    ledger.enter("slow", b"", AVIF)
    ledger.enter("quick", b"", THUMBNAIL)
    ledger.learn(THUMBNAIL, 0.02)
    ledger.learn(AVIF, 5.0)
    assert ledger.crowd([]).waiting_s == pytest.approx(5.0 + 0.02)


def test_a_kind_never_seen_is_as_much_slower_than_guessed_as_the_others() -> None:
    ledger = Ledger(2)
    ledger.learn(THUMBNAIL, 0.06)
    assert ledger.expected_s(AVIF) == pytest.approx(1.5)
    ledger.learn(AVIF, 0.5)
    assert ledger.expected_s(AVIF) == pytest.approx(0.5)
    assert ledger.expected_s(THUMBNAIL) == pytest.approx(0.06)


def test_who_is_late_is_believed_to_be_later_still() -> None:
    assert list(Ledger(2).crowd([(AVIF, 3.5), (AVIF, 0.6)]).making_s) == pytest.approx([3.0, 0.1])


def test_variants_of_one_source_share_it() -> None:
    ledger, body = Ledger(2), bytes(1000)
    ledger.enter("first", body, AVIF)
    ledger.enter("second", body, AVIF)
    assert ledger.crowd([]).source_bytes == 1000
    assert ledger.crowd([], body).source_bytes == 1000
    assert ledger.crowd([], bytes(10)).source_bytes == 1010
    ledger.leave("first")
    assert ledger.crowd([]).source_bytes == 1000
    ledger.leave("second")
    assert ledger.crowd([]).source_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([AVIF, THUMBNAIL]))))
def test_whatever_came_and_went_who_is_inside_is_what_counts(moves: list[tuple[int, Work]]) -> None:
    ledger = Ledger(2)
    inside: dict[int, Work] = {}
    bodies = [bytes(number) for number in range(10)]
    for number, work in moves:
        if number in inside:
            del inside[number]
            ledger.leave(number)
            ledger.leave(number)  # once is enough
        else:
            inside[number] = work
            ledger.enter(number, bodies[number], work)
    crowd = ledger.crowd([])
    assert crowd.inside == len(inside)
    assert crowd.source_bytes == sum(inside)
    assert crowd.waiting_s == pytest.approx(sum(work.guess_s for work in inside.values()))
