"""Children make pictures, and whatever becomes of one of them costs the picture in its hands and nothing else."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gevent
import pytest

from origin.errors import BadRecipe, BrokenImage, Forsaken, Interrupted, NotAnImage, OriginError, Overloaded, TooCostly
from origin.imaging.admission import Bounds
from origin.imaging.children import ChildFault, ChildPool, Upkeep
from origin.imaging.jail import Terms
from origin.imaging.job import Job, Rendered
from origin.imaging.keeper import Child
from origin.imaging.libvips import abilities
from origin.imaging.limits import Limits
from origin.recipe import OutputFormat, Recipe, Resize
from origin.telemetry.logs import LOGGER
from tests import pictures

JOB = Job(Recipe(), Limits(50_000_000, 8192))
PROGRAM = "tests.origin.imaging.misbehaving"
GIB = 1024**3

Make = Callable[..., ChildPool]


@pytest.fixture
def make() -> Iterator[Make]:
    pools: list[ChildPool] = []

    def made(
        upkeep: Upkeep | None = None,
        queue_limit: int = 300,
        queue_timeout_s: float = 60,
        program: str = PROGRAM,
        bounds: Bounds | None = None,
    ) -> ChildPool:
        pools.append(ChildPool(upkeep or Upkeep(1), bounds or Bounds(queue_limit, queue_timeout_s), program))
        return pools[-1]

    yield made
    for pool in pools:
        pool.close()


@pytest.fixture(scope="module")
def real() -> Iterator[ChildPool]:
    pool = ChildPool(Upkeep(2), Bounds(100, 60))
    yield pool
    pool.close()


def ask(pool: ChildPool, body: bytes) -> gevent.Greenlet:
    return gevent.spawn(pool.transform, body, JOB)


def told(pool: ChildPool, body: bytes) -> bytes:
    return pool.transform(body, JOB).body


def until(condition: Callable[[], object]) -> None:
    with gevent.Timeout(20):
        while not condition():
            gevent.sleep(0.005)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def size(rendered: Rendered) -> tuple[int, int]:
    image = pictures.decoded(rendered.body)
    return image.width, image.height


def test_a_child_makes_what_transform_makes(real: ChildPool) -> None:
    rendered = real.transform(
        pictures.png(), Job(Recipe(resize=Resize(width_px=32), format=OutputFormat.WEBP), JOB.limits)
    )
    assert (rendered.media_type, rendered.suffix, size(rendered)) == ("image/webp", "webp", (32, 32))
    assert pictures.near(pictures.decoded(rendered.body), 4, 4, pictures.RED)
    assert rendered.transform_s > 0


def test_a_child_refuses_what_transform_refuses(real: ChildPool) -> None:
    with pytest.raises(NotAnImage):
        real.transform(b"no picture", JOB)
    with pytest.raises(BrokenImage):
        real.transform(pictures.png()[:100], JOB)
    with pytest.raises(TooCostly):
        real.transform(pictures.png(), Job(Recipe(), Limits(10, 10)))
    with pytest.raises(NotAnImage, match="empty"):
        real.transform(b"", JOB)


def test_a_child_knows_what_this_build_can_do(real: ChildPool) -> None:
    assert real.abilities == abilities()


def test_pictures_made_at_once_are_not_mixed_up(real: ChildPool) -> None:
    sources = [pictures.png(), b"no picture", pictures.jpeg(48, 48), pictures.png()[:99]] * 6
    jobs = [Job(Recipe(resize=Resize(width_px=at + 1)), JOB.limits) for at in range(len(sources))]
    made = [gevent.spawn(real.transform, body, job) for body, job in zip(sources, jobs, strict=True)]
    gevent.joinall(made, timeout=30)
    for at, (body, greenlet) in enumerate(zip(sources, made, strict=True)):
        if greenlet.successful():
            assert size(greenlet.value)[0] == at + 1
        else:
            assert isinstance(greenlet.exception, NotAnImage if body == b"no picture" else BrokenImage)


@pytest.mark.parametrize("length", [0, 1, 4096, 3_000_000, 40_000_000])
def test_a_source_of_any_size_arrives_whole(make: Make, length: int) -> None:
    body = random.Random(length).randbytes(length)
    pool = make()
    for _ in range(3):
        assert told(pool, b"echo " + body) == body


def test_errors_come_out_as_they_went_in(make: Make) -> None:
    pool = make()
    with pytest.raises(BadRecipe) as refused:
        told(pool, b"raise")
    assert (refused.value.segment, refused.value.reason) == ("page:9", "there is none")
    with pytest.raises(ChildFault, match="ZeroDivisionError"):
        told(pool, b"divide")
    with pytest.raises(ChildFault, match="SourceMissing"):
        told(pool, b"raise-foreign")
    assert told(pool, b"echo on") == b"on"


@pytest.mark.parametrize(
    ("deed", "verdict", "says"),
    [
        (b"crash", BrokenImage, "SIGSEGV"),
        (b"abort", BrokenImage, "SIGABRT"),
        (b"exit", BrokenImage, "exit status 3"),
        (b"babble", BrokenImage, "never should"),
        (b"withdraw", BrokenImage, "never should"),
        (b"spin", TooCostly, "longer"),
        (b"linger", BrokenImage, "hung up"),
    ],
)
def test_what_ends_a_child_costs_one_picture(make: Make, deed: bytes, verdict: type[OriginError], says: str) -> None:
    pool = make(Upkeep(1, deadline_s=1 if deed == b"spin" else 60))
    (pid,) = pool.pids
    ended, behind = ask(pool, deed), [ask(pool, f"echo {number}".encode()) for number in range(5)]
    gevent.joinall([ended, *behind], timeout=30)
    assert isinstance(ended.exception, verdict)
    assert says in ended.exception.detail
    assert [greenlet.value.body for greenlet in behind] == [b"0", b"1", b"2", b"3", b"4"]
    assert not Path(f"/proc/{pid}").exists()
    assert pid not in pool.pids


def test_what_nobody_asked_for_is_not_taken_into_memory(make: Make) -> None:
    pool = make()
    before, (pid,) = resident_bytes(os.getpid()), pool.pids
    assert told(pool, b"flood") == b"soon"
    until(lambda: pid not in pool.pids)
    assert resident_bytes(os.getpid()) - before < 64_000_000
    assert told(pool, b"echo on") == b"on"


def test_a_child_that_is_given_no_processor_is_not_the_picture_s_fault(make: Make) -> None:
    pool = make(Upkeep(1, deadline_s=1))
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Interrupted):
        told(pool, b"echo on")
    assert told(pool, b"echo on") == b"on"


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_killed_child_costs_one_picture_and_others_do_not_notice(make: Make) -> None:
    pool = make(Upkeep(2))
    until(lambda: len(pool.pids) == 2)
    first, second = ask(pool, b"sleep 0.7"), ask(pool, b"sleep 0.7")
    others = [ask(pool, f"echo {number}".encode()) for number in range(20)]
    gevent.sleep(0.2)
    os.kill(pool.pids[0], signal.SIGKILL)
    gevent.joinall([first, second, *others], timeout=30)
    assert [type(greenlet.exception) for greenlet in (first, second)].count(Interrupted) == 1
    assert all(greenlet.value.body == str(number).encode() for number, greenlet in enumerate(others))
    until(lambda: len(pool.pids) == 2)


def test_a_child_killed_while_idle_costs_nothing(make: Make) -> None:
    pool = make()
    before = pool.pids
    os.kill(before[0], signal.SIGKILL)
    until(lambda: pool.pids not in ((), before))
    assert told(pool, b"echo on") == b"on"


def test_pictures_are_made_in_the_order_they_came(make: Make) -> None:
    pool = make()
    done: list[int] = []

    def note(number: int) -> None:
        told(pool, b"sleep 0.01")
        done.append(number)

    gevent.joinall([gevent.spawn(note, number) for number in range(20)], timeout=30, raise_error=True)
    assert done == list(range(20))


def test_nobody_waits_behind_a_slow_picture_while_another_child_has_time(make: Make) -> None:
    pool = make(Upkeep(2, deadline_s=60))
    until(lambda: len(pool.pids) == 2)
    slow = ask(pool, b"sleep 25")
    quick = [ask(pool, b"sleep 0.01") for _ in range(30)]
    gevent.joinall(quick, timeout=20, raise_error=True)
    assert all(greenlet.successful() for greenlet in quick)
    assert not slow.ready()


def test_as_many_wait_as_may_and_each_place_is_given_back(make: Make) -> None:
    pool = make(queue_limit=2)
    waiting = [ask(pool, b"sleep 0.3") for _ in range(3)]
    gevent.sleep(0)
    with pytest.raises(Overloaded, match="3 pictures"):
        pool.check_room()
    gevent.joinall(waiting, timeout=10, raise_error=True)
    pool.check_room()


def test_waiting_sources_take_so_much_memory_and_no_more(make: Make) -> None:
    pool = make(bounds=Bounds(300, 60, source_bytes=10_000_000))
    slow = ask(pool, b"sleep 0.5")
    waiting = [ask(pool, b"echo " + bytes([number]) * 4_000_000) for number in range(5)]
    gevent.joinall([slow, *waiting], timeout=20)
    assert [type(greenlet.exception) for greenlet in waiting] == [type(None)] * 2 + [Overloaded] * 3
    # Alone a source may take more, and variants of one source share it.
    body = b"echo " + bytes(12_000_000)
    assert told(pool, body) == body[5:]
    pool = make(bounds=Bounds(300, 60, source_bytes=10_000_000))
    body = b"echo " + bytes(6_000_000)
    gevent.joinall([ask(pool, body) for _ in range(5)], timeout=20, raise_error=True)


def test_whoever_would_wait_too_long_is_told_so_at_once(make: Make) -> None:
    pool = make(queue_timeout_s=1)
    assert told(pool, b"take 0.4") == b"took 0.4"
    asked = [ask(pool, b"take 0.4") for _ in range(8)]
    gevent.sleep(0.1)
    refused = [greenlet for greenlet in asked if greenlet.ready()]
    assert len(refused) == 6
    assert {type(greenlet.exception) for greenlet in refused} == {Overloaded}
    gevent.joinall(asked, timeout=20)
    assert sum(greenlet.successful() for greenlet in asked) == 2


@pytest.mark.parametrize(("name", "width_px", "least", "most"), [("avif", 1000, 5, 60), ("jpg", 100, 300, 301)])
def test_dear_pictures_take_up_more_of_the_wait_than_cheap_ones(
    make: Make, name: str, width_px: int, least: int, most: int
) -> None:
    pool = make(queue_timeout_s=20)
    job = Job(Recipe(resize=Resize(width_px=width_px), format=OutputFormat(name)), JOB.limits)
    body = b"sleep 30" + b" " * 1_000_000
    asked = [gevent.spawn(pool.transform, body, job) for _ in range(350)]
    gevent.sleep(0)
    until(lambda: sum(greenlet.ready() for greenlet in asked) > 0)
    let_in = sum(not greenlet.ready() for greenlet in asked)
    assert least <= let_in <= most
    assert all(type(greenlet.exception) is Overloaded for greenlet in asked if greenlet.ready())
    gevent.killall(asked)
    os.kill(pool.pids[0], signal.SIGKILL)
    until(lambda: not pool.trouble())  # whatever became of them, their places are free


def test_whoever_waits_too_long_to_be_begun_is_told_so(make: Make) -> None:
    pool = make(queue_timeout_s=0.3)
    slow = ask(pool, b"sleep 4")
    late = [ask(pool, b"echo late") for _ in range(3)]
    gevent.joinall(late, timeout=10)
    assert [type(greenlet.exception) for greenlet in late] == [Overloaded] * 3
    assert not slow.ready()
    assert slow.get(timeout=10).body == b"slept 4"
    assert told(pool, b"echo on") == b"on"


def test_a_place_is_taken_until_the_child_is_done_and_not_until_nobody_waits(make: Make) -> None:
    pool = make(queue_limit=0)
    gone = ask(pool, b"sleep 2")
    gevent.sleep(0.1)
    gone.kill()
    with pytest.raises(Overloaded):
        pool.check_room()
    until(lambda: not _full(pool))
    assert told(pool, b"echo on") == b"on"


def _full(pool: ChildPool) -> bool:
    try:
        pool.check_room()
    except Overloaded:
        return True
    return False


def test_a_picture_that_nobody_waits_for_any_more_is_not_begun(make: Make) -> None:
    pool = make(queue_limit=4)
    first = ask(pool, b"sleep 2")
    gevent.sleep(0.1)
    others = [ask(pool, b"sleep 50") for _ in range(4)]
    gevent.sleep(0.1)
    gevent.killall(others)
    assert first.get(timeout=20).body == b"slept 2"
    started_s = time.monotonic()
    assert told(pool, b"echo on") == b"on"
    assert time.monotonic() - started_s < 30


def test_a_memory_bomb_meets_its_limit(make: Make) -> None:
    pool = make(Upkeep(1, memory_bytes=GIB))
    with pytest.raises(TooCostly, match="memory"):
        told(pool, b"eat")
    assert told(pool, b"echo on") == b"on"


def test_a_picture_that_needs_more_memory_than_there_is_costs_itself(make: Make) -> None:
    pool = make(Upkeep(1, memory_bytes=600_000_000), program="origin.imaging.child")
    large = pictures.encoded(pictures.quarters(64, 64).resize(100, kernel="nearest"), compression=1)
    # Encoding forty megapixels of AVIF takes a gigabyte.
    with pytest.raises((TooCostly, BrokenImage)):
        pool.transform(large, Job(Recipe(format=OutputFormat.AVIF), JOB.limits))
    assert pool.transform(pictures.png(), JOB).media_type == "image/png"


def test_children_are_replaced_after_their_work_and_nothing_is_lost(make: Make) -> None:
    pool = make(Upkeep(2, retire_pictures=10))
    seen: set[int] = set()

    def ask_some() -> bool:
        made = [ask(pool, b"tell") for _ in range(20)]
        gevent.joinall(made, timeout=30, raise_error=True)
        seen.update(json.loads(greenlet.value.body)["pid"] for greenlet in made)
        return len(seen) > 6

    until(ask_some)
    until(lambda: len(pool.pids) == 2)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in seen - set(pool.pids)))


def test_a_child_that_has_grown_is_replaced_without_a_pause(make: Make) -> None:
    pool = make(Upkeep(1, retire_bytes=100_000_000))
    before = pool.pids
    assert told(pool, b"keep 120") == b"120"
    assert told(pool, b"echo still here") == b"still here"
    until(lambda: pool.pids not in ((), before))
    assert told(pool, b"echo on") == b"on"


def test_a_child_that_is_busy_after_its_answer_is_replaced(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(LOGGER, "warning", lambda message, *rest: warnings.append(message % rest))
    pool = make()
    before = pool.pids
    assert told(pool, b"spin-on") == b"done"
    until(lambda: pool.pids not in ((), before))
    assert warnings == [f"pixel child {before[0]} ended after 1 pictures: it was busy with nothing to do"]
    assert told(pool, b"echo on") == b"on"


def test_a_child_that_has_nothing_to_do_is_looked_at_and_left_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look = Child._look

    def noted(child: Child, worked_s: float) -> None:
        looks.append(child.pid)
        look(child, worked_s)

    monkeypatch.setattr(Child, "_look", noted)
    monkeypatch.setattr("origin.imaging.keeper._LOOK_S", 0.5)
    pool = make(program="origin.imaging.child")
    before = pool.pids
    assert pool.transform(pictures.png(), JOB).media_type == "image/png"
    until(lambda: len(looks) >= 3)
    assert pool.pids == before


def test_two_hundred_pictures_and_children_killed_all_the_while(make: Make) -> None:
    pool = make(Upkeep(2))
    chance = random.Random(5)
    made = [ask(pool, f"echo {number} {'x' * chance.randrange(100_000)}".encode()) for number in range(150)]
    made += [ask(pool, f"sleep 0.0{number % 5}".encode()) for number in range(50)]
    killed: list[int] = []
    while not all(greenlet.ready() for greenlet in made) and len(killed) < 10:
        gevent.sleep(0.1)
        if pool.pids:
            killed.append(chance.choice(pool.pids))
            os.kill(killed[-1], signal.SIGKILL)
    gevent.joinall(made, timeout=60)
    lost = [greenlet for greenlet in made if not greenlet.successful()]
    assert all(isinstance(greenlet.exception, Interrupted) for greenlet in lost)
    assert len(lost) <= len(killed)
    for number, greenlet in enumerate(made[:150]):
        assert not greenlet.successful() or greenlet.value.body.startswith(f"{number} ".encode())
    # A picture handed to a child in the moment of its death is one inside it.
    until(lambda: pool.pids and not set(killed) & set(pool.pids))
    assert told(pool, b"echo on") == b"on"


def test_descriptors_do_not_leak(make: Make) -> None:
    pool = make(Upkeep(2, retire_pictures=20))
    until(lambda: len(pool.pids) == 2)
    before = descriptors()
    for number in range(200):
        body = b"exit" if number % 20 == 19 else b"echo " + b"x" * 5000
        made = ask(pool, body)
        made.join()
    until(lambda: len(pool.pids) == 2 and descriptors() <= before)


def test_a_child_that_never_gets_ready_is_not_started_a_thousand_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("origin.imaging.children._READY_S", 1.0)
    started: list[str] = []

    def fail(program: str, terms: Terms) -> list[str]:
        started.append(program)
        return ["/bin/false"]

    monkeypatch.setattr("origin.imaging.keeper._command", fail)
    with pytest.raises(ChildFault, match="ready"):
        ChildPool(Upkeep(2), Bounds(1, 1))
    assert 2 <= len(started) <= 12


def test_it_is_in_trouble_when_it_is_full_or_no_child_gets_ready_and_not_when_one_is_replaced(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make(queue_limit=0)
    assert pool.trouble() == ""
    slow = ask(pool, b"sleep 0.2")
    gevent.sleep(0)
    assert "waiting" in pool.trouble()
    slow.join()
    os.kill(pool.pids[0], signal.SIGKILL)
    until(lambda: not pool.pids)
    assert pool.trouble() == ""
    until(lambda: pool.pids)
    monkeypatch.setattr("origin.imaging.keeper._command", lambda *_: ["/bin/false"])
    os.kill(pool.pids[0], signal.SIGKILL)
    until(lambda: pool.trouble() == "no pixel child gets ready")
    monkeypatch.undo()
    until(lambda: pool.trouble() == "")
    assert told(pool, b"echo on") == b"on"


def test_children_have_walls_around_them(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDBEAT_KEYS", "secret")
    pool = make(Upkeep(1, memory_bytes=GIB))
    facts = json.loads(told(pool, b"tell"))
    assert set(facts["environ"]) <= {
        "PYTHONPATH", "MALLOC_ARENA_MAX", "VIPS_DISC_THRESHOLD", "LC_CTYPE", "LD_LIBRARY_PATH", "LD_PRELOAD",
    }  # fmt: skip
    proc = Path(f"/proc/{facts['pid']}")
    assert b"secret" not in (proc / "environ").read_bytes()
    assert facts["limits"] == {"RLIMIT_AS": [GIB, GIB], "RLIMIT_CORE": [0, 0], "RLIMIT_FSIZE": [0, 0]}
    assert int((proc / "stat").read_text().rpartition(")")[2].split()[16]) == max(
        10, os.getpriority(os.PRIO_PROCESS, 0)
    )
    assert sorted(int(entry.name) for entry in (proc / "fd").iterdir()) == [0, 1, 2, 3, 4]
    assert (proc / "cwd").readlink() == Path("/")
    assert (proc / "fd" / "1").readlink() == (proc / "fd" / "2").readlink() == Path(os.devnull)
    for status in proc.glob("task/*/status"):
        lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        assert (lines["NoNewPrivs"], lines["Seccomp"]) == ("1", "2")


def test_a_decoder_that_was_taken_over_gets_nowhere(make: Make) -> None:
    assert json.loads(told(make(), b"escape")) == []


def test_children_end_with_their_parent_however_it_ends() -> None:
    script = (
        "from origin.imaging.admission import Bounds\n"
        "from origin.imaging.children import ChildPool, Upkeep\nimport gevent\n"
        f"pool = ChildPool(Upkeep(2), Bounds(1, 1), {PROGRAM!r})\n"
        "while len(pool.pids) < 2: gevent.sleep(0.01)\nprint(*pool.pids, flush=True)\ngevent.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = parent.stdout.readline().split()
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_kernel_without_walls_is_told_of_and_worked_on(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    script = (
        "from origin.imaging import landlock, seccomp\nfrom origin.imaging.child import main\n"
        "from tests.origin.imaging.misbehaving import load\n"
        "landlock.restrict = lambda _: False\nseccomp.install = lambda: False\nmain(load)\n"
    )

    def bare(program: str, terms: Terms) -> list[str]:
        return [sys.executable, "-P", "-c", script, terms.as_argument()]

    monkeypatch.setattr("origin.imaging.keeper._command", bare)
    warnings: list[str] = []
    monkeypatch.setattr(LOGGER, "warning", lambda message, *rest: warnings.append(message % rest))
    pool = make()
    assert warnings == ["pixel children work without landlock, seccomp: this kernel forbids it"]
    assert told(pool, b"echo on") == b"on"
    # What the walls are good for: without them a decoder that was taken over gets far.
    ways = b"open a socket,limit the parent,read a secret,read the parent's environment,share memory"
    assert ",".join(json.loads(told(pool, b"escape " + ways))).encode() == ways


def test_what_nobody_wants_any_more_is_not_begun_and_takes_up_no_room(make: Make) -> None:
    pool = make(queue_limit=3)
    slow = ask(pool, b"sleep 1")
    gevent.sleep(0.1)  # by now nothing is handed out behind it
    wanted = [True] * 3
    waiting = [gevent.spawn(pool.transform, b"sleep 0", JOB, partial(wanted.__getitem__, at)) for at in range(3)]
    gevent.sleep(0)
    with pytest.raises(Overloaded):
        pool.check_room()
    wanted[:2] = [False, False]
    pool.check_room()
    wanted[2] = False
    for one in waiting:
        with pytest.raises(Forsaken):
            one.get(timeout=20)
    assert slow.get(timeout=20).body == b"slept 1"
    assert told(pool, b"sleep 0") == b"slept 0"
