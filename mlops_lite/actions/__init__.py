"""Actions: what a monitor does when an alert opens. Stored with the monitor, done once across processes.

An action is a file with a ``build(settings)``; what it builds has a name ``action`` (that of the file), ``describe()``
for its settings, and ``act(report, store)``, which says what came of it.

Examples
--------
>>> import mlops_lite as ml
>>> with ml.Store("memory://actions-example"):
...     monitor = ml.Monitor("heights", reference={"x": list(range(500))})
...     _ = monitor.on_alert(ml.actions.rollback("prod"))
...     monitor.on_alert(ml.actions.notify("https://chat.example.org/hook"))
<Monitor 'heights' in memory://actions-example>
"""

from __future__ import annotations

from mlops_lite.actions import notify as _notify
from mlops_lite.actions import retrain as _retrain
from mlops_lite.actions import rollback as _rollback

__all__ = ["notify", "retrain", "rollback"]

notify = _notify.Notify
retrain = _retrain.Retrain
rollback = _rollback.Rollback
