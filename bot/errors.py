"""What can go wrong outside the mails themselves.

Wrong content is a value (``Finding``, ``Unreadable``), never an exception. These classes are for a
world that is broken: each says in one line what, and what to do.
"""

import re

# A refusal that names no one cause: QQ says "Account is abnormal, service is not open, password is incorrect, login
# frequency limited, or system is busy" for each of them. An account that is locked after refused logins is another
# thing: a second try would lock it for longer.
MAY_PASS = re.compile(r"frequen|\bbusy\b|temporar|(try|again) (again )?later|繁忙|频繁|频率|稍后", re.I)
LOCKED = re.compile(r"too (many|much)", re.I)


class BotError(Exception):
    """The world is broken; the text is one line for the operator. Exit status 3."""


class ConfigError(BotError):
    """A key or a value of config.toml or of a file in rules/ is wrong. Exit status 2."""


class UsageError(BotError):
    """The command line asks for something that does not exist. Exit status 2."""


class MailboxError(BotError):
    """The IMAP server is unreachable, silent, or answered with something unusable; try again later."""


class LoginRefused(BotError):
    """A server refused the password. Not tried again by itself for hours, unless the password changes.

    ``may_pass``: in the server's own words, ``said``, it may be busy or the limit of logins reached; one more try later
    tells."""

    def __init__(self, text: str, said: str = "") -> None:
        super().__init__(text)
        self.may_pass = bool(MAY_PASS.search(said)) and not LOCKED.search(said)


class SmtpError(BotError):
    """The SMTP server is unreachable or refuses to talk; no letter was handed over."""


class RecordError(BotError):
    """The database is unreachable, locked, full, or of another version than this program."""


class OutOfReach(RecordError):
    """Nothing can be written now, whatever it is: the disk is full or broken, somebody else holds the file, the server
    is gone. No mail is to blame."""


class Outdated(RecordError):
    """Others have written, or are just writing, since a transaction began to read: what it decided may not hold."""


class MailEnded(BotError):
    """A mail took longer than a mail may take, or ended the process that opened it."""


class MailOverdue(MailEnded):
    """A mail took longer than a mail may take."""


class SpentError(BotError):
    """A mail has had all the time that its files may take together: nothing more of it is opened."""


class TooComplex(BotError):
    """A mail is beyond the limits of what is parsed (size of headers, number of parts, depth)."""
