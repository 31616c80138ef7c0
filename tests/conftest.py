"""Fixtures for all tests: the ones that drive real programs live in tests/e2e."""

pytest_plugins = ("stack.fixtures", "apps.fixtures")
