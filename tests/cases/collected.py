"""Every mail of every theme: to import a module is to add its cases."""

from tests.cases import (
    mails,
    spreadsheets,
)
from tests.cases.registry import MAILS

THEMES = (mails, spreadsheets)

__all__ = ["MAILS", "THEMES"]
