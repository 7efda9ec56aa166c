"""What all tests share: the Hypothesis profiles.

Both profiles are deterministic, so a run that fails here fails everywhere. `ci` is the default (see `addopts` in
pyproject.toml), `sweep` looks further and is used by `make test-all`. What a random search has found goes into the
test as an `@example`.
"""

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("sweep", derandomize=True, deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("ci")
