"""Benchmarks: how fast the hot paths are. `nox -s bench` runs them."""
