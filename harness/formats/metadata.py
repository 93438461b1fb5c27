"""What is known of a document besides its text and its layers: strings by key."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date, time
from typing import Any

from harness.formats.items import half_character
from harness.formats.losses import Losses

__all__ = ["metadata_of"]


def metadata_of(
    given: Mapping[str, Any], losses: Losses, besides: Collection[str] = ()
) -> Mapping[str, str]:
    """Every key but those `besides`, with its value as a string: numbers, true and false as JSON
    spells them, the dates and times of TOML as ISO 8601 does; a key without a value (null) is left
    out. A value that is a list or an object (in TOML a table) is left out too, and counted.

    Raises `ValueError` for half a character.
    """
    out: dict[str, str] = {}
    for key, value in given.items():
        if key in besides or value is None:
            continue
        if isinstance(value, date | time):
            value = value.isoformat()
        if not isinstance(value, str | int | float):
            losses["values of metadata that are lists or objects: left out"] += 1
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        for said in (key, text):
            if problem := half_character(said):
                raise ValueError(f"{key} {problem}")
        out[key] = text
    return out
