"""``python -m bot``: a module a group of commands."""
