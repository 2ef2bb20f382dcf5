"""Whether each job of the process still gets on: it gives a sign when it begins, and between two mails or letters.
A job that gives none for longer than anything that it does can take hangs."""

import time
from collections.abc import Callable, Mapping

from bot.jobs.parts import Stop

STUCK_SECONDS = 3_600.0  # the largest mail over a line of 20 kB/s, or one mail with the most files that are converted


class Signs:
    """When each job last gave a sign, by a clock that stands still while the machine sleeps."""

    def __init__(self, every: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        """``every``: how many seconds lie between two turns of each job."""
        self._every, self._clock = every, clock
        self._last = dict.fromkeys(every, clock())

    def give(self, job: str) -> None:
        """The job gets on."""
        self._last[job] = self._clock()

    def asking(self, job: str, stop: Stop) -> Stop:
        """``stop``, which is asked between two mails or letters: each time is a sign of the job."""

        def asked() -> bool:
            self.give(job)
            return stop()

        return asked

    def silent(self) -> dict[str, float]:
        """The jobs that hang, and for how many seconds they have given no sign."""
        now = self._clock()
        quiet = {job: now - last for job, last in self._last.items()}
        return {job: seconds for job, seconds in quiet.items() if seconds > self._every[job] + STUCK_SECONDS}
