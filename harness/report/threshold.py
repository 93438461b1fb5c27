"""Tables of thresholds: what each gives, which to take, and what confidences are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.decide.threshold.analyse import LeftOut, System
from harness.decide.threshold.crossfit import Best
from harness.decide.threshold.curve import some_points
from harness.decide.threshold.guarantee import Guarantee
from harness.report.method import between, points, resampling, scope, shared
from harness.table import Cell, Table, Toned, number, plural
from harness.tasks.parts import f_name

__all__ = ["left_out_lines", "shown_threshold", "suggestion", "threshold_tables", "threshold_title"]

_ROWS = 10
"""Of the curve in the table; JSON has all."""


def threshold_title(system: System) -> str:
    """What it is about: `seeds (ner): transformers/reference, all`."""
    return f"{system.gold} ({system.task}): {system.backend}, {system.part}"


def shown_threshold(value: float) -> str:
    """A threshold with all its digits: another number may cut elsewhere."""
    return repr(value) if value else "0"


def threshold_tables(system: System) -> list[Table]:
    """What some thresholds give, with the recommendations in the notes; then the bins of
    confidences, where there are any."""
    tables = [_curve_table(system)]
    if system.calibration is not None:
        tables.append(_calibration_table(system))
    return tables


def _curve_table(system: System) -> Table:
    f = f_name(system.beta)
    rows: list[tuple[Cell, ...]] = [
        (
            f"{one.threshold:.4f}",
            number(one.precision),
            number(one.recall),
            number(one.f),
            one.right,
            one.predicted,
        )
        for one in some_points(system.curve[system.part], _ROWS)
    ]
    headers = ("from", "P", "R", f, "right", "predicted")
    title = f"{threshold_title(system)}, what each threshold leaves"
    return Table(title, headers, tuple(rows), tuple(_notes(system, f)), ("right", "predicted"))


def _notes(system: System, f: str) -> Iterator[str]:
    yield system.signature
    yield (
        f"On the documents themselves: {plural(system.predicted, 'prediction')}, "
        f"{plural(system.mentions, 'gold mention')}, {plural(system.documents, 'document')}. What "
        "a backend does not answer at all no threshold brings back."
    )
    if system.best is not None:
        yield from _best(system.best, system.backend, f)
    if system.guarantee is not None:
        yield _guaranteed(system.guarantee)
    yield from system.notes
    made = resampling(system.unit, system.resamples, system.seed, documents=system.documents)
    yield " ".join(filter(None, (f"Intervals: 95 %, {made}.", scope(system.unit))))


def _best(best: Best, backend: str, f: str) -> Iterator[str]:
    if best.threshold == 0:
        yield Toned(f"{backend}: {f} is best without a threshold.", "best")
    else:
        what = f"{backend}: {suggestion(best)}; without one it is {number(best.now)}."
        yield Toned(what, "best") if best.better else what
    if best.threshold and not best.better:
        why = best.lacking or "the interval of the gain does not lie above 0"
        yield f"Nothing says that a threshold raises {f}: {why}."
    yield (
        f"Cross-fitted: each document is measured at the threshold that others gave, from "
        f"{shown_threshold(best.lowest)} to {shown_threshold(best.highest)}."
    )


def suggestion(best: Best) -> str:
    """`with ?threshold=0.62 its F1 would be 0.813 [0.790, 0.835] (cross-fitted, +1.2 ...)`."""
    value = shown_threshold(best.threshold)
    where = f"?threshold={value}" if best.option else f"a threshold of {value}"
    return (
        f"with {where} its {f_name(best.beta)} would be "
        f"{number(best.f)} {between(best.interval)} (cross-fitted, {points(best.gain)} "
        f"{between(best.gain_interval, in_points=True)} points)"
    )


def _guaranteed(one: Guarantee) -> str:
    wanted = f"a recall of {one.recall:g} with {100 * one.confidence:g} % confidence"
    if one.threshold is None:
        return f"No threshold guarantees {wanted}: {one.lacking}."
    return (
        f"Up to a threshold of {shown_threshold(one.threshold)} there is {wanted} on documents of "
        f"the same kind ({one.mentions} gold mentions, worth {one.effective:.0f} independent); "
        f"precision there is {number(one.precision)} {between(one.precision_interval)} "
        f"(cross-fitted), without a threshold {number(one.precision_now)}."
    )


def _calibration_table(system: System) -> Table:
    found = system.calibration
    assert found is not None
    rows: list[tuple[Cell, ...]] = [
        (
            f"{one.low:.3f} to {one.high:.3f}",
            one.n,
            number(one.confidence),
            number(one.right),
            between(one.interval),
        )
        for one in found.bins
    ]
    notes = [
        f"Expected calibration error {number(found.ece)} in {plural(len(found.bins), 'bin')} of "
        "equal mass, the noise of the bins included; without that "
        f"{number(found.corrected)} {between(found.interval.bounds)}."
    ]
    notes += shared([("", "no interval", found.interval.lacking)])
    return Table(
        f"{threshold_title(system)}, are confidences probabilities?",
        ("confidence", "n", "mean", "share right", "95 % CI"),
        tuple(rows),
        tuple(notes),
    )


def left_out_lines(left: Sequence[LeftOut]) -> list[str]:
    """A line for all backends of which the same is said."""
    return list(shared((f"{one.backend} ({one.gold})", "left out", one.reason) for one in left))
