import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from origin.footing import missing

DESCRIPTORS = Path("/proc/self/fd")


def refuse(name: str) -> int:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name)


def test_a_machine_that_has_all_lacks_nothing() -> None:
    before = len(list(DESCRIPTORS.iterdir()))
    assert missing(1024, children=8) == []
    assert len(list(DESCRIPTORS.iterdir())) == before


@pytest.mark.parametrize(
    ("files", "children", "lacks"), [(255, 0, True), (256, 0, False), (256, 2, True), (264, 2, False)]
)
def test_each_child_needs_files(files: int, children: int, lacks: bool) -> None:
    assert bool(missing(files, children)) is lacks


@pytest.mark.parametrize("create", [refuse, None])
def test_without_anonymous_files_there_are_no_children_but_threads(create: Callable[[str], int] | None) -> None:
    (problem,) = missing(1024, children=1, create_memory=create)
    assert "memfd_create" in problem
    assert "BLENDBEAT_PIXEL_ISOLATION=thread" in problem
    assert missing(1024, children=0, create_memory=create) == []
