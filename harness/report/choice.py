"""Tables of a choice, of what backends find together, and of an audit."""

from __future__ import annotations

from collections.abc import Iterator

from harness.decide.audit import Audit, Suspect
from harness.decide.choose import Choice
from harness.decide.complement import Complement
from harness.report.method import between, mean_over, resampling, scope, shared
from harness.report.threshold import suggestion
from harness.results.outcomes import in_text
from harness.results.signature import Signature
from harness.table import UNDEFINED, Cell, Table, Toned, megabytes, number, quantity
from harness.tasks.parts import metric_title

__all__ = ["audit_lines", "choice_table", "complement_tables"]

_HEADERS = (
    "backend", "qualifies", "quality", "95 % CI", "P", "R", "P(best)", "front", "docs/s",
    "words/s", "load s", "peak MB", "model MB", "code", "model",
)  # fmt: skip
_OPTIONAL = (
    "model MB", "load s", "docs/s", "code", "model", "front", "peak MB", "words/s", "R", "P",
)  # fmt: skip
_RULES = {"one": "alone", "any": "union", "all": "intersection", "most": "majority"}


def choice_table(choice: Choice) -> Table:
    """A row per candidate, best first among those that qualify; the verdict in the notes."""
    best = (choice.recommended, *choice.tied)
    rows: list[tuple[Cell, ...]] = []
    for candidate in choice.candidates:
        probability = candidate.best_probability if candidate.interval is not None else None
        rows.append(
            (
                Toned(candidate.name, "best") if candidate.name in best else candidate.name,
                "yes" if candidate.qualifies else Toned("no", "bad"),
                number(candidate.quality),
                between(candidate.interval),
                number(candidate.precision),
                number(candidate.recall),
                UNDEFINED if probability is None else f"{probability:.2f}",
                "*" if candidate.pareto else "",
                quantity(candidate.documents_per_second),
                quantity(candidate.words_per_second),
                quantity(candidate.load_seconds),
                megabytes(candidate.peak_memory_bytes),
                megabytes(candidate.model_bytes),
                candidate.code_licence or UNDEFINED,
                candidate.model_licence or UNDEFINED,
            )
        )
    title = f"{choice.gold} ({choice.task}): choosing for {choice.part}"
    return Table(title, _HEADERS, tuple(rows), tuple(_notes(choice)), _OPTIONAL)


def complement_tables(complement: Complement) -> list[Table]:
    """Scores of combinations, and who finds what others miss."""
    combined = Table(
        f"{complement.gold} ({complement.task}): backends together",
        ("rule", "backends", "P", "R", "F1", "right", "predicted", "gold"),
        tuple(
            (
                _RULES[one.rule],
                " + ".join(one.names),
                number(one.precision),
                number(one.recall),
                number(one.f1),
                one.right,
                one.predicted,
                one.gold,
            )
            for one in complement.combinations
        ),
        (
            complement.signature,
            complement.same,
            f"{complement.nobody} gold mentions are found by none of them.",
        ),
        ("gold", "predicted", "right"),
    )
    names = list(complement.matrix)
    matrix = Table(
        "Gold mentions that the row finds and the column misses",
        ("backend", *names, "it alone finds"),
        tuple(
            (a, *(complement.matrix[a].get(b) for b in names), complement.only[a]) for a in names
        ),
    )
    return [combined, matrix]


def audit_lines(audit: Audit, *, limit: int | None = None) -> Iterator[str]:
    """The review list with context."""
    yield (
        f"{audit.gold} ({audit.task}): {len(audit.against)} mentions on which {audit.agree} of "
        f"{len(audit.backends)} backends agree against the gold"
    )
    yield from _candidates(audit.against, audit, limit)
    yield f"{len(audit.missed)} gold mentions that none of {', '.join(audit.backends)} finds"
    yield from _candidates(audit.missed, audit, limit)


def _candidates(candidates: tuple[Suspect, ...], audit: Audit, limit: int | None) -> Iterator[str]:
    for candidate in candidates[:limit]:
        line = f"  {in_text(candidate.mention, audit.texts)}"
        if candidate.gold:
            others = ", ".join(f"{o.label} [{o.start}, {o.end})" for o in candidate.gold)
            line += f"  (gold: {others})"
        yield line
    if limit is not None and len(candidates) > limit:
        yield f"  … and {len(candidates) - limit} more"


def _notes(choice: Choice) -> Iterator[str]:
    yield choice.signature
    if choice.recommended:
        yield f"Recommended: {choice.recommended}."
    for reason in choice.reasons:
        yield f"- {reason}"
    for candidate in choice.candidates:
        if candidate.name == choice.recommended or candidate.name in choice.tied:
            for trap in candidate.traps:
                yield f"Beware, {candidate.name}: {trap}"
    for candidate in choice.candidates:
        if candidate.threshold is not None:
            yield f"{candidate.name}: {suggestion(candidate.threshold)}"
    for candidate in choice.candidates:
        if candidate.obstacles:
            yield f"{candidate.name} does not qualify: {'; '.join(candidate.obstacles)}"
    if choice.metric != "f1":
        yield f"Quality is {metric_title(choice.metric)}."
    if choice.part == "macro":
        yield f"macro: {mean_over(choice.types)}."
    yield from shared((one.name, "no interval", one.lacking) for one in choice.candidates)
    documents = Signature.parse(choice.signature).documents
    made = resampling(choice.unit, choice.resamples, choice.seed, documents=documents)
    family = (
        f" Differences: paired randomisation tests over {choice.unit}s, Holm's correction over all "
        f"{choice.pairs} pairs of those that qualify."
    )
    yield " ".join(
        filter(
            None,
            (
                "* on the Pareto front of quality, words/s and peak memory. P(best): share of "
                f"{made}, in which it is the best of those that qualify."
                f"{family if choice.pairs > 1 else ''}",
                scope(choice.unit),
            ),
        )
    )
