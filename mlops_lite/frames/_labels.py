"""Labels and other plain values of pandas as JSON and back: 1, 1.0, True and "1" are four things."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd

from mlops_lite.errors import InvalidTypeError

__all__ = ["decode", "encode"]

_PLAIN = (str, bool, int, float, bytes)


def encode(value: Any) -> Any:
    """Write a value as what canonical JSON holds.

    Raises
    ------
    InvalidTypeError
        It is of a type that would not come back.
    """
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64, np.void)):
        return {"numpy": value.dtype.str, "value": encode(value.item())}
    if type(value) in (tuple, list, frozenset):
        items = list(map(encode, value))
        return {type(value).__name__: sorted(items, key=repr) if type(value) is frozenset else items}
    if type(value) is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    found = _time(value)
    if found is None:
        raise InvalidTypeError(f"{value!r} (a {type(value).__module__}.{type(value).__qualname__}) is no plain value.")
    return found


def _time(value: Any) -> Any:
    if value is pd.NA or value is pd.NaT:
        return {"missing": "NA" if value is pd.NA else "NaT"}
    if type(value) is pd.Timestamp:
        zone = None if value.tz is None else zone_text(value.tz)
        return {"Timestamp": value.tz_localize(None).isoformat(), "unit": value.unit, "tz": zone, "utc": _utc(value)}
    if type(value) is pd.Timedelta:
        return {"Timedelta": int(value.asm8.astype(np.int64)), "unit": value.unit}
    if type(value) is pd.Period:
        return {"Period": value.ordinal, "freq": str(pd.Series([value]).dtype)[len("period[") : -1]}
    if type(value) is pd.Interval:
        return {"Interval": [encode(value.left), encode(value.right)], "closed": value.closed}
    if type(value) is datetime.date:
        return {"date": value.isoformat()}
    if type(value) is datetime.time and value.tzinfo is None:
        return {"time": value.isoformat()}
    if type(value) is datetime.datetime and value.tzinfo in (None, datetime.UTC):
        return {"datetime": value.isoformat()}
    if type(value) is datetime.timedelta:
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    if type(value) is decimal.Decimal:
        return {"Decimal": str(value)}
    return None


def _utc(value: pd.Timestamp) -> int:
    return int(value.asm8.astype(np.int64))


_DECODERS: dict[str, Any] = {
    "numpy": lambda found: np.dtype(found["numpy"]).type(decode(found["value"])),
    "tuple": lambda found: tuple(map(decode, found["tuple"])),
    "list": lambda found: list(map(decode, found["list"])),
    "frozenset": lambda found: frozenset(map(decode, found["frozenset"])),
    "dict": lambda found: {decode(key): decode(item) for key, item in found["dict"]},
    "missing": lambda found: pd.NA if found["missing"] == "NA" else pd.NaT,
    "Timestamp": lambda found: _timestamp(found),
    "Timedelta": lambda found: pd.Timedelta(np.timedelta64(found["Timedelta"], found["unit"])),
    "Period": lambda found: pd.Period(ordinal=found["Period"], freq=found["freq"]),
    "Interval": lambda found: _interval(found),
    "date": lambda found: datetime.date.fromisoformat(found["date"]),
    "time": lambda found: datetime.time.fromisoformat(found["time"]),
    "datetime": lambda found: datetime.datetime.fromisoformat(found["datetime"]),
    "timedelta": lambda found: datetime.timedelta(*found["timedelta"]),
    "Decimal": lambda found: decimal.Decimal(found["Decimal"]),
}


def decode(found: Any) -> Any:
    """Read a value back.

    Examples
    --------
    >>> decode(encode((1, "a", None, 2.5)))
    (1, 'a', None, 2.5)
    """
    if not isinstance(found, dict):
        return found
    return next(_DECODERS[key](found) for key in _DECODERS if key in found)


def _interval(found: dict[str, Any]) -> Any:
    left, right = map(decode, found["Interval"])
    return pd.Interval(left, right, closed=found["closed"])


def _timestamp(found: dict[str, Any]) -> pd.Timestamp:
    value = pd.Timestamp(np.datetime64(found["utc"], found["unit"]))
    return value if found["tz"] is None else value.tz_localize("UTC").tz_convert(zone(found["tz"]))


def zone_text(tz: Any) -> str:
    """Write a time zone with the library that it is of.

    Raises
    ------
    InvalidTypeError
        Its library cannot be asked for it again.
    """
    library = type(tz).__module__.split(".")[0]
    if isinstance(tz, datetime.timezone):
        offset = tz.utcoffset(None)
        return f"datetime:{offset // datetime.timedelta(microseconds=1)}"
    if library == "zoneinfo" and getattr(tz, "key", None):
        return f"zoneinfo:{tz.key}"
    if library == "pytz" and getattr(tz, "zone", None):
        return f"pytz:{tz.zone}"
    if library == "pytz" and hasattr(tz, "_minutes"):
        return f"pytz-offset:{tz._minutes}"
    raise InvalidTypeError(
        f"The time zone {tz!r} cannot be found again by a name.", remedy="Convert it: tz_convert('UTC')."
    )


def zone(text: str) -> Any:
    """Read a time zone back."""
    library, _, name = text.partition(":")
    if library == "datetime":
        return datetime.UTC if name == "0" else datetime.timezone(datetime.timedelta(microseconds=int(name)))
    if library == "zoneinfo":
        import zoneinfo

        return zoneinfo.ZoneInfo(name)
    from mlops_lite.frames import _pytz

    return _pytz.zone(library, name)
