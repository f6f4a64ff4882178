"""What versions said, beside the labels that came later, as losses in the order in which the labels came."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlops_lite.base.record import Record
from mlops_lite.stats import metrics

if TYPE_CHECKING:
    from mlops_lite.store import Store

__all__ = ["Labelled", "Loss"]

_BLOCK = 50  # labelled rows for one value of a metric that is no mean of rows


class Loss(NamedTuple):
    """One loss (less is better): of which version, answered under which record of the deployment."""

    model: str
    deployment: int
    value: float


class _Pair(NamedTuple):
    model: str
    deployment: int
    label: Any
    said: Any
    classes: tuple[str, ...]


class Labelled:
    """Answers and labels as they come, record by record.

    A metric that is a mean of rows gives a loss a row, another one a loss for each 50 labelled rows of a version. Where
    more is better the loss is the metric with its sign turned.

    Parameters
    ----------
    metric : str
    since : int
        Answers under earlier records of the deployment do not count.
    """

    def __init__(self, metric: str, since: int) -> None:
        self.metric = metrics.get(metric)
        self.since = since
        self._answers: dict[str, _Pair] = {}  # request id -> answer without a label yet
        self._labels: dict[str, Any] = {}  # request id -> label without an answer yet
        self._blocks: dict[tuple[str, int], list[_Pair]] = defaultdict(list)

    @property
    def span(self) -> tuple[float, float] | None:
        """The range of the losses; None where a loss has no upper end."""
        if self.metric.task == "regression" or self.metric.name == "log_loss":
            return None
        return (-1.0, 0.0) if self.metric.greater_is_better else (0.0, 1.0)

    def add(self, record: Record, store: Store) -> list[Loss]:
        """Take in one record of the prediction log, and give the losses that it completes."""
        if record.action == "flush" and any(one["deployment"] >= self.since for one in record.body["counts"]):
            return self._losses(self._from_segment(record, store))
        if record.action == "label":
            return self._losses(self._from_labels(record, store))
        return []

    def _from_segment(self, record: Record, store: Store) -> list[_Pair]:
        from mlops_lite.deployment.segment import decode

        classes = {one["model"]: tuple(one.get("classes", ())) for one in record.body["counts"]}
        pairs = []
        for row in decode(store.objects.read(record.body["segment"])).to_pylist():
            said = self._said(row)
            if row["role"] != "answer" or row["deployment"] < self.since or said is None:
                continue
            answer = _Pair(row["model"], row["deployment"], None, said, classes[row["model"]])
            if row["request_id"] in self._labels:
                pairs.append(answer._replace(label=self._labels.pop(row["request_id"])))
            else:
                self._answers[row["request_id"]] = answer
        return pairs

    def _said(self, row: dict[str, Any]) -> Any:
        if self.metric.needs == "prediction":
            return row.get("prediction")
        if row.get("score") is not None:
            return row["score"]
        return [value for name, value in row.items() if name.startswith("score:") and value is not None] or None

    def _from_labels(self, record: Record, store: Store) -> list[_Pair]:
        from mlops_lite.deployment.reading import labels_of

        pairs = []
        for ids, values in labels_of(store, [record]):
            for request_id, value in zip(ids, values, strict=True):
                answer = self._answers.pop(request_id, None)
                if answer is None:
                    self._labels[request_id] = value
                else:
                    pairs.append(answer._replace(label=value))
        return pairs

    def _losses(self, pairs: list[_Pair]) -> list[Loss]:
        groups: dict[tuple[str, int], list[_Pair]] = defaultdict(list)
        for pair in pairs:
            groups[pair.model, pair.deployment].append(pair)
        return [loss for key, group in groups.items() for loss in self._of_group(key, group)]

    def _of_group(self, key: tuple[str, int], group: list[_Pair]) -> list[Loss]:
        if self.metric.rows is not None:
            values = self.metric.rows(*self._encoded(group))
        else:
            waiting = self._blocks[key]
            waiting.extend(group)
            whole = len(waiting) - len(waiting) % _BLOCK
            blocks = [waiting[start : start + _BLOCK] for start in range(0, whole, _BLOCK)]
            values = np.array([self.metric(*self._encoded(block)) for block in blocks])
            del waiting[:whole]
        sign = -1.0 if self.metric.greater_is_better else 1.0
        return [Loss(*key, sign * float(value)) for value in values if np.isfinite(value)]

    def _encoded(self, pairs: list[_Pair]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give truth and answers as the metric takes them: classes by their positions."""
        said = np.array([pair.said for pair in pairs])
        if self.metric.task != "classification":
            return np.array([pair.label for pair in pairs], dtype=np.float64), said.astype(np.float64)
        labels = [_name(pair.label) for pair in pairs]
        known = list(pairs[0].classes) or (["0", "1"] if {*labels} <= {"0", "1"} else [])
        if self.metric.needs == "score":
            return metrics.positions(labels, known or sorted({*labels}), "the labels"), said
        answers = [_name(pair.said) for pair in pairs]
        classes = known + sorted({*labels, *answers} - {*known})
        return metrics.positions(labels, classes), metrics.positions(answers, classes)


def _name(value: Any) -> str:
    """Name a class; 1, 1.0 and True are one: tables turn one into the other.

    Examples
    --------
    >>> _name(1.0), _name(True), _name("yes")
    ('1', '1', 'yes')
    """
    if isinstance(value, (bool, float)) and float(value).is_integer():
        value = int(value)
    return str(value)
