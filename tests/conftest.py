"""How the tests explore: the same examples every time, unless somebody goes looking for new ones."""

import os

from hypothesis import settings

# A test that fails today must have failed yesterday; `HYPOTHESIS_PROFILE=explore make test` looks further.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
