"""The process that runs for years: two jobs on APScheduler as the ticker, and an end within seconds.

    mail    poll, work; then IDLE where the server has it, else again after poll_seconds
    clock   reminders, digest, bundle, outbox

What is due is in the record: a tick that was missed, or a job that was killed, loses nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.clock import Clock
from bot.errors import BotError, LoginRefused
from bot.jobs import restored, tick
from bot.jobs.intake import work
from bot.jobs.logins import login
from bot.jobs.parts import Bot
from bot.jobs.polling import poll, turn
from bot.jobs.proving import prove
from bot.jobs.strays import look_elsewhere
from bot.jobs.watch.signs import Signs
from bot.jobs.watch.systemd import ALIVE, READY, STOPPING, Supervisor
from bot.mail.mailbox import Mailbox

log = logging.getLogger(__name__)
CLOCK_SECONDS = 15.0
LEAST_SECONDS = 1.0  # between two polls over one connection
LONGEST_TICK = timedelta(minutes=5)
GRACE_SECONDS = 4.0  # how long the end waits for what is under way; everything is in transactions


class Service:
    """Runs until ``stop`` is set. Knows nothing of signals; ``scheduler.py`` sets them up. ``alive`` is called as long
    as its jobs get on."""

    def __init__(self, bot: Bot, clock: Clock, stop: threading.Event, alive: Callable[[], None] = lambda: None) -> None:
        self.bot, self.clock, self.stop, self._alive = bot, clock, stop, alive
        self._supervisor = Supervisor()
        self._signs = Signs({"mail": bot.config.schedule.poll_seconds, "clock": CLOCK_SECONDS})
        self._box: Mailbox | None = None
        self._wake: Callable[[], object] = lambda: None
        self._asked = self._signs.asking("mail", stop.is_set)
        self._again = threading.Event()  # there is more to send than the tick under way has seen

    def run(self) -> None:
        """Works until ``stop`` is set; then whatever is in hand is ended within the grace."""
        from bot.jobs.ticker import Ticker

        tick.begin(self.bot, self.clock())
        ticker = Ticker(self.clock, self.bot.zone, threads=2)
        seconds = self.bot.config.schedule.poll_seconds
        ticker.add("mail", self._mail, seconds)
        ticker.add("clock", self._clock, CLOCK_SECONDS)
        self._wake = lambda: ticker.run_now("clock")
        ticker.start()
        log.info("running", extra={"poll_seconds": seconds})
        self._supervisor.say(READY)
        while not self.stop.wait(min(CLOCK_SECONDS, self._supervisor.seconds or CLOCK_SECONDS)):
            ticker.heed_the_clock()
            self._say_that_it_lives()
        log.info("stopping")
        self._supervisor.say(STOPPING)
        if box := self._box:
            box.close()
        self.bot.opener.close()
        end_within(GRACE_SECONDS, ticker.end)

    def _say_that_it_lives(self) -> None:
        """Only while both jobs get on: else systemd, where its watchdog is set, starts this process anew."""
        silent = self._signs.silent()
        if silent:
            why = f"no sign of life from {' and '.join(silent)}: something waits for ever"
            self.bot.lasting.fails(log, "signs of life", why, self.clock())
            return
        self.bot.lasting.works(log, "signs of life")
        self._supervisor.say(ALIVE)
        self._alive()

    def _mail(self) -> None:
        """The mailbox, unless another worker is at it; then what is archived."""
        self._signs.give("mail")
        try:
            with turn(self.bot, self.clock()) as mine:
                if mine:
                    self._read()
        except BotError as error:
            if not isinstance(error, LoginRefused) and not self.stop.is_set():
                self.bot.lasting.fails(log, "mailbox", str(error), self.clock())
        finally:
            self._box = None
        self._work()

    def _read(self) -> None:
        """One poll; with IDLE, polls as long as the connection holds."""
        opened = login(self.bot, "mailbox", self.clock(), lambda secret: Mailbox.open(self.bot.config.mailbox, secret))
        with opened as self._box:
            before: int | None = -1
            while not self._asked() and self._once(opened):
                begun = time.monotonic()
                uidnext = opened.select(self.bot.config.mailbox.folder).uidnext
                if uidnext == before:  # else mail came while the poll was under way: IDLE would not tell of it
                    opened.wait(self.bot.config.schedule.poll_seconds, self.stop)
                before = uidnext
                # A server that tells of new mail all the time, or counts it up, is not asked all the time.
                self.stop.wait(max(0.0, LEAST_SECONDS - (time.monotonic() - begun)))

    def _once(self, box: Mailbox) -> bool:
        """Archives what is new; works it off at once only where the connection is kept for IDLE anyway."""
        poll(self.bot, box, self.clock(), self._asked)
        look_elsewhere(self.bot, box, self.clock(), self._asked)
        prove(self.bot, box, self.clock())
        restored.look(self.bot, box, self.clock())
        self.bot.lasting.works(log, "mailbox")
        if not box.can_idle:
            return False
        self._work()
        return True

    def _work(self) -> None:
        try:
            if work(self.bot, self.clock(), self._asked).worked:
                self._again.set()
                self._wake()  # a liaison who has just written is answered now, not with the next tick
            self.bot.lasting.works(log, "work")
        except BotError as error:
            self.bot.lasting.fails(log, "work", str(error), self.clock())

    def _clock(self) -> None:
        self._again.set()
        self._signs.give("clock")
        while self._again.is_set() and not self.stop.is_set():
            self._again.clear()
            now = self.clock()
            past = self._signs.asking("clock", partial(self._is_past, now))
            tick.watch_the_clock(self.bot, now, past, tick.Report())

    def _is_past(self, now: datetime) -> bool:
        """Whether a tick ends before its next letter: when the process does, or when its moment is gone. The machine
        may have slept for weeks meanwhile, and whom it was about to remind has reported."""
        return self.stop.is_set() or abs(self.clock() - now) > LONGEST_TICK


def end_within(seconds: float, end: Callable[[], None]) -> None:
    """Ends in an orderly way if that is possible in time; else at once, which loses nothing."""
    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.warning("something is still waiting for a server: ending without it")
        logging.shutdown()
        os._exit(0)
