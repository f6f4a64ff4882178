"""Soundness: is the data what it was? One tolerance test a file, inside the promised rate of false alarms.

What a file offers is said in :mod:`mlops_lite.monitoring.measure`.
"""
