"""`harness backends`: a model that is not the adapter's own speaks for itself."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def test_what_is_declared_of_the_default_model(harness: Run) -> None:
    (row,) = json.loads(harness("backends", "gazetteer", "--json").out)
    assert (row["here"], row["available"], row["model_licence"]) == ("yes", True, "none")


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs transformers")
def test_another_model_has_no_licence_from_it(harness: Run) -> None:
    """It may be fetched, so it is not unavailable; but it is not here, and nobody knows of it."""
    done = harness("backends", "transformers/no-such-owner/no-such-model")
    assert done.status == 0
    assert "with --online" in done.out
    assert "MIT" not in done.out
