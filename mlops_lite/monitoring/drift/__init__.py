"""Drift: has the distribution of a column moved? One test or distance a file.

What a file offers is said in :mod:`mlops_lite.monitoring.measure`.
"""
