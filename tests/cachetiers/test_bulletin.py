from cachetiers.bulletin import Bulletin, Reach
from cachetiers.generations import Generations
from cachetiers.tier import Unreachable
from tests.cachetiers.clocks import Clock


class FakeNodes:
    """Nodes in a dictionary; those in *down* cannot be asked."""

    def __init__(self, *names: str) -> None:
        self.kept: dict[str, dict[str, bytes]] = {name: {} for name in names}
        self.down: set[str] = set()
        self.asked = 0

    def nodes(self) -> tuple[str, ...]:
        return tuple(self.kept)

    def get_at(self, node: str, key: str) -> bytes | None:
        self.asked += 1
        if node in self.down:
            raise Unreachable(node, tried=True)
        return self.kept[node].get(key)

    def set_at(self, node: str, key: str, blob: bytes, expire_s: float = 0) -> bool:
        if node in self.down:
            return False
        self.kept[node][key] = blob
        return True


def process(nodes: FakeNodes, clock: Clock | None = None) -> tuple[Generations, Bulletin]:
    generations = Generations(clock or Clock())
    return generations, Bulletin(generations, nodes)


def test_a_purge_reaches_whoever_reads_next() -> None:
    nodes = FakeNodes("a:1", "b:1")
    (here, bulletin), (there, other) = process(nodes), process(nodes)
    assert bulletin.purge("picture") == Reach(2, 2)
    other.exchange()
    assert here.of(["picture"]) == there.of(["picture"]) != ""


def test_reading_what_is_known_already_costs_one_question_a_node() -> None:
    nodes = FakeNodes("a:1")
    _, bulletin = process(nodes)
    bulletin.purge("picture")
    nodes.asked = 0
    bulletin.exchange()
    assert nodes.asked == 1


def test_purges_of_two_processes_are_joined_whoever_writes_last() -> None:
    nodes = FakeNodes("a:1")
    (here, one), (there, two) = process(nodes), process(nodes)
    one.purge("mine")
    lost = dict(nodes.kept["a:1"])
    two.purge("yours")
    nodes.kept["a:1"] = lost  # as if the first had written over the second
    one.exchange()
    two.exchange()
    one.exchange()
    assert here.of(["mine", "yours"]) == there.of(["mine", "yours"])
    assert "." in here.of(["mine", "yours"])


def test_a_node_that_lost_everything_is_told_again() -> None:
    nodes = FakeNodes("a:1", "b:1")
    _, bulletin = process(nodes)
    bulletin.purge("picture")
    nodes.kept["a:1"].clear()
    newcomer, other = process(nodes)
    bulletin.exchange()
    nodes.down = {"b:1"}
    other.exchange()
    assert newcomer.of(["picture"])


def test_a_node_that_cannot_be_asked_is_not_counted_and_told_later() -> None:
    nodes = FakeNodes("a:1", "b:1")
    nodes.down = {"a:1"}
    _, bulletin = process(nodes)
    assert bulletin.purge("picture") == Reach(2, 1)
    nodes.down = set()
    assert bulletin.exchange() == Reach(2, 2)
    assert nodes.kept["a:1"] == nodes.kept["b:1"]


def test_garbage_at_a_node_is_written_over() -> None:
    nodes = FakeNodes("a:1")
    nodes.kept["a:1"] = {"purges": b"garbage"}
    generations, bulletin = process(nodes)
    assert bulletin.purge("picture") == Reach(1, 1)
    reader, other = process(nodes)
    other.exchange()
    assert reader.of(["picture"]) == generations.of(["picture"])


def test_without_nodes_a_purge_reaches_this_process() -> None:
    generations, bulletin = process(FakeNodes())
    assert bulletin.purge("picture") == Reach(0, 0)
    assert generations.of(["picture"])


def test_a_server_that_is_full_of_other_things_and_forgot_the_purges_is_told_again() -> None:
    nodes = FakeNodes("a:1")
    generations, bulletin = process(nodes)
    bulletin.purge("picture")
    nodes.kept["a:1"].clear()
    newcomer, other = process(nodes)
    other.exchange()
    bulletin.exchange()
    other.exchange()
    assert newcomer.of(["picture"]) == generations.of(["picture"])


def test_the_thread_outlives_a_fault() -> None:
    class Faulty(FakeNodes):
        def nodes(self) -> tuple[str, ...]:
            self.asked += 1
            if self.asked == 3:
                bulletin.stop()
            raise ZeroDivisionError

    nodes = Faulty("a:1")
    bulletin = Bulletin(Generations(Clock()), nodes, every_s=0.001)
    bulletin._run()
    assert nodes.asked == 3
