"""Whose, which month, right or wrong, what follows: pure computation on values."""
