"""Why the predictions store does, or does not, answer for a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.annotation import Task, printable
from harness.formats.jsonl import annotations_to_json
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter
from harness.run.key import Description, document_digest, make_key, proof
from harness.run.launch import describe_backend, launch
from harness.run.store import Backend, Store
from harness.tasks.registry import task_named

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a run of this backend would find in the store."""

    backend: str
    task: Task
    key: Mapping[str, Any] | None
    """The fields of the key; `None` when it is not known before the backend is loaded."""
    digest: str | None
    documents: int | None
    """Documents of the gold set; `None` when none was named."""
    found: int
    """Of them (or in all) those that the store answers."""
    reason: str
    differs: Mapping[str, tuple[Any, Any]]
    """Field -> (in the nearest key of the store, now); only where nothing has this very key."""

    def lines(self) -> Iterator[str]:
        """For a person."""
        yield f"{self.backend} ({self.task}): {self.reason}"
        for name, (before, now) in self.differs.items():
            yield f"  {name}: was {_shown(before)}"
            yield f"  {' ' * len(name)}   is {_shown(now)}"
        for name, value in (self.key or {}).items():
            if name not in self.differs:
                yield f"  {name} = {_shown(value)}"


def explain(
    store: Store,
    spec: BackendSpec,
    task: Task,
    *,
    gold: GoldSet | None = None,
    batch_size: int = 1,
    threads: int = 1,
) -> Explanation:
    """Look a backend up as a run would, without starting it."""
    description = describe_backend(spec)
    schema = gold.schema if gold is not None and task == "ner" else None
    labels = () if schema is None else tuple(schema.labels)
    known = [
        item
        for item in store.backends()
        if item.name == str(spec) and item.fields.get("task") == task
    ]
    key = None
    if description.unavailable is None:
        key = make_key(
            spec,
            description,
            task=task,
            labels=labels,
            batch_size=batch_size,
            threads=threads,
            environment=launch(spec).environment,
        )
    if key is None:
        reason = description.unavailable or _no_key(spec, description)
        return Explanation(str(spec), task, None, None, None, 0, reason, {})
    same = next((item for item in known if item.digest == key.digest), None)
    total, found = _count(store, same, key.digest, gold, task, spec)
    if same is None:
        near = min(known, key=lambda item: len(_differences(item.fields, key.fields)), default=None)
        differs = {} if near is None else _differences(near.fields, key.fields)
        reason = (
            "a miss: the store has nothing of this backend"
            if near is None
            else f"a miss: of {len(known)} key(s) in the store the nearest differs in "
            + ", ".join(differs)
        )
        return Explanation(str(spec), task, key.fields, key.digest, total, 0, reason, differs)
    of = "" if total is None else f" of the {total} documents of {gold.name if gold else ''}"
    reason = f"a hit: the store answers for {found}{of or ' documents'}"
    return Explanation(str(spec), task, key.fields, key.digest, total, found, reason, {})


def _no_key(spec: BackendSpec, description: Description) -> str:
    if description.model is None:
        return (
            "its model is only known once it is loaded; a run starts it and looks then. Its "
            "answers are used again only if it states a digest of what answers (docs/protocol.md)"
        )
    _, why = proof(spec, description, None)
    return f"never used again in another run: {why}"


def _count(
    store: Store,
    same: Backend | None,
    digest: str,
    gold: GoldSet | None,
    task: Task,
    spec: BackendSpec,
) -> tuple[int | None, int]:
    if gold is None:
        return None, same.predictions if same else 0
    needs_gold = adapter(spec.adapter).declaration.needs_gold
    total = found = 0
    for record in gold.records():
        if record.annotations.layer(task_named(task).layer) is None:
            continue
        total += 1
        extra = annotations_to_json(record.annotations) if needs_gold else None
        document = document_digest(record.text or "", extra)
        found += bool(same and store.get(same.id, digest, [document]))
    return total, found


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, with nested ones as `model.digest`."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in sorted(before.keys() | now.keys()):
        one, other = before.get(name), now.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            inner = _differences(one, other)
            found.update({f"{name}.{key}": pair for key, pair in inner.items()})
        elif one != other:
            found[name] = (one, other)
    return found


def _shown(value: Any) -> str:
    text = printable(str(value))
    return text if len(text) <= 100 else text[:99] + "…"
