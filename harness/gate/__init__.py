"""The CI gate: has a score really dropped?

A drop fails when it is larger than the rule's margin *and* its paired bootstrap interval lies
below zero; the level of the interval is adjusted for the number of checks (Bonferroni), so that
noise alone fails a whole check in fewer than 5 of 100 runs. A document that had several right
mentions and has none fails by itself, and so does a pinned mention that is not found. Types with
little support warn. Whatever the baseline has and the run has not is an error of its own: the gate
never passes by absence.
"""

from harness.gate.check import check
from harness.gate.verdicts import GateReport, Status, Verdict

__all__ = ["GateReport", "Status", "Verdict", "check"]
