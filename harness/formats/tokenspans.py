"""Entities as ranges of tokens, the last one included: `[[0, 1, "PER"]]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.annotation import Span
from harness.coding import short
from harness.formats.items import Where
from harness.formats.losses import Losses

__all__ = ["items_of_tokens", "strings_of"]


def strings_of(value: object, place: str, where: Where) -> list[str]:
    """A list of tokens. Raises `InputError` for anything else, and for half a character."""
    if not isinstance(value, list):
        raise where.error(f"{place} is {short(value)}, expected a list of tokens")
    for index, token in enumerate(value):
        if not isinstance(token, str):
            raise where.error(f"{place}[{index}] is {short(token)}, expected a string")
    return value


def items_of_tokens(
    given: object,
    tokens: Sequence[Span],
    place: str,
    where: Where,
    losses: Losses,
    within: tuple[int, int] | None = None,
) -> list[dict[str, Any]]:
    """Objects of `items.Decoder` from lists `[first, last, label]`, whose further members are kept
    under `more`; `within` are the tokens that they have to be among. What is none is a fault."""
    low, high = within or (0, len(tokens))
    if not isinstance(given, list):
        raise where.error(f"{place} is {short(given)}, expected a list of [first, last, label]")
    items = []
    for index, item in enumerate(given):
        at = f"{place}[{index}]"
        if not isinstance(item, list) or len(item) < 3:
            losses.fault(where.error(f"{at}: found {short(item)}, expected [first, last, label]"))
            continue
        first, last, label, *more = item
        if not (type(first) is type(last) is int and low <= first <= last < high):
            what = f"tokens {low} to {high - 1}" if high > low else "no token"
            losses.fault(
                where.error(
                    f"{at}: tokens {short(first)} to {short(last)}, but there are {what} here",
                    hint="both are counted from 0 in the document, and the last one belongs to it",
                )
            )
            continue
        span = {"start": tokens[first].start, "end": tokens[last].end, "label": label}
        items.append({**span, "more": more} if more else span)
    return items
