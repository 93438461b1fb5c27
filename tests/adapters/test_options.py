"""An option that a backend does not have is an error, whatever the backend."""

from __future__ import annotations

import pytest

from harness.adapter import LoadRequest
from harness.errors import BackendUnavailable, UsageError
from harness.registry import BackendSpec, adapter, default_backends


@pytest.mark.parametrize(
    "spec", [spec for spec in default_backends() if spec.adapter != "process"], ids=str
)
def test_an_unknown_option_is_refused_before_anything_is_loaded(spec: BackendSpec) -> None:
    found = adapter(spec.adapter)
    request = LoadRequest(
        spec.model, found.declaration.tasks[0], options={"no_such_option": 1}, offline=True
    )
    with pytest.raises((UsageError, BackendUnavailable), match=r"unknown option|not installed"):
        found.load(request)
