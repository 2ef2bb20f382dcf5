"""Faults on purpose: an installation whose process may end anywhere, and the accounting after it."""
