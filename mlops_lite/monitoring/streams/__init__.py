"""Streams: one value at a time, a detector a file.

A detector has ``update(value)``, which says whether the stream has changed just now, ``state()`` with plain values, and
a class method ``from_state``. After an alarm it begins anew. Values of numeric columns come in standard deviations of
the reference, so that the settings mean the same for every column.
"""
