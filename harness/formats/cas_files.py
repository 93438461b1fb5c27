"""Where the CAS files of a path are: one file, a folder or a zip, by document and annotator.

INCEpTION's exports of a project have `annotation/<document>/<annotator>.xmi` and, of what was
curated, `curation/<document>/CURATION_USER.xmi`, each perhaps in a `.zip` with `TypeSystem.xml`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from harness.errors import InputError
from harness.formats.cas_values import Cas, cas_from_json, cas_from_xmi, supertypes
from harness.formats.files import files_below, opened, too_large
from harness.formats.packed import stem_of

__all__ = ["CURATED", "CasFile", "cas_files", "names_in_zip"]

CURATED = "CURATION_USER"
_INITIAL = "INITIAL_CAS"
_TYPES = "TypeSystem.xml"
_SUFFIXES = (".xmi", ".json", ".zip")
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError),
    *(OSError, KeyError),
)


class CasFile(NamedTuple):
    """One CAS: the path that was named, and where below it the file is; empty for the path."""

    path: Path
    name: str
    most: int
    """MiB that a zip may unpack to."""

    @property
    def shown(self) -> Path:
        return self.path / self.name if self.name else self.path

    def load(self) -> Cas:
        """What the file holds, with the supertypes of a type system beside it.

        Raises `InputError` for a zip that cannot be unpacked or unpacks to too much; what
        `cas_values` raises.
        """
        data = _bytes(self.path, self.name, self.most)
        if data is None:
            raise InputError("is not there any more", path=self.shown)
        shown, types = self.shown, None
        if shown.suffix == ".zip":
            inner = [name for name in _names(data, shown) if name.endswith(".xmi")]
            if len(inner) != 1:
                raise InputError(f"holds {len(inner)} .xmi files, expected one", path=shown)
            types = _member(data, _TYPES, shown, self.most)
            data = _member(data, inner[0], shown, self.most) or b""
            shown = shown / inner[0]
        if shown.suffix == ".json" or data[:1] == b"{":
            return cas_from_json(data, shown)
        cas = cas_from_xmi(data, shown)
        types = types or self._types()
        if types is not None:
            cas.parents |= supertypes(types, shown.with_name(_TYPES))
        return cas

    def _types(self) -> bytes | None:
        """The type system beside the file, or at the top of a folder or zip."""
        if not self.name:
            return _bytes(self.path.parent, _TYPES, self.most)
        beside = str(PurePosixPath(self.name).with_name(_TYPES))
        return _bytes(self.path, beside, self.most) or _bytes(self.path, _TYPES, self.most)


def cas_files(path: Path, most: int) -> dict[str, dict[str, CasFile]]:
    """Document -> annotator -> file, both sorted; the annotator is `""` where none is named.

    Raises `InputError` where there is none.
    """
    if path.is_dir():
        names = [
            f"{name}{suffix}" for suffix in _SUFFIXES for name in sorted(files_below(path, suffix))
        ]
    elif _is_zip(path):
        names = names_in_zip(path)
    else:
        return {stem_of(path): {"": CasFile(path, "", most)}}
    found: dict[str, dict[str, CasFile]] = {}
    for name in names:
        if (place := _place(name)) is not None:
            document, annotator = place
            found.setdefault(document, {})[annotator] = CasFile(path, name, most)
    if not found:
        raise InputError("holds no .xmi file", path=path, hint="expected <document>.xmi")
    for by in found.values():
        if len(by) > 1:
            by.pop(_INITIAL, None)  # as the document was before anybody began
    return dict(sorted(found.items()))


def _place(name: str) -> tuple[str, str] | None:
    """Document and annotator of a file; `None` for what is no CAS."""
    parts = PurePosixPath(name).parts
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    if suffix not in _SUFFIXES:
        return None
    if len(parts) >= 3 and parts[-3] in ("annotation", "curation"):
        return parts[-2], CURATED if parts[-3] == "curation" else stem
    return (str(PurePosixPath(name).with_suffix("")), "") if suffix == ".xmi" else None


def _is_zip(path: Path) -> bool:
    with opened(path, "a CAS file") as handle:
        return bool(handle.read(4) == b"PK\x03\x04")


def names_in_zip(path: Path) -> list[str]:
    """The names of the files in a zip, sorted. Raises `InputError` for one that cannot be read."""
    with opened(path, "a zip file") as handle, _unpacking(path):
        return sorted(zipfile.ZipFile(handle).namelist())


def _names(data: bytes, path: Path) -> list[str]:
    with _unpacking(path):
        return zipfile.ZipFile(BytesIO(data)).namelist()


def _bytes(path: Path, name: str, most: int) -> bytes | None:
    """A file, or what a folder or zip holds under a name; `None` where there is nothing."""
    if path.is_dir():
        return _bytes(path / name, "", most) if (path / name).is_file() else None
    with opened(path, "a CAS file") as handle:
        return _member(handle, name, path, most) if name else bytes(handle.read())


def _member(archive: bytes | IO[bytes], name: str, path: Path, most: int) -> bytes | None:
    with _unpacking(path):
        opened_ = zipfile.ZipFile(BytesIO(archive) if isinstance(archive, bytes) else archive)
        if name not in opened_.namelist():
            return None
        with opened_.open(name) as member:
            data = member.read((most << 20) + 1)
    if len(data) > most << 20:
        raise too_large(path / name, most)
    return data


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(
            f"cannot be unpacked: {str(error) or type(error).__name__}",
            path=path,
            hint="expected a zip archive without a password",
        ) from None
