"""Perturbed gold sets: the documents of a gold set after a perturbation, a gold set like any other.

    seeds?perturb=typos&level=0.05&perturb-seed=1

Layers move along with the texts (`harness.perturb.edits`). Tasks, labels, schema and card are the
original's, so that both are asked, settled and counted alike; the digest is of its own records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.annotation import Record
from harness.coding import whole_number
from harness.errors import UsageError
from harness.formats.losses import Losses
from harness.formats.source import Source
from harness.gold.goldset import GoldSet, Perturbed
from harness.perturb.perturbation import EVERYWHERE, Level, Perturbation
from harness.perturb.registry import level_named, perturbation_named

__all__ = [
    "CHANGED",
    "GONE",
    "PERTURBING",
    "gone_from",
    "level_text",
    "original_name",
    "perturbed_as",
    "perturbed_goldset",
    "perturbing_options",
]

PERTURBING = ("perturb", "level", "perturb-seed")
"""Options of a gold set that make a perturbed one of it."""

_OF_ORIGINAL = ("agreement", "annotators", "sha256")
"""What a card says of the original's files alone."""

CHANGED = "documents whose text the perturbation changed"
GONE = "annotations of which the perturbation left nothing"
"""What is counted among a perturbed set's losses, for records to have it; the second with the layer
behind it, in brackets."""


def perturbed_goldset(
    goldset: GoldSet, perturbation: Perturbation, level: Level, *, seed: int = 0
) -> GoldSet:
    """The gold set after a perturbation, called `G~typos:0.05` or `G~upper`; nothing is read here.

    Its annotators are left out, for their layers are of the original's texts, and so is how far
    they agree. Its facts are counted anew, whatever is known of the original.
    """
    of = Perturbed(goldset, perturbation, level, seed)

    def read(losses: Losses) -> Iterator[Record]:
        losses[CHANGED] += 0
        for record in goldset.read(losses):
            now = of.apply(record)
            losses[CHANGED] += now.text != record.text
            left = _items(now)
            for layer, items in _items(record).items():
                if gone := items - left[layer]:
                    losses[f"{GONE} ({layer})"] += gone
            yield now

    said = goldset.said or Source(str(goldset.path))
    options = {
        **said.options,
        "perturb": perturbation.name,
        "level": level_text(level),
        "perturb-seed": str(seed),
    }
    return replace(
        goldset,
        name=f"{goldset.name}{_suffix(options)}",
        read=read,
        card={name: value for name, value in goldset.card.items() if name not in _OF_ORIGINAL},
        annotators={},
        reader=lambda: None,  # That gives the original's records.
        said=replace(said, options=options),
        known=None,
        perturbed=of,
    )


def perturbing_options(
    options: dict[str, Any], source: Source
) -> tuple[Perturbation, Level, int] | None:
    """Take what makes a perturbed gold set out of the options of one; `None` where nothing does.

    Raises `UsageError` for an unknown perturbation or level, with the nearest, and for a level or
    a seed alone.
    """
    said = {name: options.pop(name) for name in [*options] if name.replace("_", "-") in PERTURBING}
    given = {name.replace("_", "-"): str(value) for name, value in said.items()}
    if not given:
        return None
    if "perturb" not in given:
        raise UsageError(f"{source}: {next(iter(given))} is for perturb=NAME, which is not there")
    perturbation = perturbation_named(given["perturb"])
    if "level" not in given and len(perturbation.levels) > 1:
        levels = ", ".join(map(level_text, perturbation.levels))
        raise UsageError(f"{source}: which level of {perturbation.name}? level= one of {levels}")
    level = level_named(perturbation, given.get("level", level_text(perturbation.levels[0])))
    try:
        seed = whole_number(given.get("perturb-seed", "0"))
    except ValueError:
        raise UsageError(
            f"{source}: perturb-seed: found {given['perturb-seed']!r}, expected a whole number"
        ) from None
    return perturbation, level, seed


def level_text(level: Level) -> str:
    """A level as it is said: `0.05`, `without`."""
    return level if isinstance(level, str) else f"{level:g}"


def perturbed_as(options: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Perturbation, level and seed that the options of a gold set in a record name, if any."""
    if "perturb" not in options:
        return None
    name, level, seed = (str(options.get(one, "")) for one in PERTURBING)
    return name, level, seed


def gone_from(losses: Mapping[str, int], layer: str) -> int:
    """How many annotations of a layer a perturbation left nothing of, by what a record counts.

    Records of before the layers were told apart have one number for all of them.
    """
    return losses.get(f"{GONE} ({layer})", losses.get(GONE, 0))


def original_name(name: str, options: Mapping[str, Any]) -> str:
    """What the gold set is called of which this one was made; the name itself where none was."""
    return name.removesuffix(_suffix(options)) if "perturb" in options else name


def _suffix(options: Mapping[str, Any]) -> str:
    perturbation, level, seed = perturbed_as(options) or ("", "", "")
    amount = "" if level in EVERYWHERE else f":{level}"
    return f"~{perturbation}{amount}" + ("" if seed in ("", "0") else f":{seed}")


def _items(record: Record) -> Counter[str]:
    """How many annotations each layer has."""
    layers = record.annotations
    names = ("entities", "attributions", *layers.others)
    return Counter({name: len(layers.layer(name) or ()) for name in names})
