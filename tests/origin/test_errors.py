import pickle

import pytest

from origin import errors
from origin.answers import problem
from origin.errors import BadRecipe, Internal, OriginError, Overloaded, SourceUnavailable, Unauthorized

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OriginError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_says_its_status_and_survives_a_process_boundary(kind: type[OriginError]) -> None:
    error = kind("w:x", "why") if kind is BadRecipe else kind("why")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (type(copy), copy.detail) == (kind, error.detail)
    assert kind.status in (400, 401, 403, 404, 405, 408, 410, 413, 415, 422, 429, 499, 500, 502, 503, 504)


def test_every_kind_has_a_slug_of_its_own() -> None:
    slugs = [kind.slug for kind in FAMILY if "slug" in vars(kind)]
    assert len(slugs) == len(set(slugs))


def test_only_failures_a_cache_may_keep_are_kept_and_never_for_long() -> None:
    for kind in FAMILY:
        assert 0 <= kind.cache_s <= 60
        if kind.status in (400, 401, 403, 408, 429, 500, 502, 503, 504):
            assert kind.cache_s == 0


def test_problem_details_name_the_segment() -> None:
    answer = problem(BadRecipe("w:x", "no number"), "id-1", (("Vary", "Accept"),))
    assert b'"segment": "w:x"' in answer.body
    assert ("Content-Type", "application/problem+json") in answer.headers
    assert ("Vary", "Accept") in answer.headers


def test_our_own_faults_stay_in_the_log() -> None:
    answer = problem(Internal("connection string of the database"), "id-1")
    assert b"database" not in answer.body
    assert answer.details["problem"] == "connection string of the database"


def test_load_and_tokens_say_what_to_do() -> None:
    assert ("Retry-After", "1") in problem(Overloaded("x"), "id").headers
    assert ("Retry-After", "7") in problem(SourceUnavailable("x", 7), "id").headers
    assert ("WWW-Authenticate", "Bearer") in problem(Unauthorized("x"), "id").headers


def test_nobody_gets_back_a_hundred_kilobytes() -> None:
    answer = problem(BadRecipe("w:" + "9" * 100_000, "9" * 100_000), "id-1")
    assert len(answer.body) < 2000
    assert len(answer.details["problem"]) < 1000
