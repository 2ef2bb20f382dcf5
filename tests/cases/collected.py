"""Every mail of every theme: to import a module is to add its cases."""

from tests.cases import (
    mails,
)
from tests.cases.registry import MAILS

THEMES = (mails,)

__all__ = ["MAILS", "THEMES"]
