"""What SECURITY.md says is tested, is tested somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = sorted(set(re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py|tests/[\w/]+/)`", (ROOT / "SECURITY.md").read_text())))


def test_every_test_that_the_promise_names_is_there() -> None:
    assert len(NAMED) > 30
    for name in NAMED:
        found = (ROOT / name).exists() if "/" in name else any((ROOT / "tests").rglob(name))
        assert found, name
