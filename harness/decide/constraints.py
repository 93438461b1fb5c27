"""What somebody wants of a backend, and whether a candidate can be told to fulfil it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from harness.coding import real_number
from harness.errors import SchemaError, UsageError
from harness.labels.schema import catalogue, load_schema
from harness.options import Flag
from harness.registry import BackendSpec
from harness.results.record import Costs
from harness.results.scored import Scored
from harness.run.sizes import parse_size

__all__ = ["Constraints", "Licence", "in_schema", "is_permissive", "obstacles", "parse_weights"]

Licence: TypeAlias = Literal["any", "open", "permissive"]

_PERMISSIVE = re.compile(
    r"(mit(-0)?|apache(-|\s)?(licen[cs]e)?(-|\s)?(v?2(\.0)?)?|(0|[23]-clause-)?bsd(-[0-9]-clause)?|isc|zlib"
    r"|unlicense|cc0(-1\.0)?|cc-by(-[1-4]\.0)?|psf(-2\.0)?|python-2\.0|public domain|none)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(a|l)?gpl(v|-)?[0-9.]*(-only|-or-later|\+)?|mpl-2\.0|epl-2\.0|cc-by-sa(-[1-4]\.0)?|odbl(-1\.0)?",
    re.IGNORECASE,
)

_score = Flag(metavar="X", least=0, most=1, noun="a score")
_seconds = Flag(metavar="S", least=0, noun="seconds")
_size = partial(Flag, metavar="SIZE", parse=parse_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Limits, and how precision and recall are weighed.

    Memory and disk are in bytes, seconds per 1,000 words of text (runs of non-white-space).
    """

    task: str
    parts: tuple[str, ...] = ()
    """What matters: one part, or entity types that are pooled; empty for the headline."""
    precision_weight: float | None = None
    recall_weight: float | None = None
    """Of F; without either it is the F of the run."""
    min_precision: Annotated[float | None, _score] = None
    min_recall: Annotated[float | None, _score] = None
    max_memory: Annotated[int | None, _size("peak memory, for example 1GB or 512MiB")] = None
    max_disk: Annotated[int | None, _size("size of the model's files")] = None
    max_seconds_per_1k_words: Annotated[float | None, _seconds] = None
    max_load_seconds: Annotated[float | None, _seconds] = None
    licence: Annotated[Licence, Flag("code and model")] = "any"
    offline: Annotated[bool, Flag("has to run without a network")] = False

    @property
    def weights(self) -> tuple[float, float] | None:
        """Those of precision and recall that somebody asked for."""
        sides = (self.precision_weight, self.recall_weight)
        if sides == (None, None):
            return None
        precision, recall = (1.0 if side is None else side for side in sides)
        return precision, recall

    @property
    def beta(self) -> float | None:
        """That of the F which these weights make; `None` where they make none, or nobody asked."""
        if self.weights is None or not all(self.weights):
            return None
        precision, recall = self.weights
        return math.sqrt(recall / precision)


def parse_weights(texts: list[str]) -> dict[str, float]:
    """`recall=2` as `{"recall": 2.0}`. Raises `UsageError`."""
    weights: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            weight = real_number(value)
        except ValueError:
            weight = -1.0
        if name not in ("precision", "recall") or not equals or not 0 <= weight < 1e6:
            raise UsageError(f"--weight {text}: expected recall=2 or precision=0.5")
        weights[name] = weight
    if weights and sum({"precision": 1.0, "recall": 1.0, **weights}.values()) == 0:
        raise UsageError("--weight: precision and recall cannot both weigh nothing")
    return weights


def in_schema(
    types: Sequence[str], own: str, target: str, folders: Sequence[str | Path] = ()
) -> dict[str, str]:
    """What each wished type is called in the schema that was counted in.

    That is the schema's own spelling, else where the projection from `own`, the gold's schema,
    puts the type; a type that neither knows stays as it is. Raises `UsageError` for a type without
    counterpart there.
    """
    try:
        start, counted = (load_schema(name.partition("@")[0], folders) for name in (own, target))
    except SchemaError:
        return {name: name for name in types}  # Labels that no schema knows.
    projection = catalogue(folders).reachable(start).get(counted.name)
    names = {}
    for name in types:
        label = counted.canonical(name)
        if label is None and projection is not None:
            label = projection.apply(name)
        if label == "":
            raise UsageError(
                f"--types {name}: {counted} has no counterpart of it, and that is what the "
                f"backends were counted in; it has: {', '.join(counted.labels)}"
            )
        names[name] = name if label is None else label
    return names


def is_permissive(text: str) -> bool | None:
    """Whether a licence asks for no more than attribution; `None` where it is not stated."""
    return _all_match(text, _PERMISSIVE)


def obstacles(scored: Scored, constraints: Constraints, *, ran_offline: bool) -> Iterator[str]:
    """Every reason why the backend does not qualify, apart from its scores.

    What is not known counts as not fulfilled: a limit is there to be kept.
    """
    result = scored.result
    costs = result.costs if result else Costs()
    for limit, value, name, unit in (
        (constraints.max_memory, costs.peak_memory_bytes, "peak memory", "bytes"),
        (constraints.max_disk, _model_bytes(scored), "model size", "bytes"),
        (constraints.max_load_seconds, costs.load_seconds, "load time", "s"),
        (
            constraints.max_seconds_per_1k_words,
            seconds_per_1k_words(costs),
            "time per 1,000 words",
            "s",
        ),
    ):
        if limit is None:
            continue
        if value is None:
            yield f"{name} was not measured"
        elif value > limit:
            yield f"{name} {_amount(value, unit)}, allowed {_amount(limit, unit)}"
    yield from _licence_obstacles(scored, constraints.licence)
    if constraints.offline and not (ran_offline or _needs_no_download(scored)):
        yield "did not run offline"


def _model_bytes(scored: Scored) -> int | None:
    """The size of the model's files; 0 is known only of what takes none."""
    result = scored.result
    if result is None:
        return None
    takes_none = result.declaration is not None and not result.declaration.takes_model
    return result.costs.model_bytes if result.costs.model_bytes or takes_none else None


def seconds_per_1k_words(costs: Costs) -> float | None:
    """Prediction time per 1,000 words; `None` where nothing was timed."""
    return 1000 / costs.words_per_second if costs.words_per_second else None


def licences(scored: Scored) -> tuple[str, str]:
    """Licence of the code and of the model, empty where not stated.

    What an adapter declares is the licence of its default models; it says nothing of others.
    """
    result = scored.result
    declared = result.declaration if result else None
    if result is None or declared is None:
        return "", ""
    model = result.model.licence if result.model and result.model.licence else ""
    if not model and not declared.takes_model:
        model = declared.model_licence or "none"
    elif not model and BackendSpec.parse(result.asked).model in declared.default_models:
        model = declared.model_licence
    return declared.code_licence, model


def _licence_obstacles(scored: Scored, wanted: Licence) -> Iterator[str]:
    if wanted == "any":
        return
    for what, text in zip(("code", "model"), licences(scored), strict=True):
        permissive = is_permissive(text)
        if permissive is None:
            yield f"the licence of its {what} is not stated"
        elif not permissive and not (wanted == "open" and _all_match(text, _PERMISSIVE, _OPEN)):
            yield f"the licence of its {what} is {text}"


def _all_match(text: str, *patterns: re.Pattern[str]) -> bool | None:
    """Of `A AND B` all parts have to match, of `A OR B` one; brackets give the reason."""
    plain = re.sub(r"\(.*?\)", "", text).strip()
    if not plain or plain.lower() in ("unknown", "?"):
        return None
    return all(
        any(
            any(pattern.fullmatch(choice.strip()) for pattern in patterns)
            for choice in re.split(r"\s+or\s+", part, flags=re.IGNORECASE)
        )
        for part in re.split(r"\s+and\s+|[,;/+]", plain, flags=re.IGNORECASE)
        if part.strip()
    )


def _needs_no_download(scored: Scored) -> bool:
    result = scored.result
    if result is None or result.declaration is None:
        return False
    on_disk = result.model is not None and result.model.size_bytes > 0
    return on_disk or not result.declaration.takes_model


def _amount(value: float, unit: str) -> str:
    if unit != "bytes":
        return f"{value:.3g} {unit}"
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:g} bytes"
