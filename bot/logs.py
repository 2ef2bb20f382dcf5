"""Log lines for an operator: time, level, room, message, then key=value. Personal data has no place here: mails and
letters are named by their number in the record, never by subject, name, address or telephone.

Whoever logs keeps to that. What others say on the way (a server's refusal that quotes the recipient, an exception
that quotes what it could not read) is cut here: of an exception only its kind and place are shown, and what looks like
an address or a long number is masked wherever it stands.
"""

import copy
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType

from bot.errors import BotError

HOUR = timedelta(hours=1)

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Nobody forges a line of the log, nor the order in which a terminal shows one.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
LONGEST_VALUE, LONGEST_LINE = 500, 4_000  # characters; a server's answer may have no end
_ATOM = r"[^\s@<>()\[\]{},;:\"'=]"
# Only from where a word begins, and without a step back: else a megabyte without @ takes hours.
_ADDRESS = re.compile(rf"(?<!{_ATOM}){_ATOM}++@{_ATOM}+")
# Mobile numbers, numbers of identity cards (17 digits and an X), landlines with their area.
_NUMBER = re.compile(r"\d{11,}[Xx]?|(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)")
_QUOTED = re.compile(r"[\s\"=]|^$")
_Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class KeyValueFormatter(logging.Formatter):
    """``2017-07-03 09:00:01 WARNING bot.jobs.intake mail failed mail=12 attempt=1``"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The whole line, and a traceback below it, masked."""
        record = copy.copy(record)
        record.exc_text = None  # where another handler keeps the traceback as Python prints it
        text = super().format(record)
        return masked(text) if record.exc_info or record.stack_info else text  # the line itself is masked already

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Time, level, room and message, then key=value, on one line of bounded length."""
        extra = "".join(f" {k}={_value(v)}" for k, v in vars(record).items() if k not in _PLAIN)
        return _cut(masked(_BREAKS.sub(" ", super().formatMessage(record) + extra)), LONGEST_LINE)

    def formatException(self, ei: _Info) -> str:
        """A traceback that says of each exception no more than its kind."""
        return "\n".join(_traced(ei[1])) if ei[1] else ""


class Lasting:
    """What fails with each of four ticks a minute, perhaps for weeks: a line when it begins, one an hour while it
    lasts, and one when it is over.

    Several parts that fail for one reason are one line; it is over when none of them fails any more.
    """

    def __init__(self) -> None:
        self._failing: dict[str, str] = {}  # part -> why
        self._said: dict[str, tuple[datetime, bool]] = {}  # why -> when, and whether its end is still to be said

    def fails(self, log: logging.Logger, part: str, why: str, now: datetime) -> None:
        """``part`` has just failed, for the reason ``why``, which is the line."""
        self._over(log, self._failing.get(part), part, why)
        self._failing[part] = why
        said = self._said.get(why)
        if said is None or abs(now - said[0]) >= HOUR:  # abs: the clock may have been put back
            log.warning("%s", why)
            self._said[why] = (now, True)
        self._said = {w: s for w, s in self._said.items() if s[1] or abs(now - s[0]) < HOUR}

    def works(self, log: logging.Logger, part: str) -> None:
        """``part`` has just done what it is there for."""
        self._over(log, self._failing.pop(part, None), part)

    def _over(self, log: logging.Logger, why: str | None, part: str, instead: str = "") -> None:
        others = (w for p, w in list(self._failing.items()) if p != part)
        if why is None or why == instead or why in others:
            return
        said = self._said.get(why)
        if said is not None and said[1]:
            log.info("over: %s", why)
            self._said[why] = (said[0], False)  # what comes and goes is not said each time


def masked(text: str) -> str:
    """The text without addresses and without numbers by which somebody could be called or known."""
    return _NUMBER.sub("<number>", _ADDRESS.sub("<address>", text))


def _value(value: object) -> str:
    """As it stands where it is one word, else in the quotes of JSON."""
    text = _cut(masked(_BREAKS.sub(" ", str(value))), LONGEST_VALUE)
    return json.dumps(text, ensure_ascii=False) if _QUOTED.search(text) else text


def _cut(text: str, longest: int) -> str:
    """Of what was masked: half a telephone number would not be known for one."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _traced(error: BaseException) -> Iterator[str]:
    """A traceback as Python prints it, but that an exception says no more than its kind: its own words may quote a
    mail. Those of a ``BotError`` are ours, and one line."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _traced(earlier)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    name = type(error).__qualname__
    yield f"{name}: {_cut(masked(_BREAKS.sub(' ', str(error))), LONGEST_LINE)}" if isinstance(error, BotError) else name


def set_up(level: int = logging.INFO) -> None:
    """To standard error, where systemd and cron pick it up. Libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(level)
    # It warns at every tick that finds the one before still at work, which IDLE always is.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
