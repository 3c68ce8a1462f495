from collections.abc import Iterator

import pytest

from tests.webserver import SourceServer


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with SourceServer() as running:
        yield running
