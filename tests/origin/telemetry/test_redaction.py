import pytest

from origin.rawpath import Target
from origin.telemetry.redaction import loggable


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/health", "", "/health"),
        ("/SECRET/w:1/plain/local:///a.jpg", "", "/-/w:1/plain/local:///a.jpg"),
        ("/SECRET/w:1/plain/local:///a.jpg@png", "utm=1", "/-/w:1/plain/local:///a.jpg@png?-"),
        ("/SECRET/plain/https://x/a%3FX-Amz-Signature=SECRET@png", "", "/-/plain/https://x/a%3F-@png"),
        ("/SECRET/plain/https://me:SECRET%40x/a", "", "/-/plain/https://-@x/a"),
        ("/SECRET/plain/https%3A%2F%2Fme%3ASECRET%40x%2Fa", "", "/-/plain/https%3A%2F%2F-@x%2Fa"),
        ("/SECRET/w:1/U0VDUkVUU0VDUkVU", "", "/-/w:1/-"),
        ("/SECRET/w:1/U0VD/UkVU.png", "", "/-/w:1/-"),
        (
            "/resize",
            "url=https%3A%2F%2Fx%2Fa%3Ftoken%3DSECRET&width=3&sig=SECRET",
            "/resize?url=https%3A%2F%2Fx%2Fa%3F-&width=3&-",
        ),
        ("/resize", "sig=SECRET&url=https://me:SECRET%40x/a", "/resize?-&url=https://-@x/a"),
        ("/SECRET/x", "sig=SECRET", "/-/-?-"),
        ("/SECRETSECRETSECRET", "", "/-"),
        ("/SECRET/wmu:U0VDUkVU/fiu:U0VDUkVU/plain/local:///a.jpg", "", "/-/wmu:-/fiu:-/plain/local:///a.jpg"),
        ("/resize", "SIG=SECRET&SECRET&width=3", "/resize?-&-&width=3"),
        ("/info/SECRETSECRETSECRET", "", "/info/-"),
    ],
)
def test_no_secret_is_told(path: str, query: str, told: str) -> None:
    assert loggable(Target(path, query)) == told


def test_a_path_of_slashes_takes_no_time_to_speak_of() -> None:
    assert loggable(Target("/x/plain/" + "%2F" * 200_000, ""))
