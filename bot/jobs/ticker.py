"""APScheduler as a ticker for years, on a machine whose clock is put right, or that sleeps for weeks.

APScheduler plans by the clock on the wall. A clock that is set back leaves its next turn in the future, for as long as
that lasts; one that is set forward makes it count every turn that it has missed: hundreds of millions of them, where a
machine without a battery begins in the year 1970. Here a job is planned from now on, and never farther ahead than its
own step.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.clock import Clock

SLACK = timedelta(seconds=1)


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """One turn each so many seconds, from now on: what was missed is one turn."""

    def __init__(self, seconds: float) -> None:
        self.step = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:  # noqa: ARG002 - its signature
        return now + self.step


class Ticker:
    """Runs jobs in threads, each never beside itself."""

    def __init__(self, clock: Clock, zone: tzinfo, threads: int) -> None:
        self._clock = clock
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        executors = {"default": ThreadPoolExecutor(threads)}
        self._scheduler = BackgroundScheduler(executors=executors, job_defaults=defaults, timezone=zone)

    def add(self, name: str, job: Callable[[], None], seconds: float) -> None:
        """A job that runs as soon as the ticker does, and then each so many seconds."""
        self._scheduler.add_job(job, _Every(seconds), id=name, next_run_time=self._clock())

    def start(self) -> None:
        """Begins to tick."""
        self._scheduler.start()

    def run_now(self, name: str) -> None:
        """Runs a part at once, beside its own times."""
        self._scheduler.modify_job(name, next_run_time=self._clock())

    def heed_the_clock(self) -> None:
        """A turn that lies farther ahead than a step was planned by a clock that has been set back: it is now."""
        now = self._clock()
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > job.trigger.step + SLACK:
                job.modify(next_run_time=now)

    def end(self) -> None:
        """Waits for what is under way."""
        self._scheduler.shutdown(wait=True)
