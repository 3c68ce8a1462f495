from hypothesis import given

from origin.imaging.job import Job, packed, unpacked
from origin.imaging.limits import Limits
from origin.recipe import Recipe
from tests.recipes import recipes

LIMITS = Limits(100, 100)


@given(recipes)
def test_any_job_arrives_as_it_was_sent(recipe: Recipe) -> None:
    job = Job(recipe, LIMITS)
    assert unpacked(packed(job)) == job


def test_a_job_with_a_large_watermark_arrives_and_is_not_remembered() -> None:
    job = Job(Recipe(), LIMITS, watermark=bytes(100_000))
    data = packed(job)
    assert unpacked(data) == job
    assert packed(job) is not data
    assert unpacked(data) is not unpacked(data)


def test_what_was_packed_lately_is_not_packed_again() -> None:
    data = packed(Job(Recipe(dpr=3.0), LIMITS))
    assert packed(Job(Recipe(dpr=3.0), LIMITS)) is data
    assert packed(Job(Recipe(dpr=2.0), LIMITS)) != data
