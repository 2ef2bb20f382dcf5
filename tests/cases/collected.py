"""Every mail of every theme: to import a module is to add its cases."""

from tests.cases import (
    bodies,
    enclosed,
    mails,
    printed,
    spreadsheets,
    wordfiles,
)
from tests.cases.registry import MAILS

THEMES = (mails, spreadsheets, wordfiles, printed, bodies, enclosed)

__all__ = ["MAILS", "THEMES"]
