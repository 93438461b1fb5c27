"""Tables of a stress run: how scores bend, which mentions are lost, whether answers are stable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.annotation import printable
from harness.decide.stress.result import LostMention, Stress, StressRow
from harness.media import one_line
from harness.report.method import between, p_value, points, resampling, scope, shared
from harness.results.certificate import Instability, Trial
from harness.results.outcomes import Mention
from harness.table import UNDEFINED, Cell, Table, Tone, Toned, listed, number, plural
from harness.tasks.parts import f_name

__all__ = [
    "by_gold",
    "certificate_lines",
    "certificate_tables",
    "lost_lines",
    "overview_table",
    "stress_table",
    "stress_tables",
]

_TONES: dict[str, Tone] = {"worse": "bad", "better": "good", "not compared": "doubtful"}
_SHOWN_UNDER = 6
"""So many perturbations that lose a mention are named."""
_SHOWN_TEXT = 200
"""Characters of a smallest text."""


def stress_tables(found: Sequence[Stress]) -> list[Table]:
    """An overview for each gold set and task, then a table for each backend."""
    out = []
    for ours in by_gold(found):
        if len(ours) > 1:
            out.append(overview_table(ours))
        out += map(stress_table, ours)
    return out


def by_gold(found: Sequence[Stress]) -> list[list[Stress]]:
    """The backends of each gold set and task, in the order given."""
    groups: dict[tuple[str, str], list[Stress]] = {}
    for one in found:
        groups.setdefault((one.gold, one.task), []).append(one)
    return list(groups.values())


def overview_table(found: Sequence[Stress]) -> Table:
    """Backends on one gold set and task: the worst perturbation of each, and how many tell."""
    first = found[0]
    f = f_name(first.beta)
    rows = []
    for one in found:
        worst = one.worst
        verdicts = [row.verdict for row in one.rows]
        rows.append(
            (
                one.backend,
                number(one.f1),
                UNDEFINED if worst is None else worst.called,
                _difference(worst),
                str(verdicts.count("worse")),
                str(verdicts.count("better")),
                str(verdicts.count("same")),
                str(len(verdicts)),
            )
        )
    return Table(
        f"{first.gold} ({first.task}), perturbed: overview",
        ("backend", f, "worst", "difference", "worse", "better", "same", "of"),
        tuple(rows),
        ("Worse, better: by Holm's correction over all perturbations of a backend.",),
        optional=("of", "same", "better"),
    )


def stress_table(found: Stress) -> Table:
    """A row for each perturbation and level of one backend."""
    f = f_name(found.beta)
    headers = ("perturbation", f, "difference", "CI of difference", "p (Holm)")
    return Table(
        f"{found.backend} on {found.gold} ({found.task}), perturbed: {f} {number(found.f1)} as it "
        f"is, {between(found.interval.bounds)}",
        (*headers, "", "changed", "lost"),
        tuple(map(_row, found.rows)),
        tuple(_notes(found)),
        optional=("changed", "CI of difference", "lost"),
    )


def _row(row: StressRow) -> tuple[Cell, ...]:
    tested = row.row
    tone = _TONES.get(row.verdict)
    failed = f" ({row.failed} of {row.documents} failed)" if row.failed else ""
    return (
        f"{row.called}{failed}",
        number(row.whole),
        _difference(row),
        between(tested.paired.bounds if tested and tested.paired else None, in_points=True),
        UNDEFINED if tested is None else p_value(tested.adjusted, exact=tested.exact),
        Toned(row.verdict, tone) if tone else row.verdict,
        f"{row.changed}/{row.documents}",
        UNDEFINED if row.lost is None else str(len(row.lost)),
    )


def _difference(row: StressRow | None) -> str:
    return points(None if row is None or row.row is None else row.row.difference)


def _notes(found: Stress) -> Iterator[str]:
    yield found.signature
    drawn = resampling(
        found.unit, found.resamples, found.seed, paired=True, documents=found.documents
    )
    yield " ".join(
        filter(
            None,
            (
                f"Differences in points, on the units that both have. CI: {drawn}.",
                f"Holm's correction over {plural(found.tests, 'test')}.",
                "Same: every count is.",
                scope(found.unit),
            ),
        )
    )
    still = [row.called for row in found.rows if not row.changed]
    if still:
        yield f"changes no document of {found.gold}: {listed(still)}"
    for row in found.rows:
        if row.left_out:
            units = plural(row.left_out, found.unit or "unit")
            yield (
                f"{row.called}: {units} are no longer there and left out on both sides; on the "
                f"others {number(row.reference)} as it is"
            )
        if row.gone:
            yield f"{row.called}: {plural(row.gone, 'annotation')} no longer there"
        if row.trouble:
            yield f"{row.called}: not compared: {row.trouble}"
    if found.without_lost:
        yield f"lost mentions are not told: {found.without_lost}"


# Mentions


def lost_lines(found: Stress, limit: int) -> list[str]:
    """The mentions that most perturbations lose, each as it is and after the first of these."""
    every = found.most_lost()
    if not every or not limit:
        return []
    tested = [row for row in found.rows if row.lost is not None]
    lines = [f"{found.backend}, found as it is and lost under most perturbations:"]
    for mention, lost in every[:limit]:
        under = listed((row.called for row, _ in lost), _SHOWN_UNDER)
        lines.append(f"  {_place(mention)}: {len(lost)} of {len(tested)}: {under}")
        row, one = lost[0]
        lines += [f"    {what}: {_passage(text)}" for what, text in _both(row, one) if text]
    if len(every) > limit:
        lines.append(f"  … and {plural(len(every) - limit, 'mention')} more")
    return lines


def _place(mention: Mention) -> str:
    return printable(f"{mention.label} {mention.document} [{mention.start}, {mention.end})")


def _both(row: StressRow, lost: LostMention) -> Iterator[tuple[str, tuple[str, str, str] | None]]:
    yield "as it is", lost.text
    yield row.called, lost.perturbed


def _passage(text: tuple[str, str, str] | None) -> str:
    before, inside, after = text or ("", "", "")
    return f"{before}[{inside}]{after}"


# Stability


def certificate_tables(trials: Sequence[Trial]) -> list[Table]:
    """For each gold set and task a row per backend, a column for each thing that was varied."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for one in trials:
        groups.setdefault((one.gold, one.task), []).append(one)
    return [_certificate(gold, task, ours) for (gold, task), ours in groups.items()]


def _certificate(gold: str, task: str, trials: Sequence[Trial]) -> Table:
    kinds = list(dict.fromkeys(one.varied for one in trials if one.varied != "all"))
    rows: dict[str, dict[str, Trial]] = {}
    for one in trials:
        rows.setdefault(one.backend, {})[one.varied] = one
    hows = {one.varied: one.how for one in trials if one.how}
    tried = ", ".join(f"{kind} ({hows[kind]})" if kind in hows else kind for kind in kinds)
    said = (
        (one.backend, "" if one.varied == "all" else one.varied, one_line(one.trouble))
        for one in trials
        if one.trouble
    )
    return Table(
        f"stability on {gold} ({task}): texts whose answer changes, of all",
        ("backend", *kinds),
        tuple(
            (backend, *(_changed(found.get(kind)) for kind in kinds))
            for backend, found in rows.items()
        ),
        (
            f"Tried: {tried}. Of the full stop at the end: whether anything changes that is said "
            "of what stands before the last word.",
            *shared(said),
        ),
    )


def _changed(trial: Trial | None) -> Cell:
    if trial is None or trial.trouble:
        return UNDEFINED
    said = f"{trial.changed}/{trial.texts}"
    return Toned(said, "bad") if trial.changed else said


def certificate_lines(trials: Sequence[Trial]) -> list[str]:
    """The smallest text of each finding, with what was said of it before and after."""
    lines = []
    for one in trials:
        if one.example is not None:
            how = f" ({one.how})" if one.how else ""
            lines.append(f"{one.backend} on {one.gold} ({one.task}): {one.varied}{how}:")
            lines += _example(one.example)
    return lines


def _example(found: Instability) -> Iterator[str]:
    if not found.again:
        yield f"  {printable(found.document)}: it did not come again when asked about by itself"
        return
    text = printable(found.text)
    cut = text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"
    yield f"  {printable(found.document)}: smallest text of {len(found.text):,} characters: “{cut}”"
    yield f"    before: {listed(map(printable, found.before), 3) or 'nothing'}"
    yield f"    after: {listed(map(printable, found.after), 3) or 'nothing'}"
