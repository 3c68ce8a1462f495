import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.generations import BUCKETS, BadRecords, Generations, Records, decode, encode, merged
from tests.cachetiers.clocks import Clock

records = st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(0, 2**64 - 1), max_size=8)


def test_what_was_never_purged_has_no_generation() -> None:
    generations = Generations(Clock())
    assert not generations
    generations.purge("other")
    assert generations.of(["a", "b"]) == ""


def test_a_purge_of_any_of_its_names_changes_the_generation() -> None:
    generations = Generations(Clock())
    seen = {generations.of(["a", "b"])}
    for name in ("a", "b", "a"):
        generations.purge(name)
        seen.add(generations.of(["a", "b"]))
    assert len(seen) == 4


def test_a_purge_counts_although_a_host_with_a_clock_ahead_purged_before() -> None:
    here, ahead = Generations(Clock(1000.0)), Generations(Clock(5000.0))
    ahead.purge("a")
    here.learn(ahead.records())
    before = here.of(["a"])
    here.purge("a")
    assert here.of(["a"]) != before
    ahead.learn(here.records())
    assert ahead.of(["a"]) == here.of(["a"])


def test_two_who_purge_the_same_at_the_same_moment_agree_afterwards() -> None:
    one, two = Generations(Clock()), Generations(Clock())
    one.purge("a")
    two.purge("a")
    one.learn(two.records())
    two.learn(one.records())
    assert one.of(["a"]) == two.of(["a"]) != ""


def test_no_number_of_other_purges_and_no_time_undoes_one() -> None:
    clock = Clock()
    generations = Generations(clock)
    generations.purge("a")
    before = generations.of(["a"])
    clock.now_s += 10 * 365 * 86400
    generations.learn(dict.fromkeys(range(BUCKETS), 1))
    assert generations.of(["a"]) == before


def test_learning_nothing_new_changes_nothing() -> None:
    generations = Generations(Clock())
    generations.purge("a")
    known = generations.records()
    generations.learn(dict(known))
    assert generations.records() is known


@given(records, records, records)
def test_the_order_of_exchanging_does_not_matter(one: Records, two: Records, three: Records) -> None:
    assert merged(merged(one, two), three) == merged(one, merged(three, two)) == merged(merged(two, one), three)
    assert merged(one, one) == one


@given(records)
def test_records_survive_the_journey(known: Records) -> None:
    assert decode(encode(known)) == known


@given(records, st.data())
def test_damaged_records_are_refused(known: Records, data: st.DataObject) -> None:
    blob = bytearray(encode(known))
    position = data.draw(st.integers(0, len(blob) - 1))
    blob[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadRecords):
        decode(bytes(blob))


@given(st.binary(max_size=64))
def test_foreign_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(BadRecords):
        decode(blob)


def test_all_there_can_be_fit_into_one_item_of_memcached() -> None:
    assert len(encode(dict.fromkeys(range(BUCKETS), 2**64 - 1))) < 1_000_000
