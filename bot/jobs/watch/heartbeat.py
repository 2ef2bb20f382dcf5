"""A file that says how the bot is, for whatever watches it from outside: written whole after each tick, or not at all.

Its age tells that the process lives; ``ok`` that the record answers, and that nothing lasts which needs a person.
"""

import json
import logging
import os
from datetime import datetime
from typing import Any

from bot.deciding.watching import lasts
from bot.errors import RecordError
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.watch.probing import BACK
from bot.record import archive, attention, correspondence, runs, troubles

log = logging.getLogger(__name__)
NAME = "heartbeat.json"


def beat(bot: Bot, now: datetime) -> None:
    """Writes the file. Fails softly: a heartbeat must never stop the heart."""
    path = bot.config.paths.data / NAME
    text = json.dumps(_state(bot, now), ensure_ascii=False, indent=2) + "\n"
    # A name of its own: several workers may share the folder.
    draft = path.with_name(f"{NAME}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        bot.lasting.works(log, "heartbeat")
    except OSError as error:
        # In words that do not change: the number of the process stands in the name of the draft.
        bot.lasting.fails(log, "heartbeat", f"no heartbeat: {path}: {error.strerror or error}", now)


def _state(bot: Bot, now: datetime) -> dict[str, Any]:
    """Times in the office's zone, as ISO 8601; names and addresses have no place here."""
    local = now.astimezone(bot.zone).isoformat(timespec="seconds")
    try:
        return {"at": local, **_of_record(bot, now)}
    except RecordError as error:
        return {"at": local, "ok": False, "broken": str(error)}


def _of_record(bot: Bot, now: datetime) -> dict[str, Any]:
    def local(moment: datetime | None) -> str | None:
        return moment.astimezone(bot.zone).isoformat(timespec="seconds") if moment else None

    with bot.record.read() as conn:
        known = troubles.known(conn)
        back = json.loads(runs.get(conn, BACK) or "{}").get("at")
        last = [{"what": key, "since": local(t.since), "detail": t.detail} for key, t in known.items() if lasts(t, now)]
        return {
            "ok": not last,
            "last_poll": local(runs.moment(conn, LAST_POLL)),
            "last_sent": local(correspondence.last_sent(conn)),
            "last_probe_back": local(datetime.fromisoformat(back) if back else None),
            "mails": archive.counts(conn),
            "letters": correspondence.counts(conn),
            "untold": attention.count_untold(conn),
            "troubles": last,
        }
