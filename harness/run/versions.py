"""Several releases of one library, an environment each, and a run of one backend in each.

    spacy==3.8.2..3.8.11        every final release on the package index, both ends included
    spacy==3.8.2,3.8.5,3.8.11   those

Which releases there are is asked of this Python's pip, so that its configuration says where. An
environment is called after its release (`harness.run.environments.release_name`), kept, and used
again where it would be made in the same way now.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.adapter import Adapter
from harness.distributions import requirement_name
from harness.errors import BackendUnavailable, NothingMeasured, UsageError, nearest
from harness.gold.goldset import GoldSet
from harness.registry import BackendSpec, adapter, adapter_names, adapter_of
from harness.results.record import RunRecord
from harness.run.called import call
from harness.run.create import (
    asked_for_in,
    create_environment,
    installed_in,
    pinned_lines,
)
from harness.run.environments import Environment, environments, release_name
from harness.run.installed import plain
from harness.run.options import RunOptions
from harness.run.progress import Progress
from harness.run.proof import adapter_requirements
from harness.run.runner import run

__all__ = [
    "MOST_RELEASES",
    "Chosen",
    "EnvironmentPlan",
    "Release",
    "ReleaseRange",
    "backend_for",
    "choose_releases",
    "index_releases",
    "measure_release",
]

MOST_RELEASES = 10
"""Of a range, unless more are asked for: an environment takes minutes and hundreds of megabytes."""

_INDEX_SECONDS = 180.0
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[0-9][0-9A-Za-z!+_-]*(?:\.[0-9A-Za-z!+_-]+)*", re.ASCII)
_LISTED = re.compile(r"^Available versions: (.+)$", re.MULTILINE)
_NO_WAY = re.compile(
    r"Retrying|[Cc]onnection|timed? ?out|Temporary failure|resolve|SSLError|ProxyError|ERROR: HTTP"
)
_GIVEN_UP = "Retry(total=0"
"""An index that did not answer may be one of several: then the list is not whole."""
_EXPECTED = "expected PACKAGE==FIRST..LAST or PACKAGE==VERSION,VERSION, such as spacy==3.8.2..3.8.7"


@dataclass(frozen=True, slots=True)
class ReleaseRange:
    """What was asked for: a package, and versions, or the two ends of a range of them."""

    package: str
    """In one spelling, `en-core-web-sm`: it is in the names of environments and folders."""
    versions: tuple[str, ...]
    is_range: bool = False

    @classmethod
    def parse(cls, text: str) -> ReleaseRange:
        """Read `spacy==3.8.2..3.8.11` or `spacy==3.8.2,3.8.5`.

        Raises `UsageError` for anything else: half a range, several, a version that comes twice, or
        a name or version that is none.
        """
        package, equals, asked = (part.strip() for part in text.partition("=="))
        is_range = ".." in asked
        parts = tuple(part.strip() for part in asked.split(".." if is_range else ","))
        if not equals or not _NAME.fullmatch(package):
            raise UsageError(f"{text!r}: {_EXPECTED}")
        for part in parts:
            if not _VERSION.fullmatch(part):
                raise UsageError(f"{text!r}: found {part!r} where a version belongs; {_EXPECTED}")
        if is_range and len(parts) != 2:
            raise UsageError(f"{text!r}: found {len(parts)} ends of a range; {_EXPECTED}")
        if not is_range and len(set(parts)) < len(parts):
            twice = next(part for part in parts if parts.count(part) > 1)
            raise UsageError(f"{text!r}: the version {twice} comes a second time")
        return cls(plain(package), parts, is_range)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The releases to measure, in order, and what else the index has from the first to the last."""

    versions: tuple[str, ...]
    known: tuple[str, ...] = ()
    """Every release on the index, oldest first; empty where it was not asked."""

    def between(self, before: str, after: str) -> tuple[str, ...]:
        """Releases between two, whichever is older; none where that is not known."""
        if before not in self.known or after not in self.known:
            return ()
        older, newer = sorted((self.known.index(before), self.known.index(after)))
        return self.known[older + 1 : newer]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Those from the first to the last that are not among them."""
        inner = self.between(self.versions[0], self.versions[-1])
        return tuple(one for one in inner if one not in self.versions)


def choose_releases(
    asked: ReleaseRange, known: Sequence[str], *, most: int | None = None
) -> Chosen:
    """The releases that were asked for, of those that are `known` (oldest first).

    Of a range with more than `most` (from 2 up) both ends and evenly spaced ones between are
    taken; `None` takes all. Versions that are listed stay in the order given. Raises `UsageError`
    for one that is not known and a range that goes backwards.
    """
    for version in asked.versions:
        if version not in known:
            last = f"; the newest is {known[-1]}" if known else ""
            raise UsageError(
                f"{asked.package} has no release {version} on the package index that this Python "
                f"({platform.python_version()}) could install"
                f"{last}{nearest(version, known, listed=False)}"
            )
    if not asked.is_range:
        return Chosen(asked.versions, tuple(known))
    first, last = asked.versions
    if known.index(first) > known.index(last):
        raise UsageError(
            f"{asked.package}=={first}..{last} goes backwards; expected {last}..{first}"
        )
    inside = known[known.index(first) : known.index(last) + 1]
    if most is not None and len(inside) > most:
        inside = [inside[round(i * (len(inside) - 1) / (most - 1))] for i in range(most)]
    return Chosen(tuple(inside), tuple(known))


def index_releases(package: str) -> tuple[str, ...]:
    """The final releases of a package that this Python could install, oldest first.

    Raises `UsageError` where there is none, or no pip here, `NothingMeasured` where the index does
    not answer.
    """
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "index", "versions", package]
    status, said = call(command, _INDEX_SECONDS, most_bytes=1 << 20)
    if status is None:
        raise NothingMeasured(
            f"the package index did not say within {_INDEX_SECONDS:.0f} s which releases of "
            f"{package} there are"
        )
    found = _LISTED.search(said)
    if status == 0 and found and _GIVEN_UP not in said:
        listed = (one.strip() for one in found[1].split(","))
        return tuple(one for one in listed if _VERSION.fullmatch(one))[::-1]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if "No module named pip" in said:
        raise UsageError(
            "this Python has no pip, which says what releases there are: python -m ensurepip"
        )
    if trouble := next((line for line in lines if _NO_WAY.search(line)), None):
        raise NothingMeasured(f"the package index cannot be reached: {trouble}")
    words = next((line for line in reversed(lines) if "ERROR" in line), "it said nothing")
    raise UsageError(f"pip knows no release of {package!r}: {words}")


def backend_for(package: str, named: BackendSpec | None) -> BackendSpec:
    """The backend to run, whose adapter requires the package (`ReleaseRange.package`).

    Where none is named it is the default one of the adapter of that name, or of the only adapter
    that requires it. Raises `UsageError` where that is not clear, and for an adapter that does not
    require the package.
    """
    if named is not None:
        wrapper = adapter_of(named)
        if wrapper.declaration.external:
            raise UsageError(f"{named} brings its own program: no package is installed for it")
        if not _requires(named.adapter, package):
            names = sorted({requirement_name(one) for one in adapter_requirements(named.adapter)})
            raise UsageError(
                f"{named} does not require {package}; it requires {', '.join(names) or 'nothing'}"
            )
        return named
    users = [name for name in adapter_names() if _requires(name, package)]
    own = [name for name in users if plain(name) == package] or users
    models = adapter(own[0]).declaration.default_models if len(own) == 1 else ()
    if models:
        return BackendSpec(own[0], models[0])
    if not users:
        raise UsageError(f"no adapter requires {package}: harness backends lists them")
    raise UsageError(f"{package} is required by {', '.join(users)}: say which, --backend NAME")


def _requires(name: str, package: str) -> bool:
    required = map(requirement_name, adapter_requirements(name))
    return package in map(plain, required)


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """How the environments of a backend's releases are made."""

    spec: BackendSpec
    package: str
    extra: tuple[str, ...] = ()
    """Further requirements."""
    build: bool = False
    """Whether the package may be built from source where it has no wheel."""

    def requirements(self, version: str) -> tuple[str, ...]:
        """What is installed besides the adapter's own: the release, and the model's package.

        The model is that whose hash is known here, if its package is one of those; it is the same
        in every environment.
        """
        wrapper, pinned = adapter(self.spec.adapter), pinned_lines()
        models = wrapper.model_packages(self.spec.model) if isinstance(wrapper, Adapter) else ()
        known = [name for name in models if plain(name) in pinned]
        return (f"{self.package}=={version}", *known[:1], *self.extra)

    def find(self, version: str) -> Environment | None:
        """The environment of a release, if it is there and would be made in the same way now."""
        name = release_name(self.spec.adapter, self.package, version)
        found = next((one for one in environments() if one.name == name), None)
        as_now = asked_for_in(self.spec.adapter, self.requirements(version))
        if found is None or found.trouble or found.requirements != as_now:
            return None
        return found if found.python_version == platform.python_version() else None

    def make(self, version: str, say: Callable[[str], None]) -> Environment:
        """The environment of a release, made unless it is there.

        Raises `BackendUnavailable` where it cannot be made.
        """
        return self.find(version) or create_environment(
            self.spec.adapter,
            extra=self.requirements(version),
            called=release_name(self.spec.adapter, self.package, version),
            wheels=() if self.build else (self.package,),
            say=say,
        )


@dataclass(frozen=True, slots=True)
class Release:
    """What came of one release."""

    version: str
    folder: Path
    """Where its record lies, if it has one."""
    record: RunRecord | None = None
    trouble: str = ""
    """Why it could not be installed."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """Every distribution of its environment, in one spelling, with its version."""


def measure_release(
    version: str,
    plan: EnvironmentPlan,
    goldsets: Sequence[GoldSet],
    options: RunOptions,
    progress: Progress,
    say: Callable[[str], None],
) -> Release:
    """Run the backend with one release; the record is written to a folder of that name in `out`.

    Raises what `run` and `create_environment` raise, but for what cannot be installed.
    """
    assert options.out is not None
    folder = options.out / version
    try:
        environment = plan.make(version, say)
    except BackendUnavailable as error:
        return Release(version, folder, trouble=error.reason)
    own = replace(options, out=folder, environment=environment.name)
    record = run([plan.spec], goldsets, own, progress)
    found = installed_in(Path(environment.folder))
    installed = {plain(name): found[name] for name in found if name}
    return Release(version, folder, record, installed=installed)
