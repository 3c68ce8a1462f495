"""What sources are asked by the whole program, as its settings say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pictures import decoded, jpeg
from tests.service.conftest import Service
from tests.webserver import SourceServer

WRITTEN = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Service]:
    """A service that uses nothing again without asking."""
    environ = {"BLENDBEAT_LOCAL_ROOT": str(pictures), "BLENDBEAT_SOURCE_FRESH_S": "0"}
    running = Service(tmp_path_factory.mktemp("asking") / "log", environ)
    yield running
    assert running.stop() == 0, running.log.read_text()


def test_another_width_of_an_unchanged_picture_costs_a_304(asking: Service) -> None:
    with SourceServer({"/photo.jpg": jpeg(64, 48)}) as source:
        source.etags["/photo.jpg"], source.modified["/photo.jpg"] = 'W/"1"', WRITTEN
        replies = [asking.get(source.url("/photo.jpg"), f"w:{width}") for width in (20, 30, 40)]
        assert {reply.status for reply in replies} == {200}
        assert [seen.headers.get("if-none-match") for seen in source.seen] == [None, 'W/"1"', 'W/"1"']
        assert source.connections == 1


def test_another_width_of_a_changed_picture_is_made_of_the_new_one(asking: Service) -> None:
    with SourceServer() as source:
        for tag, height_px in (('"1"', 48), ('"2"', 64)):
            source.bodies["/photo.jpg"], source.etags["/photo.jpg"] = jpeg(64, height_px), tag
            reply = asking.get(source.url("/photo.jpg"), "w:64", f"cb:{height_px}")
            assert decoded(reply.body).height == height_px


def test_changed_file_is_seen_by_the_next_variant(service: Service, pictures: Path) -> None:
    for height_px in (48, 64):
        (pictures / "rewritten.jpg").write_bytes(jpeg(64, height_px))
        reply = service.get("local:///rewritten.jpg", "w:64", f"cb:{height_px}")
        assert decoded(reply.body).height == height_px
