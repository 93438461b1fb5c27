"""The gate's verdicts as JUnit XML, which every CI service can show."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from harness.decide.gate.verdicts import GateReport, Verdict
from harness.formats.files import write_text
from harness.media import xml_text
from harness.report.gate import gate_lines

__all__ = ["junit_xml", "write_junit"]


def junit_xml(report: GateReport) -> str:
    """One test suite per gold set and task, one test case per check.

    A regression is a failure, what could not be checked an error; warnings are in system-out.
    """
    root = ElementTree.Element("testsuites", name="harness check")
    suites: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        suites.setdefault(f"{verdict.gold or 'run'} {verdict.task or ''}".strip(), []).append(
            verdict
        )
    for name, verdicts in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", name=xml_text(name))
        for verdict in verdicts:
            _case(suite, verdict)
        for key, count in (
            ("tests", len(verdicts)),
            ("failures", sum(verdict.status == "fail" for verdict in verdicts)),
            ("errors", sum(verdict.status == "error" for verdict in verdicts)),
        ):
            suite.set(key, str(count))
    lines = [report.headline, *report.notes, *gate_lines(report)]
    if len(root):
        ElementTree.SubElement(root[-1], "system-out").text = xml_text("\n".join(lines))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def write_junit(path: str | Path, report: GateReport) -> None:
    """Write it, whole or not at all."""
    write_text(path, '<?xml version="1.0" encoding="utf-8"?>\n' + junit_xml(report))


def _case(suite: ElementTree.Element, verdict: Verdict) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=xml_text(verdict.backend or "run"),
        name=xml_text(f"{verdict.part} {verdict.metric}".strip() or verdict.code),
    )
    message = xml_text(verdict.message)
    if verdict.status in ("fail", "error"):
        tag = "failure" if verdict.status == "fail" else "error"
        ElementTree.SubElement(case, tag, type=verdict.code, message=message).text = message
    elif verdict.status == "warn":
        ElementTree.SubElement(case, "system-out").text = f"warning: {message}"
