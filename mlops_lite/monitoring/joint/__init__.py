"""Have many columns moved together? Tests of tables, one a file.

A file has ``FLOOR``, the smallest effect worth a finding where ``min_effect`` is 0.05, and ``compare(reference,
current)`` of two matrices, one row a row of data, to a :class:`~mlops_lite.monitoring.measure.Measured`.
"""
