import pytest

from origin.pace import Pace

PACE = Pace(grace_s=10, least_bytes_per_s=1000, total_s=60)


@pytest.mark.parametrize(
    ("spent_s", "moved_bytes", "left_s"),
    [
        (0, 0, 10),
        (4, 0, 6),
        (10, 0, 0),
        (12, 1000, -1),  # a second's worth of bytes bought a second
        (12, 2500, 0.5),
        (12, 10**9, 10),  # who was quick may not rest for longer than anybody
        (55, 10**9, 5),
        (60, 10**9, 0),
    ],
)
def test_nothing_may_rest_too_long_nor_move_too_slowly_nor_last_too_long(
    spent_s: float, moved_bytes: int, left_s: float
) -> None:
    assert PACE.left_s(spent_s, moved_bytes) == left_s


def test_without_a_pace_only_the_end_counts() -> None:
    assert Pace.at_most(2).left_s(1.5, 0) == Pace.at_most(2).left_s(1.5, 10**9) == 0.5
