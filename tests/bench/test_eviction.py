import pytest

from tests.bench.eviction.__main__ import main
from tests.bench.eviction.replay import CHOSEN, POLICIES, capacity_bytes, replay
from tests.bench.eviction.workloads import WORKLOADS, Requests, catalogue

_SHARE = 0.05


def requests(workload: str, count: int = 10_000) -> Requests:
    return WORKLOADS[workload](count)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_stays_within_its_capacity_and_finds_only_what_it_was_offered(name: str) -> None:
    capacity = capacity_bytes(0.02)
    policy = POLICIES[name](capacity)
    offered: set[str] = set()
    for picture in requests("scans"):
        if picture.size_bytes <= capacity // 8:
            hit = policy.access(picture.key, picture.size_bytes)
            assert not hit or picture.key in offered
            assert policy.used_bytes <= capacity
            offered.add(picture.key)
    assert len(policy) > 0


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_with_room_for_all_misses_each_once(name: str) -> None:
    policy = POLICIES[name](100 * capacity_bytes(1))
    asked = requests("Zipf 0.9")
    assert sum(not policy.access(picture.key, picture.size_bytes) for picture in asked) == len(set(asked))


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_chosen_policy_finds_more_than_lru(workload: str) -> None:
    asked, capacity = requests(workload), capacity_bytes(_SHARE)
    lru, chosen = (replay(POLICIES[name], capacity, asked) for name in ("LRU", CHOSEN))
    assert chosen.objects > lru.objects + 0.02


@pytest.mark.parametrize("workload", WORKLOADS)
def test_requests_are_the_same_every_time(workload: str) -> None:
    assert requests(workload, 500) == requests(workload, 500)
    assert len(requests(workload, 500)) == 500


def test_sizes_are_those_of_image_variants() -> None:
    sizes = sorted(picture.size_bytes for picture in catalogue())
    assert sizes[0] > 5_000
    assert 10_000 < sizes[len(sizes) // 2] < 25_000
    assert sizes[-1] < 2_100_000


@pytest.mark.slow
def test_the_quick_benchmark_prints_a_row_for_every_policy(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick"])
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in POLICIES)
