"""Bytes and places: objects, logs and run journals in a folder or a bucket prefix."""
