"""Attachment -> grid -> form, the foreign bytes only ever opened in a process that can be ended."""
