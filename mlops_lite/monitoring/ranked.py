"""What matters most comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_lite.monitoring.finding import Finding

__all__ = ["ranked"]

_GRAVE = {"alert": 0, "warning": 1, "info": 2, "ok": 3}


def ranked(findings: Iterable[Finding], importance: Mapping[str, float]) -> list[Finding]:
    """Order findings: gravest first, then by effect times importance.

    Effects of different kinds are made comparable by what they must reach to count. Without importances all columns
    weigh the same; what concerns the whole table or the model comes before single columns.

    Parameters
    ----------
    findings : iterable of Finding
    importance : mapping of str to float
        By column; a column that it does not name weighs nothing beside those that it does.
    """
    top = max(importance.values(), default=1.0) or 1.0

    def place(finding: Finding) -> tuple[int, bool, float, str]:
        weight = 1.0 if not importance else importance.get(finding.column or "", 0.0) / top
        effect = abs(finding.effect) / finding.threshold if finding.effect and finding.threshold else 0.0
        return _GRAVE[finding.severity], finding.column is not None, -effect * weight, finding.key

    return sorted(findings, key=place)
