import threading
import time

import pytest

from cachetiers.lease import Claim, Leases


class FakeLocks:
    """Locks in a dictionary, which live until they are forgotten."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.touched = 0
        self.reachable = True
        self.lock = threading.Lock()

    def add(self, key: str, blob: bytes, expire_s: float) -> bool | None:
        if not self.reachable:
            return None
        with self.lock:
            if key in self.kept:
                return False
            self.kept[key] = blob
            return True

    def touch(self, key: str, expire_s: float) -> bool:
        self.touched += key in self.kept
        return key in self.kept

    def delete(self, key: str) -> bool:
        self.kept.pop(key, None)
        return True

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def set(self, key: str, blob: bytes, expire_s: float) -> bool:
        self.kept[key] = blob
        return True


def test_one_of_two_processes_gets_the_lease_and_then_the_other() -> None:
    locks = FakeLocks()
    one, two = Leases(locks), Leases(locks)
    assert (one.claim("a"), two.claim("a")) == (Claim.OURS, Claim.THEIRS)
    one.release("a", failed=False)
    assert two.claim("a") is Claim.OURS


def test_where_nobody_can_be_asked_nothing_is_known() -> None:
    locks = FakeLocks()
    locks.reachable = False
    leases = Leases(locks)
    assert leases.claim("a") is Claim.NONE
    leases.release("a", failed=False)


def test_what_is_not_ours_is_not_given_back() -> None:
    locks = FakeLocks()
    one, two = Leases(locks), Leases(locks)
    one.claim("a")
    two.release("a", failed=False)
    assert two.claim("a") is Claim.THEIRS


def test_a_lease_that_ended_long_ago_may_be_another_s_by_now() -> None:
    locks = FakeLocks()
    now_s = [0.0]
    leases = Leases(locks, life_s=30, clock=lambda: now_s[0])
    leases.claim("a")
    now_s[0] = 31.0
    leases.release("a", failed=False)
    assert locks.kept


def test_a_held_lease_is_renewed_until_it_is_given_back() -> None:
    locks = FakeLocks()
    leases = Leases(locks, life_s=0.03)
    leases.claim("a")
    until_s = time.monotonic() + 10
    while locks.touched < 3 and time.monotonic() < until_s:
        time.sleep(0.005)
    assert locks.touched >= 3
    leases.release("a", failed=False)
    while leases._is_renewing and time.monotonic() < until_s:
        time.sleep(0.005)
    assert not leases._is_renewing


def test_after_its_holder_failed_nobody_waits_for_a_lease() -> None:
    locks = FakeLocks()
    one, two, three = Leases(locks), Leases(locks), Leases(locks)
    one.claim("a")
    one.release("a", failed=True)
    assert (two.claim("a"), three.claim("a")) == (Claim.FAILED, Claim.FAILED)


def test_a_server_that_says_no_to_everything_is_not_waited_for() -> None:
    locks = FakeLocks()
    locks.add = lambda key, blob, expire_s: False  # type: ignore[method-assign]
    assert Leases(locks).claim("a") is Claim.NONE


def test_a_thread_that_cannot_be_started_leaves_a_lease_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    locks = FakeLocks()
    leases = Leases(locks, life_s=0.03)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert leases.claim("a") is Claim.OURS
    leases.claim("b")
    until_s = time.monotonic() + 10
    while not locks.touched and time.monotonic() < until_s:
        time.sleep(0.005)
    assert locks.touched
    leases.release("a", failed=False)
    leases.release("b", failed=False)
