"""URLs built by other people's clients of the same language are served unchanged."""

from pathlib import Path

import imgproxy
import pytest

from tests.pictures import decoded, jpeg
from tests.service.conftest import KEY, SALT, Service


@pytest.fixture(scope="module", autouse=True)
def sources(pictures: Path) -> None:
    (pictures / "client.jpg").write_bytes(jpeg(400, 300))


@pytest.mark.parametrize(
    ("client", "size", "media_type"),
    [
        (imgproxy.ImgProxy("local:///client.jpg", key=KEY, salt=SALT, width=200), (200, 150), "image/jpeg"),
        (
            imgproxy.ImgProxy("local:///client.jpg", key=KEY, salt=SALT, width=90, height=80, extension="png"),
            (90, 80),
            "image/png",
        ),
        (
            imgproxy.ImgProxy(
                "local:///client.jpg", key=KEY, salt=SALT, width=800, resizing_type="fit", enlarge=True, gravity="nowe"
            ),
            (800, 600),
            "image/jpeg",
        ),
        (
            imgproxy.ImgProxy(
                "local:///client.jpg", key=KEY, salt=SALT, width=50, height=50, gravity="sm", advanced=["q:50", "dpr:2"]
            ),
            (100, 100),
            "image/jpeg",
        ),
    ],
)
def test_the_python_client(service: Service, client: imgproxy.ImgProxy, size: tuple[int, int], media_type: str) -> None:
    reply = service.ask("GET", str(client))
    assert (reply.status, reply.headers["content-type"]) == (200, media_type), reply.body
    image = decoded(reply.body)
    assert (image.width, image.height) == size


# Made by @imgproxy/imgproxy-node 1.1.0 with the key and salt of the test service.
NODE_URLS = [
    ("gTLlYpzWFn3odd9-caZdEGWG1DUSDAI_ojW0HfDM38o/g:no/h:80/rt:fill/w:120/bG9jYWw6Ly8vY2xpZW50LmpwZw", (120, 80)),
    ("p3DswdcPMzhcOdIn1-HAdafXAvPnIzu3d_5L1ovEWYo/f:webp/q:70/w:200/plain/local:///client.jpg", (200, 150)),
    (
        "zFXBqxA1_qrrXOTpKGYVUdbx0jf0uFj4pHGHBXbjuwI/ar:t/bg:ff0000/cb:v1/dpr:2/exp:4102444800/fn:x/rs:fit:90:90:t"
        "/att:t/bG9jYWw6Ly8vY2xpZW50LmpwZw",
        (180, 135),
    ),
]


@pytest.mark.parametrize(("path", "size"), NODE_URLS)
def test_the_javascript_client(service: Service, path: str, size: tuple[int, int]) -> None:
    reply = service.ask("GET", f"/{path}")
    assert reply.status == 200, reply.body
    image = decoded(reply.body)
    assert (image.width, image.height) == size
