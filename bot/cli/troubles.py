"""What ``doctor`` knows of the bot's own troubles: those that last by the record, the disk, the last probe."""

import os
import platform
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.deciding.watching import Trouble
    from bot.jobs.parts import Bot

Check = tuple[str, str, str, str]  # part, "ok" | "warning" | "failed", what was found, what to do
NEXT = {
    "poll": "is scheduler.py running? then see its log, the network, and the mailbox in the browser",
    "outbox": "see `outbox` for the server's answers, and the provider's notices in the browser",
    "probe": "look for it in the browser: junk folder, filters, 收取选项; and see that IMAP shows all mail",
    "disk": "make room, or move [database] url and [paths] data",
    "clock": "set this machine's clock right (Linux: timedatectl set-ntp true; Windows: w32tm /resync)",
    "login": "set the password that the provider accepts (NetEase: a new 授权码)",
}
LATELY = timedelta(days=30)
PARTS = {"login_mailbox": "mailbox", "login_smtp": "smtp"}  # rows that ``doctor`` has anyway


def lasting(bot: "Bot", now: datetime) -> "dict[str, Trouble]":
    """What lasts by the record, by the part of ``doctor`` that it belongs to."""
    from bot.deciding.watching import lasts
    from bot.record import troubles

    here = platform.node()
    parts = {**PARTS, f"disk_{here}": "disk", f"clock_{here}": "clock"}  # another machine's has a row of its own
    with bot.record.read() as conn:
        known = troubles.known(conn)
    return {parts.get(key, key): trouble for key, trouble in known.items() if lasts(trouble, now)}


def trouble_checks(bot: "Bot", found: "dict[str, Trouble]", told: set[str]) -> list[Check]:
    """A line for each trouble whose part has none yet (``told``)."""
    return [
        (part, "warning", f"lasts since {_local(bot, t.since)}: {t.detail}", NEXT[part.partition("_")[0]])
        for part, t in found.items()
        if part not in told
    ]


def disk(bot: "Bot", now: datetime) -> Check:
    """The room for the record, now and here."""
    from bot.jobs.watch.watching import free_bytes, full_disk

    with bot.record.read() as conn:
        full = full_disk(free_bytes, bot, conn, now)
    return ("disk", "warning", f"nearly full: {full.detail}", NEXT["disk"]) if full else ("disk", "ok", "has room", "")


def ownership(bot: "Bot") -> Check:
    """Files of ours that other accounts of this machine can read, a file with a password among them."""
    from bot.jobs.ownership import opened, record_files, wide

    secrets = (os.environ.get(f"BOT_{part}_PASSWORD_FILE") for part in ("MAILBOX", "SMTP"))
    files = (*record_files(bot.config), *(Path(name) for name in secrets if name))
    found = wide(bot.config.paths.data, files, open_to_others=opened(bot.config))
    if not found:
        return ("files", "ok", "nobody else can read them", "")
    named = ", ".join(map(str, found[:5])) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    return ("files", "warning", f"others can read {named}", "chmod go= FILE; what lies in data/ is mended at the start")


def waiting(bot: "Bot", now: datetime) -> list[Check]:
    """What waits for somebody: mails that were set aside, which after a month are a note, and letters that could not
    be made. Nothing where there are none."""
    from bot.record import claims, correspondence

    with bot.record.read() as conn:
        aside = [row for row in claims.aside(conn) if row.why == "set_aside"]
        unmade = correspondence.counts(conn).get("unmade", 0)
    found: list[Check] = []
    if aside:
        ids = ", ".join(str(row.id) for row in aside[:10])
        state = "warning" if any(abs(now - row.done_at) < LATELY for row in aside) else "note"
        fix = "`python -m bot retry` lists them; `retry N` takes one up again"
        found.append(("set aside", state, f"{len(aside)} mails that could not be worked off: {ids}", fix))
    if unmade:
        fix = "see `outbox`; they are made by themselves when their template is mended"
        found.append(("unmade", "warning", f"{unmade} letters wait to be made", fix))
    return found


def last_probe(bot: "Bot") -> list[Check]:
    """When a probe last came back; nothing where none is wanted, or one is still awaited for the first time."""
    from bot.jobs.watch.probing import last_back, probes

    with bot.record.read() as conn:
        back = last_back(conn)["at"]
    if not probes(bot) or back is None:
        return []
    return [("probe", "ok", f"a letter to this address came back at {_local(bot, datetime.fromisoformat(back))}", "")]


def _local(bot: "Bot", moment: datetime) -> str:
    return moment.astimezone(bot.zone).isoformat(" ", timespec="minutes")
