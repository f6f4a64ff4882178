"""Tell a webhook, in a small JSON."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from mlops_lite.errors import InvalidInputError
from mlops_lite.monitoring.report import Report
from mlops_lite.store import Store

__all__ = ["Notify", "build"]

_FINDINGS = 10


def _web(_: Any, __: Any, url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise InvalidInputError(f"{url!r} is no address of a webhook.", remedy="Write https://….")


@attrs.frozen
class Notify:
    """Send a small JSON to a webhook when an alert opens.

    The text is in ``text``, which chat services show; the facts are beside it: ``monitor``, ``report``, ``ok``,
    ``rows``, ``at``, ``opened``, ``closed``, ``findings`` (the first ten, each with ``column``, ``kind``,
    ``severity``, ``sentence``).

    Parameters
    ----------
    url : str
        It is stored with the monitor: give one whose secret others of the store may know.
    tries : int
        How often, if the other side does not answer or says that it is busy.
    wait_s : float
        Before the second try; doubled each time.
    timeout_s : float
        Of one try.

    Examples
    --------
    >>> Notify("https://example.org/hook").describe()
    {'url': 'https://example.org/hook', 'tries': 4, 'wait_s': 1.0, 'timeout_s': 10.0}
    """

    action: ClassVar[str] = "notify"
    url: str = attrs.field(validator=_web)
    tries: int = 4
    wait_s: float = 1.0
    timeout_s: float = 10.0

    def describe(self) -> dict[str, Any]:
        """Give its settings."""
        return attrs.asdict(self)

    def act(self, report: Report, store: Store) -> str:
        """Send it."""
        data = json.dumps(message(report)).encode()
        wait = self.wait_s
        for turn in range(1, self.tries + 1):
            try:
                return self._send(data)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code < 500 and error.code not in (408, 429):
                    raise  # it will not like it any better the next time
                trouble: Exception = error
            except OSError as error:
                trouble = error
            if turn < self.tries:
                time.sleep(wait)
                wait *= 2
        raise trouble

    def _send(self, data: bytes) -> str:
        request = urllib.request.Request(self.url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
            return f"{answer.status} {answer.reason}"

    def __call__(self, report: Report) -> str:
        """Send it now."""
        from mlops_lite import workspace

        return self.act(report, workspace.store())


def message(report: Report) -> dict[str, Any]:
    """Say what a report found, for a program and for a person."""
    found = [
        {"column": each.column, "kind": each.kind, "severity": each.severity, "sentence": each.sentence}
        for each in report.findings[:_FINDINGS]
    ]
    return {
        "text": report.summary()[:4000],
        "monitor": report.ref.name,
        "report": str(report.ref),
        "ok": report.ok,
        "rows": report.rows,
        "at": report.at.isoformat(),
        "opened": list(report.opened),
        "closed": list(report.closed),
        "findings": found,
    }


def build(settings: Mapping[str, Any]) -> Notify:
    """Build it from its settings."""
    return Notify(**settings)
