"""Everything that is due now, in the order that keeps the promises.

    poll, work                     what the liaisons have sent comes first: nobody who has reported is reminded
    look elsewhere                 once a day: what lies in other folders
    prove                          while the mailbox is open: did letters leave of which nobody knows?
    make up                        letters that waited for a template to be mended
    remind, digest, draft, bundle  what is due by the record and the calendar; once a month what the inspection
                                   groups are told, once a year its plan
    board                          the page for the office: before letters leave, which may take minutes
    probe, watch                   what lasts of the bot's own troubles
    send_due, beat                 letters out, and a sign of life

Each part runs whatever became of the others; what was broken is told at the end.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from bot.errors import BotError, ConfigError, LoginRefused
from bot.jobs import judging, restored
from bot.jobs.attending import bundle, watch_calendar
from bot.jobs.enqueuing import fault_of, tell_once_a_day
from bot.jobs.intake import work
from bot.jobs.known import remember
from bot.jobs.logins import login
from bot.jobs.making import make_up
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot, Stop
from bot.jobs.polling import poll, turn
from bot.jobs.proving import prove
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.board import board
from bot.jobs.reporting.bulletins import draft
from bot.jobs.reporting.digesting import digest
from bot.jobs.reporting.group_reports import report_to_groups
from bot.jobs.reporting.yearly import send_year_plan
from bot.jobs.strays import look_elsewhere
from bot.jobs.watch.heartbeat import beat
from bot.jobs.watch.outages import note_tick, tell_outage
from bot.jobs.watch.probing import probe
from bot.jobs.watch.watching import watch
from bot.letters.smtp import Sender
from bot.mail.mailbox import Mailbox
from bot.model.deciding import Attention
from bot.record import claims, clocks, runs
from bot.record.working import begin_work

log = logging.getLogger(__name__)
BY_THE_CALENDAR = ("reminders", "group reports", "digest", "year plan", "bulletin")  # the parts that make such letters


@dataclass(slots=True)
class Report:
    """What one run did, and what was broken."""

    archived: int = 0
    worked: int = 0
    failed: int = 0
    reminders: int = 0
    told: int = 0
    sent: int = 0
    broken: list[BotError] = field(default_factory=list)


def begin(bot: Bot, now: datetime) -> None:
    """Once for each start: the moment of the very first run is what "before the bot" means.

    On SQLite this worker is the only one: what its predecessor held when it died is free again at once. On PostgreSQL
    it is counted from here on, so that nobody restores a backup under it.
    """
    begin_work(bot.record)
    with bot.record.begin() as conn:
        runs.first_run(conn, now)
        runs.token_secret(conn)
        if bot.record.is_sqlite:
            claims.unclaim_all(conn)
        remember(conn, bot.rules, now.astimezone(bot.zone).date())
        judging.judge_again(bot, conn)


def receive(bot: Bot, now: datetime, stop: Stop, report: Report) -> None:
    """The mailbox into the archive, the archive into the record."""
    part = partial(_told, bot, now, report)
    with part("mailbox"), turn(bot, now) as mine:
        if mine:
            with login(bot, "mailbox", now, lambda secret: Mailbox.open(bot.config.mailbox, secret)) as box:
                report.archived += poll(bot, box, now, stop)
                report.archived += look_elsewhere(bot, box, now, stop)
                prove(bot, box, now)
                restored.look(bot, box, now)
    with part("work"):
        tally = work(bot, now, stop)
        report.worked += tally.worked
        report.failed += tally.failed


def watch_the_clock(bot: Bot, now: datetime, stop: Stop, report: Report) -> None:
    """What is due by time, then the outbox."""
    part = partial(_told, bot, now, report)
    with part("outage"):
        note_tick(bot, now)
    with part("letters"):
        make_up(bot, now, stop)
    behind = False
    with part("clock"), bot.record.read() as conn:
        behind = clocks.is_behind(conn, now)
        bot = bot.knowing(conn)
    if not behind:
        _by_the_calendar(bot, now, part, report)
        with part("outage"):
            tell_outage(bot, now)
    with part("probe"):
        probe(bot, now)
    with part("watch"):
        watch(bot, now)
    with part("bundle"):
        watch_calendar(bot, now)
        report.told += bundle(bot, now)
    with part("page"):
        board(bot, now)
    with part("outbox"):
        report.sent += send_due(bot, lambda: _sender(bot, now), now, stop)
    with part("beat"):
        beat(bot, now)


def _by_the_calendar(
    bot: Bot, now: datetime, part: Callable[[str], AbstractContextManager[None]], report: Report
) -> None:
    """What a day asks for. Not by a clock that was set back: it would ask for what is long past."""
    with part("deadlines"):
        judging.fix_deadlines(bot, now)
    with part("reminders"):
        report.reminders += remind(bot, now)
    with part("group reports"):
        report_to_groups(bot, now)
    with part("digest"):
        digest(bot, now)
    with part("year plan"):
        send_year_plan(bot, now)
    with part("bulletin"):
        draft(bot, now)


def run_once(bot: Bot, now: datetime, stop: Stop) -> Report:
    """Every job that is due now, once."""
    report = Report()
    begin(bot, now)
    receive(bot, now, stop, report)
    if not stop():
        watch_the_clock(bot, now, stop, report)
    return report


def _sender(bot: Bot, now: datetime) -> Sender:
    def connect(secret: str) -> Sender:
        return Sender(bot.config.smtp, secret).__enter__()

    return login(bot, "smtp", now, connect)


@contextmanager
def _told(bot: Bot, now: datetime, report: Report, part: str) -> Iterator[None]:
    """A part that is broken does not stop the others, whether the world is at fault or this program."""
    try:
        yield
    except BotError as error:
        if not isinstance(error, LoginRefused):  # that one is said once, by ``login``
            bot.lasting.fails(log, part, str(error), now)
        report.broken.append(error)
        if isinstance(error, ConfigError) and part in BY_THE_CALENDAR:  # the bulletin's document, a workbook
            _tell_office(bot, part, error, now)
    except Exception as error:  # no input is known that comes here; a bug in the digest must not stop the receipts
        log.exception("a part of this run failed")
        report.failed += 1
        if part in BY_THE_CALENDAR:
            _tell_office(bot, part, error, now)
    else:
        bot.lasting.works(log, part)


def _tell_office(bot: Bot, part: str, error: Exception, now: datetime) -> None:
    """Once a day: what the calendar asks for cannot be made. It comes up at each tick, and is made when it can."""
    with suppress(BotError), bot.record.begin() as conn:
        tell_once_a_day(bot, conn, Attention("part_failed", f"{part}: {fault_of(error)}"), now)
