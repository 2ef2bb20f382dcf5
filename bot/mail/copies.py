"""The copies that the provider keeps of what was sent: which of our letters are among them.

    Mailbox.sent_folder -> select -> arrived_since -> headers -> the marks of each copy

Looks at headers only, over UIDs; no text enters a command. A provider may replace a Message-ID on the way, so our own
token is looked for as well.
"""

import logging
import re
from datetime import date

from bot.mail.mailbox import Mailbox

log = logging.getLogger(__name__)
_MARK = re.compile(rb"(?im)^(?:X-Bot-Token|Message-ID):[ \t]*(?:\r?\n[ \t]+)?([!-~]+)")


def marks_of_copies(box: Mailbox, since: date) -> set[str]:
    """Tokens and Message-IDs of all copies that came on ``since`` or later; empty where none are kept.

    Leaves the folder of the copies open. MailboxError as from any look into the mailbox.
    """
    folder = box.sent_folder()
    if folder is None:
        return set()
    box.select(folder)
    found: set[str] = set()
    for _, header in box.headers(box.arrived_since(since)):
        found |= marks(header)
    return found


def marks(header: bytes) -> set[str]:
    """Token and Message-ID as they stand in one header."""
    return {mark.decode("ascii") for mark in _MARK.findall(header)}
