"""Label schemas and the projections between them, read from versioned TOML files.

They are data, not code: this folder, a gold set's own folder, or a file that the user names.

    name = "conll03"                        from = "ontonotes5"
    version = "1"                           to = "conll03"
    [labels]                                version = "1"
    PER = "people"                          [labels]
    [aliases]                               PERSON = "PER"
    PERSON = "PER"                          DATE = ""        # "" = no counterpart: left out

Aliases are other spellings of the same label; case and `-`/`_`/space never matter. A projection
maps every label of one schema onto a coarser one. `[needs]` holds evidence for guessing: under
`LOC = "GPE"` labels with LOC and without GPE are not this schema's, where LOC is what GPE is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from harness.coding import DecodeError, decode, parse_toml
from harness.errors import SchemaError, nearest
from harness.paths import CARD

__all__ = ["Catalogue", "Projection", "Schema", "catalogue", "load_schema", "schema_names"]

_BUILT_IN = Path(__file__).parent.resolve() / "data"


@dataclass(frozen=True)
class Schema:
    """A named, versioned set of labels. `labels` maps each label to what it covers."""

    name: str
    version: str
    labels: Mapping[str, str]
    aliases: Mapping[str, str]
    guessable: bool = True
    origin: Path | None = None
    """The file it was read from; `None` for labels put together on the spot."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Label -> the label that has to be there beside it, or it means something else."""
    base: Schema | None = None
    """The schema that this one adds labels of its own to."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @cached_property
    def _spellings(self) -> dict[str, str]:
        folded = {_fold(alias): label for alias, label in self.aliases.items()}
        return folded | {_fold(label): label for label in self.labels}

    def canonical(self, label: str) -> str | None:
        """The schema's own spelling of `label`, or `None` when it does not know it."""
        return label if label in self.labels else self._spellings.get(_fold(label))

    def knows(self, labels: Iterable[str]) -> bool:
        """Whether every label is one of its own, in any spelling."""
        return all(self.canonical(label) is not None for label in labels)

    def is_contradicted(self, labels: Iterable[str]) -> bool:
        """Whether labels that are there, or missing, say that they are of another schema."""
        seen = {self.canonical(label) for label in labels}
        return any(one in seen and other not in seen for one, other in self.needs.items())

    @property
    def added(self) -> tuple[str, ...]:
        """What it adds to its base."""
        return tuple(label for label in self.labels if self.base and label not in self.base.labels)


@dataclass(frozen=True)
class Projection:
    """A map from each label of `source` to a label of `target`, or to `""` (no counterpart)."""

    source: Schema
    target: Schema
    labels: Mapping[str, str]
    version: str = "1"
    _applied: dict[str, str | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _kept: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """`ontonotes5--conll03@1`; only the schema's name where nothing changes."""
        if self.is_identity:
            return str(self.target)
        return f"{self.source.name}--{self.target.name}@{self.version}"

    @property
    def is_identity(self) -> bool:
        return self.source == self.target

    @property
    def dropped(self) -> tuple[str, ...]:
        """Labels without counterpart, in the schema's order."""
        return tuple(label for label in self.source.labels if not self.labels[label])

    @property
    def merges(self) -> dict[str, tuple[str, ...]]:
        """Target label -> the labels that fall together there; only where several do."""
        into: dict[str, list[str]] = {}
        for label in self.source.labels:
            if self.labels[label]:
                into.setdefault(self.labels[label], []).append(label)
        return {target: tuple(labels) for target, labels in into.items() if len(labels) > 1}

    @property
    def image(self) -> frozenset[str]:
        """Every target label that something maps to."""
        return frozenset(self.labels.values()) - {""}

    def apply(self, label: str) -> str | None:
        """The target label, `""` without counterpart, `None` when the source knows no `label`."""
        if label not in self._applied:  # Asked of every mention.
            own = self.source.canonical(label)
            self._applied[label] = None if own is None else self.labels[own]
        return self._applied[label]

    def keeps(self, labels: Set[str]) -> bool:
        """Whether each of these labels is called the same in the target."""
        if labels <= self._kept:
            return True
        self._kept.update(label for label in labels if self.apply(label) == label)
        return labels <= self._kept

    @classmethod
    def identity(cls, schema: Schema) -> Projection:
        """Every label stays what it is; other spellings become the schema's own."""
        return cls(schema, schema, {label: label for label in schema.labels}, schema.version)


def schema_names(folders: Sequence[str | Path] = ()) -> tuple[str, ...]:
    """Every schema's name, built in or in one of `folders`, sorted."""
    return tuple(sorted(catalogue(folders).schemas))


def load_schema(name_or_path: str | Path, folders: Sequence[str | Path] = ()) -> Schema:
    """A schema by name (built in, or in one of `folders`) or from a TOML file.

    Raises `SchemaError` with the nearest known name, or with what is wrong in the file.
    """
    text = str(name_or_path)
    if text.endswith(".toml"):
        schema = _read(Path(text))
        if not isinstance(schema, Schema):
            raise SchemaError("is a projection, expected a schema (name, [labels])", path=text)
        return schema
    schemas = catalogue(folders).schemas
    name, _, version = text.partition("@")
    if name not in schemas:
        raise SchemaError(
            f"unknown label schema {name!r}{nearest(name, sorted(schemas))}",
            hint="a schema of your own is a TOML file: give its path",
        )
    if version and schemas[name].version != version:
        raise SchemaError(f"schema {name!r} is at version {schemas[name].version}, not {version}")
    return schemas[name]


def _compose(first: Projection, second: Projection) -> Projection:
    labels = {
        label: second.labels[target] if target else "" for label, target in first.labels.items()
    }
    versions = f"{first.version}+{second.version}"
    return Projection(first.source, second.target, labels, versions)


@dataclass(frozen=True)
class Catalogue:
    schemas: Mapping[str, Schema]
    projections: tuple[Projection, ...]

    def reachable(self, start: Schema) -> dict[str, Projection]:
        """Schema name -> projection from `start`, by the shortest chain; itself included.

        What `start` adds to a base has no counterpart outside.
        """
        if start.base is not None:
            none = dict.fromkeys(start.added, "")
            base = self.reachable(start.base)
            wider = {
                name: Projection(start, way.target, {**way.labels, **none}, way.version)
                for name, way in base.items()
            }
            return {**wider, start.name: Projection.identity(start)}
        ways = {start.name: Projection.identity(start)}
        frontier = [start.name]
        while frontier:
            name = frontier.pop(0)
            for step in self.projections:
                if step.source == ways[name].target and step.target.name not in ways:
                    ways[step.target.name] = (
                        step if name == start.name else _compose(ways[name], step)
                    )
                    frontier.append(step.target.name)
        return ways


def catalogue(folders: Sequence[str | Path] = ()) -> Catalogue:
    """The built-in schemas and projections, and those of `folders`."""
    return _catalogue(tuple(dict.fromkeys(Path(folder).resolve() for folder in folders)))


@cache
def _catalogue(folders: tuple[Path, ...]) -> Catalogue:
    schemas: dict[str, Schema] = {}
    drafts: list[_Draft] = []
    for folder in dict.fromkeys((_BUILT_IN, *folders)):
        for path in sorted(folder.glob("*.toml")):
            if path.name == CARD or (folder != _BUILT_IN and not _is_ours(path)):
                continue
            file = _read(path)
            if isinstance(file, _Draft):
                drafts.append(file)
            elif file.name in schemas:
                raise SchemaError(
                    f"a second schema named {file.name!r} (the first is in "
                    f"{schemas[file.name].origin})",
                    path=path,
                    hint="give it a name of its own",
                )
            else:
                schemas[file.name] = file
    return Catalogue(schemas, tuple(draft.finish(schemas) for draft in drafts))


class _Draft(NamedTuple):
    """A projection as read, before its two schemas are known."""

    path: Path
    start: str
    file: _File

    def finish(self, schemas: Mapping[str, Schema]) -> Projection:
        for name in (self.start, self.file.to):
            if name not in schemas:
                raise SchemaError(f"names the unknown schema {name!r}", path=self.path)
        source, target, labels = schemas[self.start], schemas[self.file.to], self.file.labels
        lacking = [label for label in source.labels if label not in labels]
        odd = [label for label in labels if label not in source.labels]
        wrong = [label for label in labels.values() if label and label not in target.labels]
        for named, what in (
            (lacking, f'does not say what becomes of {source.name}\'s {{}}: map it, or to ""'),
            (odd, f"maps {{}}, which {source.name} does not have"),
            (wrong, f"maps to {{}}, which {target.name} does not have"),
        ):
            if named:
                raise SchemaError(what.format(", ".join(map(repr, named))), path=self.path)
        return Projection(source, target, labels, self.file.version)


def _is_ours(path: Path) -> bool:
    """Whether a TOML file in a user's folder is a schema or a projection at all."""
    value = _toml(path)
    known = isinstance(value.get("labels"), dict) or {"labels", "version"} <= value.keys()
    return known and ("name" in value or "from" in value)


def _toml(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # Reading a pipe might never end.
            raise SchemaError("is no regular file, expected a label schema in TOML", path=path)
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SchemaError(f"byte {error.start} is not UTF-8", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL.
        why = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(f"cannot be read: {why}", path=str(path)[:200]) from None
    return parse_toml(text, path, error=SchemaError)


@dataclass(frozen=True, slots=True)
class _File:
    """A schema or a projection as it is written; `from`, no name in Python, is read by itself."""

    version: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    source: str = ""
    guess: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    to: str = ""


def _read(path: Path) -> Schema | _Draft:
    value = _toml(path)
    try:
        file = decode(_File, value, extra=True, toml=True)
        start = decode(str, value.get("from", ""), "from")
    except DecodeError as error:
        raise SchemaError(str(error), path=path) from None
    if not file.version:
        raise SchemaError('"version" is missing', path=path, hint='add version = "1"')
    if start and file.to:
        return _Draft(path, start, file)
    if start or file.to or not file.name or not file.labels:
        raise SchemaError(
            "expected a schema (name, version, [labels]) or a projection (from, to, ...)", path=path
        )
    _check_spellings(file.labels, file.aliases, path)
    for label in (*file.needs, *file.needs.values()):
        if label not in file.labels:
            raise SchemaError(f"[needs] names {label!r}, which is no label", path=path)
    return Schema(
        file.name,
        file.version,
        file.labels,
        file.aliases,
        guessable=file.guess,
        origin=path,
        needs=file.needs,
    )


def _check_spellings(labels: Mapping[str, str], aliases: Mapping[str, str], path: Path) -> None:
    spelt = Counter(_fold(label) for label in labels)
    for label in labels:
        if spelt[_fold(label)] > 1:
            raise SchemaError(
                f"label {label!r} comes twice", path=path, hint="case, '-', '_', space don't count"
            )
    for alias, label in aliases.items():
        if label not in labels:
            raise SchemaError(f"alias {alias!r} is for {label!r}, which is no label", path=path)
        if _fold(alias) in spelt and _fold(alias) != _fold(label):
            raise SchemaError(f"alias {alias!r} of {label!r} is itself a label", path=path)


def _fold(label: str) -> str:
    return label.casefold().replace("_", "-").replace(" ", "-")
