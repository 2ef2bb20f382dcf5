"""The bot looks at itself: what has lasted is put before the office once, and its end as well.

    CONDITIONS -look-> Seen | None -follow-> lasts | over -> state, event, attention: ONE transaction

A refused login, a dead address, an unknown year and what the provider says of the account have ways of their own to
the office (``logins``, ``intake``, ``attending``, ``outbox``): here they only end, or are not seen.
"""

import logging
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from bot.deciding.watching import Seen, Trouble, follow
from bot.jobs.logins import Part, refused_since
from bot.jobs.outbox import is_paused
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL, UNSAFE
from bot.jobs.watch.probing import lost_probe
from bot.model.deciding import Attention
from bot.record import attention, clocks, correspondence, runs, troubles
from bot.record.database import sqlite_file

log = logging.getLogger(__name__)
AT_ONCE = timedelta(0)
A_MOMENT = timedelta(minutes=10)  # a poll or a tick that is under way may end it
OVERDUE = timedelta(minutes=10)  # no letter waits so long for its turn, unless something is in its way
MEGABYTE = 1_000_000
Free = Callable[[Path], int]
Look = Callable[[Bot, Connection, datetime], Seen | None]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that can go wrong, and is told after ``patience``. ``lasts`` and ``over`` are its sentences in
    rules/reasons.toml; without the first, something else tells of its beginning."""

    key: str
    lasts: str
    over: str
    look: Look
    patience: timedelta


def free_bytes(folder: Path) -> int:
    """The room that is left where a folder lies, or will lie."""
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def conditions(bot: Bot, free: Free = free_bytes) -> tuple[Condition, ...]:
    """Everything that is looked at. Disk and clock are this machine's own: several may share one record."""
    patient = timedelta(minutes=bot.config.watch.outbox_minutes)
    return (
        Condition("login_mailbox", "", "login_over", partial(refused_login, "mailbox"), AT_ONCE),
        Condition("login_smtp", "", "login_over", partial(refused_login, "smtp"), AT_ONCE),
        Condition("poll", "poll_lasts", "poll_over", stale_poll, A_MOMENT),
        Condition("outbox", "outbox_lasts", "outbox_over", stopped_outbox, patient),
        Condition("probe", "probe_lasts", "probe_over", lost_probe, A_MOMENT),
        Condition(f"disk_{platform.node()}", "disk_lasts", "disk_over", partial(full_disk, free), A_MOMENT),
        Condition(f"clock_{platform.node()}", "clock_lasts", "clock_over", slow_clock, A_MOMENT),
    )


def watch(bot: Bot, now: datetime, free: Free = free_bytes) -> int:
    """One look at everything. Returns how many things are new to the office. Writes only if something is wrong."""
    looked_at = conditions(bot, free)
    with bot.record.read() as conn:
        seen = {c.key: c.look(bot, conn, now) for c in looked_at}
        before = troubles.known(conn)
    if not any(seen.values()) and not before.keys() & seen.keys():
        return 0
    with bot.record.begin() as conn:
        known = troubles.known_alone(conn)
        told = [item for c in looked_at for item in _followed(bot, conn, c, known, seen[c.key], now)]
        troubles.keep(conn, known)
        attention.open_items(conn, told, now)
    return len(told)


def _followed(
    bot: Bot, conn: Connection, condition: Condition, known: dict[str, Trouble], seen: Seen | None, now: datetime
) -> Iterator[Attention]:
    """Brings one condition in ``known`` up to date; what the office must hear of it."""
    before = known.pop(condition.key, None)
    after, step = follow(before, seen, now, condition.patience)
    if after is not None:
        known[condition.key] = after
    if not step:
        return
    runs.note(conn, now, f"trouble.{step}", key=condition.key)
    if step == "over" and before is not None:
        log.info("a trouble is over", extra={"trouble": condition.key})
        yield Attention(condition.over, shown(bot, before.since))
    elif seen is not None and condition.lasts and not seen.told:
        log.error("a trouble lasts", extra={"trouble": condition.key, "detail": seen.detail})
        yield Attention(condition.lasts, seen.detail)


def shown(bot: Bot, moment: datetime) -> str:
    """A moment as it stands in what is told, in the office's zone."""
    return moment.astimezone(bot.zone).strftime("%Y-%m-%d %H:%M")


def refused_login(part: Part, bot: Bot, conn: Connection, now: datetime) -> Seen | None:  # noqa: ARG001 - a Look
    """A password that was refused and has not been taken since; the alarm of ``logins`` has told it."""
    return Seen(getattr(bot.config, part).host) if refused_since(conn, part) else None


def stale_poll(bot: Bot, conn: Connection, now: datetime) -> Seen | None:
    """The mailbox could not be read for longer than reminders may rely on it."""
    last = runs.moment(conn, LAST_POLL) or runs.began(conn, now)
    if last is None or refused_since(conn, "mailbox"):
        return None
    fresh = abs(now - last) <= timedelta(minutes=bot.config.schedule.stale_poll_minutes)
    said = runs.latest_run(conn, UNSAFE, now)  # the office has been told of the provider's refusal in its own words
    told = said is not None and timedelta(0) <= now - said <= timedelta(days=1)
    return None if fresh else Seen(shown(bot, last), told=told)


def stopped_outbox(bot: Bot, conn: Connection, now: datetime) -> Seen | None:
    """Letters wait whose turn it was, or the provider has asked for a pause: a quota spent, a server down."""
    if refused_since(conn, "smtp"):
        return None
    held = bot.config.smtp.deliver == "hold"
    paused = is_paused(conn, now)
    waiting = correspondence.overdue(conn, None if paused else now - OVERDUE, released_only=held)
    said = runs.latest_run(conn, "account", now)  # the provider's own words went to the office
    return Seen(str(waiting), told=said is not None and now - said <= timedelta(days=1)) if waiting else None


def slow_clock(bot: Bot, conn: Connection, now: datetime) -> Seen | None:
    """The machine's clock was set back: what the calendar asks for waits (``tick``)."""
    return Seen(f"{platform.node()} {shown(bot, now)}") if clocks.is_behind(conn, now) else None


def full_disk(free: Free, bot: Bot, conn: Connection, now: datetime) -> Seen | None:  # noqa: ARG001 - a Look
    """Little room is left for the record, or for what stands beside it."""
    file = sqlite_file(bot.config.database.url)
    for folder in dict.fromkeys((bot.config.paths.data, file.parent if file else bot.config.paths.data)):
        try:
            left = free(folder) / MEGABYTE
        except OSError as error:  # what cannot be measured is no trouble by itself
            log.debug("no room could be measured: %s", error)
            continue
        if left < bot.config.watch.disk_free_megabytes:
            return Seen(f"{platform.node()} {folder}: {left:.0f} MB")
    return None
