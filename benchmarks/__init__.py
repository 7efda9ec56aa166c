"""Benchmarks: each measures its work against a reference in the same run, and the table says what was reached."""
