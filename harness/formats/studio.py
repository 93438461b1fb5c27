"""What the tasks of Label Studio say: which string is the text, and who labelled what in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from harness.coding import short
from harness.errors import InputError
from harness.formats.items import Where
from harness.formats.jsonstream import objects
from harness.formats.losses import Losses
from harness.formats.tools import Labelling
from harness.formats.units import label_problem

__all__ = ["are_regions", "has_results", "labellings_of", "labels_spans", "text_key_of"]

_LABELS = ("labels", "hypertextlabels")
_LAYERS = ("annotations", "completions", "predictions")
_NO_TEXTS = {"document_id", "id", "created_at", "updated_at", "annotator"}
_MEDIA = re.compile(
    r"(?:\S+|[^\n]*/[^\n]*)\.(jpe?g|png|gif|bmp|webp|tiff?|svg|pdf|mp3|wav|flac|ogg|m4a|mp4|webm|avi|mov)(\?\S*)?",
    re.IGNORECASE,
)
"""The place of an image, a recording or a scan, of which a region is no part of a text."""
_PLACES = {"x", "y", "points", "rle"}
_NAMES = "export a project whose labels have names, or put names in the place of numbers"
_HTML = "offsets into HTML mean its shown text, which is not in the file: label a <Text>"


def are_regions(items: list[Any]) -> bool:
    """Whether they are places in a text."""
    return all(isinstance(item, Mapping) and "start" in item and "end" in item for item in items)


def text_key_of(path: Path) -> str:
    """The key of `data` (or of a task in JSON_MIN) that holds the text; reads as far as it must.

    The first region tells whose `to_name` is a key with a string, else `text`, else the one key
    with a string, or the one in which all regions' own texts stand. Names of images and recordings
    are no texts. Raises `InputError` where there is nothing else, with an option for each where
    several could be meant, and as `objects` does.
    """
    keys: dict[str, None] = {}
    media: dict[str, str] = {}
    possible: set[str] = set()
    for _, task in objects(path):
        data = task.get("data", task)
        if not isinstance(data, Mapping):
            continue
        own = {k: v for k, v in data.items() if isinstance(v, str) and k not in _NO_TEXTS}
        shapes = [result.get("to_name") for result in _every_result(task) if _is_shape(result)]
        pictures = {k: v for k, v in own.items() if k in shapes or _MEDIA.fullmatch(v)}
        media |= pictures
        own = {k: v for k, v in own.items() if k not in pictures}
        keys = keys or dict.fromkeys(own)
        common = [key for key in keys if key in own]
        keys = dict.fromkeys(common) if common else keys
        found = False
        for name, said in _told(task):
            if isinstance(name, str) and name in own:
                return name
            if said:
                here = {key for key in own if said in own[key]}
                possible = possible & here if possible else here
                found = True
        if "text" in own and found:
            return "text"
    known = list(keys)
    if media and not known:
        name, place = next(iter(media.items()))
        raise InputError(
            f'holds no text: "{name}" is {short(place)}',
            path=path,
            hint="only annotated texts are read; where that is one, say text-key=" + name,
        )
    if "text" in known or not known:
        return "text"
    best = [key for key in known if key in possible] or known
    if len(best) == 1:
        return best[0]
    raise InputError(
        f'several strings of "data" could be the text: {", ".join(known)}',
        path=path,
        hint=f"say which one is the text, such as text-key={best[0]}",
        options=("text-key", dict.fromkeys(best, "")),
    )


def labels_spans(path: Path) -> bool:
    """Whether a project labels spans: some region is one, or nobody has labelled anything yet.

    A file of choices, ratings or boxes alone has been looked at by no one for entities.
    """
    others = False
    for _, task in objects(path):
        for result in _every_result(task):
            value, kind = result.get("value"), result.get("type")
            of_spans = isinstance(value, Mapping) and any(key in value for key in _LABELS)
            if of_spans or (isinstance(kind, str) and kind in _LABELS):
                return True
            others = True
        others |= _is_short(task) and "annotation_id" in task
    return not others


def _is_short(task: Mapping[str, Any]) -> bool:
    """Whether it is of JSON_MIN: neither data nor annotations."""
    return "data" not in task and not any(has_results(task.get(layer)) for layer in _LAYERS)


def has_results(candidates: object) -> bool:
    """Whether it is a list of annotations, judged by its first item."""
    first = candidates[:1] if isinstance(candidates, list) else []
    return any(isinstance(item, Mapping) and "result" in item for item in first)


def _told(task: Mapping[str, Any]) -> Iterator[tuple[object, str]]:
    """What the regions of a task say of their text: its name, and what stands there."""
    for result in _every_result(task):
        value = result.get("value")
        if isinstance(value, Mapping) and any(key in value for key in _LABELS):
            name, said = result.get("to_name"), value.get("text")
            yield name if isinstance(name, str) else None, said if isinstance(said, str) else ""


def _is_shape(result: Mapping[str, Any]) -> bool:
    """Whether it is a place in an image: a box, a polygon, a mask."""
    value = result.get("value")
    return isinstance(value, Mapping) and not _PLACES.isdisjoint(value)


def _every_result(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if _is_short(task):
        for items in task.values():
            if isinstance(items, list) and are_regions(items):
                yield from ({"value": item} for item in items)
        return
    for layer in _LAYERS:
        candidates = task.get(layer)
        for candidate in candidates if isinstance(candidates, list) else ():
            results = candidate.get("result") if isinstance(candidate, Mapping) else None
            for result in results if isinstance(results, list) else ():
                if isinstance(result, Mapping):
                    yield result


def labellings_of(
    task: Mapping[str, Any], where: Where, layer: str, key: str, losses: Losses
) -> list[Labelling]:
    """The labels of a task by their annotators, the one marked as ground truth first.

    `key` is that of the text. Counts in `losses` what is left out. Raises `InputError`.
    """
    if _is_short(task):  # The regions of each control tag, as lists of their own.
        lists = [v for v in task.values() if isinstance(v, list) and are_regions(v)]
        if not any(lists) and "annotation_id" not in task:
            return []
        name = _name({"completed_by": task.get("annotator")})
        values = [item for items in lists for item in items]
        text = task.get(key)
        return [Labelling(name, lambda: list(_regions(values, text, where, losses)))]
    if layer == "annotations":
        layer = "completions" if "annotations" not in task and "completions" in task else layer
        for other in ("drafts", "predictions"):
            further = task.get(other)
            if isinstance(further, list) and further:
                how = " (layer=predictions reads them)" if other == "predictions" else ""
                losses[f"{other}: left out{how}"] += len(further)
    candidates = task.get(layer) or []
    if not isinstance(candidates, list) or not all(isinstance(c, Mapping) for c in candidates):
        raise where.error(
            f'"{layer}" is no list of objects: {short(candidates)}',
            hint="export the tasks as JSON, with annotations and predictions in full",
        )
    done = [item for item in candidates if not (item.get("was_cancelled") or item.get("skipped"))]
    if len(done) < len(candidates):
        losses["cancelled annotations: left out"] += len(candidates) - len(done)
    done.sort(key=lambda item: not (item.get("ground_truth") or item.get("honeypot")))
    data = task.get("data", task)
    return [
        Labelling(_name(item), partial(_results, item, data, where, key, losses)) for item in done
    ]


def _name(annotation: Mapping[str, Any]) -> str | None:
    """Who made an annotation: an e-mail address, a number, the name of a model."""
    for by in (
        annotation.get("completed_by"),
        annotation.get("created_username"),
        annotation.get("model_version"),
    ):
        if isinstance(by, Mapping):
            by = next((by[k] for k in ("email", "username", "id") if by.get(k)), None)
        if isinstance(by, (str, int)) and not isinstance(by, bool) and str(by).strip():
            return str(by).strip()
    return None


def _results(
    annotation: Mapping[str, Any],
    data: Mapping[str, Any],
    where: Where,
    key: str,
    losses: Losses,
) -> list[dict[str, Any]]:
    results = annotation.get("result") or []
    if not isinstance(results, list) or not all(isinstance(item, Mapping) for item in results):
        raise where.error('"result" is no list of objects')
    values = []
    for item in results:
        kind, name = item.get("type"), item.get("to_name")
        if kind not in _LABELS:
            losses[f"results of type {short(kind)}: left out"] += 1
        elif not isinstance(item.get("value"), Mapping):
            raise where.error(f"a result's value is {short(item.get('value'))}, expected an object")
        elif name != key and isinstance(name, str) and isinstance(data.get(name), str):
            losses[f"regions of the text {name!r}: left out (text-key={name} reads them)"] += 1
        else:
            values.append({**item["value"], "score": item.get("score")})
    return list(_regions(values, data.get(key), where, losses))


def _regions(
    values: list[Any], text: object, where: Where, losses: Losses
) -> Iterator[dict[str, Any]]:
    """Objects of `items.Decoder`, one for each label of a region."""
    for index, value in enumerate(values):
        place = f"regions[{index}]"
        labels: Any = next((value[key] for key in _LABELS if key in value), [])
        if not isinstance(labels, list):
            losses.fault(where.error(f"{place}: labels are {short(labels)}, expected a list"))
            continue
        if not labels:
            losses["regions without a label: left out"] += 1
        span = {key: value.get(key) for key in ("start", "end", "text")}
        if isinstance(span["start"], str):
            whole = value.get("globalOffsets")
            if not isinstance(whole, Mapping) or {"<", "&"} & set(str(text)):
                losses.fault(where.error(f"{place}: start is {short(span['start'])}", hint=_HTML))
                continue
            span |= {key: whole.get(key) for key in ("start", "end")}
        if value.get("score") is not None:
            span["score"] = value["score"]
        for label in labels:
            if error := label_problem(label, place, where, _NAMES):
                losses.fault(error)
                continue
            yield {**span, "label": label}
