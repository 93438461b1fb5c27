"""A badge in the format of shields.io's endpoint: https://shields.io/badges/endpoint-badge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.decide.gate.verdicts import GateReport
from harness.formats.files import write_text
from harness.media import one_line

__all__ = ["badge", "write_badge"]


def badge(report: GateReport) -> dict[str, Any]:
    """What the check said: the first score that was checked, or that it went wrong."""
    status = report.exit_status
    if status == 1:
        failed = len(report.having("fail"))
        return _badge("harness", f"{failed} regressed", "red")
    if status == 3:
        return _badge("harness", "not measured", "lightgrey")
    scored = [verdict for verdict in report.verdicts if verdict.current is not None]
    if not scored:
        return _badge("harness", "passing", "brightgreen")
    first = scored[0]
    label = f"{first.backend} on {first.gold}"
    metric = first.metric.upper() if first.metric == "f1" else first.metric
    return _badge(label, f"{first.part} {metric} {first.current:.3f}", "brightgreen")


def write_badge(path: str | Path, report: GateReport) -> None:
    """Write it, whole or not at all."""
    write_text(path, json.dumps(badge(report), ensure_ascii=False, indent=2) + "\n")


def _badge(label: str, message: str, colour: str) -> dict[str, Any]:
    return {
        "schemaVersion": 1,
        "label": one_line(label, 60),
        "message": one_line(message, 60),
        "color": colour,
    }
