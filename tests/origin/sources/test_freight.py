"""What is on its way into the process is bounded, whoever sends it."""

import pytest

from origin.errors import Overloaded
from origin.sources.freight import Freight


def test_what_comes_counts_until_its_fetch_is_over() -> None:
    freight = Freight(100)
    with freight.carrying() as first:
        first(60)
        with freight.carrying() as second:
            second(40)
            with pytest.raises(Overloaded, match="100 bytes"):
                second(1)
        assert freight.held_bytes == 60
        with freight.carrying() as third:
            third(40)
    assert freight.held_bytes == 0


def test_one_alone_may_take_more() -> None:
    freight = Freight(100)
    with freight.carrying() as carry:
        carry(90)
        carry(90)
        with pytest.raises(Overloaded), freight.carrying() as another:
            another(1)


def test_a_fetch_that_fails_gives_back_what_it_held() -> None:
    freight = Freight(100)

    def break_off() -> None:
        with freight.carrying() as carry:
            carry(50)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    assert freight.held_bytes == 0
