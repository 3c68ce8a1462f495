from hypothesis import given
from hypothesis import strategies as st

from cachetiers.entry import Entry
from cachetiers.eviction import Eviction, Kept

NOW_S = 1000.0
_ENTRY = Entry(b"", NOW_S, 60)


def kept(key: str, size_bytes: int = 2000, dead_s: float = NOW_S + 60) -> Kept:
    return Kept(key, _ENTRY, size_bytes, dead_s)


def queue(*added: Kept) -> Eviction:
    eviction = Eviction(1_000_000)
    for one in added:
        eviction.add(one)
    return eviction


def test_the_least_uses_for_its_bytes_goes_first() -> None:
    large, small, asked_for = kept("large", 64_000), kept("small", 2_000), kept("large, asked for", 64_000)
    asked_for.hits = 63
    eviction = queue(asked_for, large, small)
    assert [eviction.pop(NOW_S).key for _ in range(3)] == ["large", "small", "large, asked for"]


def test_whoever_waits_while_others_come_and_go_has_his_turn() -> None:
    eviction, gone = queue(kept("small", 2_000)), []
    for number in range(40):
        eviction.add(kept(str(number), 64_000))
        gone.append(eviction.pop(NOW_S).key)
    assert gone[:30] == [str(number) for number in range(30)]
    assert "small" in gone


def test_a_dead_one_goes_before_its_time_and_nobody_else_is_older_for_it() -> None:
    dead, alive = kept("dead", 2_000, dead_s=NOW_S), kept("alive", 64_000)
    dead.hits = 5
    eviction = queue(dead, alive)
    assert eviction.pop(NOW_S) is dead
    eviction.add(kept("new", 64_000))
    assert eviction._level == 0


def test_somebody_goes_even_if_all_were_asked_for() -> None:
    all_of_them = [kept(str(number)) for number in range(1000)]
    eviction = queue(*all_of_them)
    for one in all_of_them:
        one.hits = 1
    gone = eviction.pop(NOW_S)
    assert gone.hits == 1
    assert sum(one.hits for one in all_of_them) > 900


def test_what_is_removed_is_not_popped_and_comes_back_with_its_uses() -> None:
    one = kept("one")
    one.hits = 9
    eviction = queue(one, kept("other"))
    eviction.remove(one)
    assert eviction.pop(NOW_S).key == "other"
    again = kept("one")
    eviction.add(again)
    assert again.uses == 11


_steps = st.lists(st.tuples(st.sampled_from(["add", "hit", "pop"]), st.integers(1, 10**7)), max_size=200)


@given(_steps)
def test_nobody_due_earlier_stays_and_the_level_never_falls(steps: list[tuple[str, int]]) -> None:
    eviction, there = Eviction(1_000_000), dict[str, Kept]()
    for number, (what, size) in enumerate(steps):
        level = eviction._level
        if what == "add":
            one = there[str(number)] = kept(str(number), 1000 + size)
            eviction.add(one)
        elif there and what == "hit":
            list(there.values())[size % len(there)].hits += 1
        elif there:
            gone = eviction.pop(NOW_S)
            del there[gone.key]
            assert all(gone.due <= one.due for one in there.values())
            assert eviction._level == gone.due
        assert eviction._level >= level
