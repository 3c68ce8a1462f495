import pytest

from origin.imaging.schedule import PATIENCE_S, Seat, next_seat, overdue

IDLE = Seat(0, 0.0)
SHORT, LONG = PATIENCE_S / 10, PATIENCE_S * 10


@pytest.mark.parametrize(
    ("seats", "taker"),
    [
        ([], None),
        ([Seat(1, SHORT), IDLE], 1),  # an idle one first
        ([Seat(1, SHORT), Seat(1, 2 * SHORT)], 1),  # whoever will be done first
        ([Seat(2, SHORT, SHORT), Seat(1, SHORT)], 1),  # two are enough
        ([Seat(1, LONG)], None),  # nobody is put behind a slow picture
        ([Seat(2, SHORT, None)], None),
    ],
)
def test_the_next_picture_goes_where_it_is_begun_first(seats: list[Seat], taker: int | None) -> None:
    assert next_seat(seats) == taker


@pytest.mark.parametrize(
    ("others", "taker", "nothing_else", "behind"),
    [
        (Seat(2, SHORT, SHORT), IDLE, True, 0),  # better than doing nothing
        (Seat(2, SHORT, SHORT), IDLE, False, None),  # the queue has another
        (Seat(2, SHORT, SHORT), Seat(1, SHORT), True, None),
        (Seat(2, LONG, LONG), Seat(1, SHORT), False, 0),  # it has waited long enough
        (Seat(2, LONG, None), IDLE, True, None),  # taken back already
        (Seat(1, LONG), IDLE, True, None),
    ],
)
def test_a_picture_behind_a_slow_one_is_taken_from_there(
    others: Seat, taker: Seat, nothing_else: bool, behind: int | None
) -> None:
    assert overdue([others, taker], 1, nothing_else=nothing_else) == behind


def test_of_several_the_one_that_waited_longest_is_taken() -> None:
    assert overdue([Seat(2, LONG, LONG), Seat(2, LONG, 2 * LONG), IDLE], 2, nothing_else=False) == 1
