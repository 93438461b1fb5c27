"""Why the predictions store does, or does not, answer for a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.annotation import TaskName
from harness.gold.goldset import GoldSet
from harness.media import one_line
from harness.registry import BackendSpec, adapter
from harness.run.asking import annotated, ask_about, gold_labels
from harness.run.key import Description, make_key, proof
from harness.run.launch import describe_backend, launch
from harness.run.store import Store, StoredBackend

__all__ = ["Reasons", "reasons_for"]


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a run of this backend would find in the store."""

    backend: str
    task: TaskName
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


def reasons_for(
    store: Store,
    spec: BackendSpec,
    task: TaskName,
    *,
    gold: GoldSet | None = None,
    batch_size: int = 1,
    threads: int = 1,
    pass_env: Sequence[str] = (),
) -> Reasons:
    """Look a backend up as a run would, without starting it."""
    description = describe_backend(spec, passed=pass_env)
    if description.unavailable is not None:
        return Reasons(str(spec), task, None, None, None, 0, description.unavailable, {})
    key = make_key(
        spec,
        description,
        task=task,
        labels=() if gold is None else gold_labels(gold, task),
        batch_size=batch_size,
        threads=threads,
        environment=launch(spec).environment,
        pass_env=pass_env,
    )
    if key is None:
        return Reasons(str(spec), task, None, None, None, 0, _no_key(spec, description), {})
    rows = [
        row for row in store.backends() if row.name == str(spec) and row.fields.get("task") == task
    ]
    same = next((row for row in rows if row.digest == key.digest), None)
    total, answered = _count(store, same, gold, task, spec)
    differs: dict[str, tuple[Any, Any]] = {}
    if same is not None:
        of = "documents" if gold is None else f"of the {total} documents of {gold.name}"
        reason = f"a hit: the store answers for {answered} {of}"
    elif rows:
        differs = min((_differences(row.fields, key.fields) for row in rows), key=len)
        reason = f"a miss: of {len(rows)} key(s) in the store the nearest differs in "
        reason += ", ".join(differs)
    else:
        reason = "a miss: the store has nothing of this backend"
    return Reasons(str(spec), task, key.fields, key.digest, total, answered, reason, differs)


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
    same: StoredBackend | None,
    gold: GoldSet | None,
    task: TaskName,
    spec: BackendSpec,
) -> tuple[int | None, int]:
    """How many documents there are to ask about, and for how many of them there is an answer."""
    if gold is None:
        return None, same.predictions if same else 0
    total = answered = 0
    for record in annotated(gold, task):
        total += 1
        if same is not None:
            document = ask_about(record, gold, adapter(spec.adapter).declaration).digest
            answered += len(store.get(same.id, same.digest, [document]))
    return total, answered


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, with nested ones as `model.digest`."""
    differing: dict[str, tuple[Any, Any]] = {}
    for name in sorted(before.keys() | now.keys()):
        one, other = before.get(name), now.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            inner = _differences(one, other)
            differing.update({f"{name}.{key}": pair for key, pair in inner.items()})
        elif one != other:
            differing[name] = (one, other)
    return differing


def _shown(value: Any) -> str:
    return one_line(str(value), 100)
