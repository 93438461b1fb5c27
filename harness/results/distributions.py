"""Stands in until nobody imports it from here: see `harness.distributions`."""

from harness.distributions import requirement_name, versions

__all__ = ["requirement_name", "versions"]
