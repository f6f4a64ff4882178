"""Calls: the ways to ask what serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_lite.deployment.following import Following

__all__ = ["Calls"]


class Calls:
    """The methods of a model, asked of whichever version serves: each call is answered by one."""

    __slots__ = ()
    _following: Following

    def predict(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Predict with the version that serves.

        Parameters
        ----------
        X : object
            What the model takes.
        key : object, optional
            The key of the request (of each row), by which a canary chooses; else the key column of ``X`` is used.
        request_id : str or sequence of str, optional
            By which a label can be given later (one a row).

        Returns
        -------
        object
            What the model's own ``predict`` returns; a model that is only a function is called.

        Raises
        ------
        SignatureError
            The input is not what the model was made for; every mismatch is named.
        """
        return self._following.serving.predict(X, key, request_id)

    def predict_proba(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Predict probabilities with the version that serves.

        Parameters
        ----------
        X, key, request_id
            As for :meth:`predict`.

        Returns
        -------
        object
            What the model's own ``predict_proba`` returns: of scikit-learn an array of shape
            (rows, classes).

        Raises
        ------
        SignatureError
            The input is not what the model was made for; every mismatch is named.
        InvalidTypeError
            The model has no ``predict_proba``.
        """
        return self._following.serving.predict_proba(X, key, request_id)

    def transform(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Transform with the version that serves.

        Parameters
        ----------
        X, key, request_id
            As for :meth:`predict`.

        Returns
        -------
        object
            What the model's own ``transform`` returns.

        Raises
        ------
        SignatureError
            The input is not what the model was made for; every mismatch is named.
        InvalidTypeError
            The model has no ``transform``.
        """
        return self._following.serving.transform(X, key, request_id)

    def __call__(self, X: Any, *, key: Any = None, request_id: Any = None) -> Any:
        """Call the version that serves.

        Parameters
        ----------
        X, key, request_id
            As for :meth:`predict`.

        Returns
        -------
        object
            What the model returns when it is called; where it cannot be, what its ``predict`` returns.

        Raises
        ------
        SignatureError
            The input is not what the model was made for; every mismatch is named.
        InvalidTypeError
            The model can neither be called nor predict.
        """
        return self._following.serving.call(X, key, request_id)
