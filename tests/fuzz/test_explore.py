"""The targets of fuzzing, explored by coverage for some seconds, wherever there are wheels of atheris."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

_SECONDS = 4
"""For each; more by hand."""


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is for Linux on x86-64")
@pytest.mark.parametrize("name", TARGETS)
def test_target_holds_for_whatever_is_found(name: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={_SECONDS}", f"-artifact_prefix={tmp_path}/", "-rss_limit_mb=2048"]
    command = [sys.executable, "-m", "tests.fuzz.explore", name, *limits, str(corpus)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-4000:]
