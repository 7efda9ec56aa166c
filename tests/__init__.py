"""The tests of dxa; a package, so that `python -m tests.sweep` finds this one and no other `tests`."""
