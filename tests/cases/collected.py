"""Every mail of every theme: to import a module is to add its cases."""

from tests.cases import (
    bodies,
    enclosed,
    gathered,
    hostile,
    layouts,
    lists,
    mails,
    printed,
    rivals,
    said,
    spreadsheets,
    unseen,
    wordfiles,
    wrapped,
    writing,
)
from tests.cases.registry import MAILS

THEMES = (
    mails,
    spreadsheets,
    wordfiles,
    printed,
    bodies,
    enclosed,
    gathered,
    layouts,
    writing,
    said,
    hostile,
    lists,
    unseen,
    wrapped,
    rivals,
)

__all__ = ["MAILS", "THEMES"]
