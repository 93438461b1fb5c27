"""What the rules are, as a digest: a changed rule or word list never answers from a stale cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness import paragraphs
from harness.adapter import ModelIdentity
from harness.adapters._attribution import lexicon, names
from harness.digest import digest_files, digest_text
from harness.quotation import doubles, regions, singles
from harness.tasks.attribution import kinds

__all__ = ["rules_digest", "with_rules"]


def rules_digest(*adapters: Path) -> str:
    """sha256 over rule modules, word lists, adapters' own files, the rules of kinds and lines."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), lexicon.VERBS_FILE, names.SPEAKERS_FILE, *adapters]
    of_kinds = [Path(str(module.__file__)) for module in (kinds, doubles, singles, regions)]
    lines = Path(str(paragraphs.__file__))
    return digest_text(
        digest_files(files, root=here.parent)
        + digest_files(of_kinds, root=of_kinds[0].parents[2])
        + digest_files([lines], root=lines.parent)
    )


def with_rules(identity: ModelIdentity, *adapters: Path) -> ModelIdentity:
    """The model's identity with the digest of our own rules beside it."""
    return replace(identity, notes={**identity.notes, "rules": rules_digest(*adapters)})
