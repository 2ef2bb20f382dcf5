"""Log lines for an operator: time, level, room, message, then key=value. Personal data has no place here:
mails and letters are named by their number in the record, never by subject, address or telephone."""

import logging
import sys

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """``2017-07-03 09:00:01 WARNING bot.jobs.intake mail failed mail=12 attempt=1``"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {k}={v}" for k, v in vars(record).items() if k not in _PLAIN)
        return super().formatMessage(record) + extra


def set_up(level: int = logging.INFO) -> None:
    """To standard error, where systemd and cron pick it up. Libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(level)
    # It warns at every tick that finds the one before still at work, which IDLE always is.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
