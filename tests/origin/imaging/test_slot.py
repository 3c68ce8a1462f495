import os

import pytest

from origin.imaging.slot import AT_ONCE_BYTES, Slot


@pytest.mark.parametrize("length", [0, 1, AT_ONCE_BYTES - 1, AT_ONCE_BYTES, 3 * AT_ONCE_BYTES + 5])
def test_parts_lie_behind_each_other(length: int) -> None:
    body = os.urandom(length)
    with Slot() as slot:
        for _ in slot.fill(b"job", body):
            pass
        assert os.pread(slot.fileno(), length + 10, 0) == b"job" + body


def test_a_large_part_lets_others_have_a_turn_and_a_small_one_needs_not() -> None:
    with Slot() as slot:
        assert len(list(slot.fill(b"job", b"x" * 5 * AT_ONCE_BYTES))) >= 4
        assert list(slot.fill(b"job", b"x" * 1000)) == []


def test_what_is_taken_away_cannot_be_read() -> None:
    with Slot() as slot:
        list(slot.fill(b"job", b"body"))
        slot.empty()
        assert os.pread(slot.fileno(), 10, 0) == b""


def test_a_slot_does_not_stay_large() -> None:
    with Slot() as slot:
        list(slot.fill(b"x" * 20 * AT_ONCE_BYTES))
        slot.trim()
        assert os.fstat(slot.fileno()).st_size < 5 * AT_ONCE_BYTES
