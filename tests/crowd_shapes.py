"""Mentions that all overlap, in several shapes; as a program, the table of docs/performance.md."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable

from harness.tasks.ner.matching import MentionKey, align_mentions

Side = set[MentionKey]

# Shapes of m mentions a side; labels are drawn where there are several.


def flat_and_nested(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    return {(5 * i, 5 * i + 4, label()) for i in range(m)}, {
        (0, 5 * i + 4, label()) for i in range(m)
    }


def both_nested(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    draw = random.Random(m)
    one, other = ({(0, draw.randrange(1, 9 * m), label()) for _ in range(m)} for _ in range(2))
    return one, other


def dolls(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    gold = {(2 * i, 9 * m - 2 * i, label()) for i in range(m)}
    return gold, {(2 * i + 1, 9 * m - 2 * i - i % 2, label()) for i in range(m)}


def staircases(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    gold = {(i, i + m, label()) for i in range(m)}
    return gold, {(i + m // 3, i + m + m // 3, label()) for i in range(m)}


def nested_and_staircase(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    return {(0, 5 * i + 4, label()) for i in range(m)}, {(i, i + m, label()) for i in range(m)}


def scattered(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    draw = random.Random(m)

    def side() -> Side:
        starts = [draw.randrange(6 * m) for _ in range(m)]
        return {(start, start + draw.randint(1, 3 * m), label()) for start in starts}

    return side(), side()


def one_span(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    return {(3, 9, f"G{i}") for i in range(m)}, {(3, 9, f"P{i}") for i in range(m)}


def few_spans(m: int, label: Callable[[], str]) -> tuple[Side, Side]:
    draw = random.Random(m)
    one, other = (
        {(i % 7, 20 + i % 3, f"{label()}{draw.randrange(m)}") for i in range(m)} for _ in range(2)
    )
    return one, other


SHAPES = (
    flat_and_nested,
    both_nested,
    dolls,
    staircases,
    nested_and_staircase,
    scattered,
    one_span,
    few_spans,
)


def made(shape: Callable[..., tuple[Side, Side]], m: int, letters: str) -> tuple[Side, Side]:
    draw = random.Random(len(letters))
    gold, predicted = shape(m, lambda: draw.choice(letters))
    return gold - predicted, predicted - gold


def cpu(shape: Callable[..., tuple[Side, Side]], m: int, letters: str, rounds: int) -> float:
    gold, predicted = made(shape, m, letters)
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        align_mentions(gold, predicted)
        times.append(time.process_time() - begun)
    return min(times)


if __name__ == "__main__":
    print("| | labels | 1,000 a side | 5,000 a side |\n| --- | --- | --- | --- |")
    for shape in SHAPES:
        for letters in ("A", "ABC"):
            name = shape.__name__.replace("_", " ")
            times = [
                f"{cpu(shape, m, letters, rounds):.2f}" for m, rounds in ((1000, 3), (5000, 1))
            ]
            print(f"| {name} | {len(letters)} |", " | ".join(times), "|", flush=True)
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
