"""A panel of the page: one ranking, with everything that it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decide.choose import Choice, choose
from harness.decide.constraints import Constraints
from harness.decide.profile import Profile, profile
from harness.decide.ranking import Ranking
from harness.errors import HarnessError
from harness.report.figures.errors import class_figure, confusion_figure
from harness.report.figures.figure import Chart
from harness.report.figures.ranking import cost_figures, ranking_figure
from harness.report.figures.types import bar_figure, heat_figure
from harness.report.page.documents import Documents, pack_documents
from harness.report.page.grid import Grid
from harness.report.page.grids import (
    confusion_grid,
    detail_grid,
    error_grid,
    heat_grid,
    ranking_grid,
)
from harness.report.page.perturbed import PerturbedTexts, stress_sections
from harness.report.page.thresholds import threshold_sections
from harness.report.page.verdict import verdict
from harness.report.page.why import (
    MOST_EXPLAINED,
    WhySection,
    examples_of,
    explained_of,
    explained_sections,
)
from harness.report.run import signatures
from harness.results.load import check_whole
from harness.results.record import RunRecord
from harness.tasks.parts import f_name

__all__ = ["Panel", "panel_figures", "panel_of"]


@dataclass(frozen=True, slots=True)
class Panel:
    """What a tab shows. `figures` go by where they stand."""

    title: str
    gold: str
    verdict: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Name and value: the gold, the signature, what was replayed."""
    ranking: Grid
    heat: Grid | None
    details: Grid | None
    errors: Grid | None
    confusions: tuple[Grid, ...]
    """One for each backend."""
    figures: Mapping[str, tuple[Chart, ...]]
    word: str
    """What the task calls a part."""
    measured: bool
    """Whether any backend has counts."""
    documents: Documents | None
    why: tuple[WhySection, ...]
    """Why the scores are what they are, from above to below."""


def panel_of(
    ranking: Ranking,
    record: RunRecord,
    *,
    run: str = "",
    room: int | None = None,
    explained: int = MOST_EXPLAINED,
    texts: PerturbedTexts | None = None,
) -> Panel:
    """The panel of a ranking; `run` names the run where a page has several, and without `room`
    no texts are packed. Scores of up to `explained` documents are explained; `texts` is what became
    of the run's backends on perturbed ones."""
    task, gold = ranking.task, ranking.gold
    # Runs beside each other may have been counted in different schemas.
    met = ranking.schema or (ranking.real[0].signature.schema if run and ranking.real else "")
    schema = f", {met}" if met and task.labelled else ""
    short = f"{gold.name}: {task.title}{schema}"
    title = f"{run}: {short}" if run else short
    choice, why_not = _choice(ranking, record)
    details = profile(ranking.real, resamples=ranking.resamples or 1, seed=ranking.seed)
    f = f_name(ranking.real[0].parts[0].beta if ranking.real else 1.0)
    reasons = explained_of(ranking, explained)
    documents = (
        None
        if room is None
        else pack_documents(
            ranking.real, room=room, setting=reasons.setting, wanted=examples_of(reasons)
        )
    )
    labels = documents.labels if documents else ()
    # What became of a mention is told as under the default match.
    as_listed = all(task.match(one.options) == task.match(task.options()) for one in ranking.real)
    return Panel(
        title=title,
        gold=gold.name,
        verdict=tuple(verdict(choice)) if choice else (why_not,),
        facts=tuple(_facts(ranking, record, choice)),
        ranking=ranking_grid(ranking),
        heat=heat_grid(details, task.part_word, f, labels),
        details=detail_grid(details, task.part_word, f, documents, sides=as_listed),
        errors=error_grid(details),
        confusions=tuple(
            confusion_grid(details, name, documents)
            for name in details.confusion
            if details.confusion[name]
        ),
        figures=panel_figures(ranking, choice, details, title, f),
        word=task.part_word,
        measured=bool(ranking.real),
        documents=documents,
        why=(
            *explained_sections(ranking, reasons, documents, title),
            *stress_sections(texts or PerturbedTexts(), ranking),
            *threshold_sections(ranking, explained),
        ),
    )


def panel_figures(
    ranking: Ranking, choice: Choice | None, details: Profile, title: str, f: str
) -> dict[str, tuple[Chart, ...]]:
    """Every figure of a ranking, by the place where it stands."""
    word = ranking.task.part_word
    groups: dict[str, Sequence[Chart | None]] = {
        "ranking": [ranking_figure(ranking, title)],
        "costs": cost_figures(choice, title) if choice else [],
        "types": [heat_figure(details, title, f, word), bar_figure(details, title, f, word)],
        "errors": [class_figure(details, title)],
        "confusion": [confusion_figure(details, name, title) for name in details.backends],
    }
    return {
        place: tuple(one for one in figures if one is not None) for place, figures in groups.items()
    }


def _choice(ranking: Ranking, record: RunRecord) -> tuple[Choice | None, str]:
    """What `harness choose` says of these backends without any wish; `None` where it cannot, and
    why."""
    if not ranking.real:
        return None, "Nothing was measured."
    try:
        check_whole(record, "this")
        choice = choose(
            ranking.real,
            Constraints(task=ranking.task.name),
            ran_offline=bool(record.options.get("offline")),
            resamples=ranking.resamples,
            seed=ranking.seed,
            known=ranking.among,
        )
    except HarnessError as error:
        return None, f"No backend can be chosen: {error}"
    return choice, ""


def _facts(ranking: Ranking, record: RunRecord, choice: Choice | None) -> list[tuple[str, str]]:
    gold = ranking.gold
    said = f"{gold.name}, version {gold.version or 'not stated'}, digest {gold.digest[:8]}"
    facts = [
        (
            "gold",
            f"{said}; {gold.documents:,} documents, {gold.words:,} words, "
            f"{gold.characters:,} characters",
        ),
    ]
    facts += [("signature", one) for one in signatures(ranking)]
    replayed = [
        f"{one.backend} ({one.costs.replayed:,} of {one.documents:,} documents)"
        for one in (row.result for row in ranking.rows)
        if one.costs.replayed
    ]
    if ranking.real:
        facts.append(("replayed", ", ".join(replayed) or "nothing: every answer is of this run"))
    if choice and choice.reasons:
        facts.append(("why", "; ".join(choice.reasons)))
    return facts
