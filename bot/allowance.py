"""How long the opening of one mail may take, all things together: unpacking, reading, converting, recognising.

What another program does is begun only while something is left, and ends with it. What is not begun any more is
told to the sender by name, while what was read before it counts.
"""

import math
import time
from collections.abc import Callable

from bot.errors import SpentError

LEAST = 0.5  # seconds; with less nothing is begun


class Allowance:
    """The seconds of the mail that is open now; without end until ``begin``. One mail at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = math.inf

    def begin(self, seconds: float) -> None:
        """A mail is opened, which may take so many seconds from now on."""
        self._end = self._clock() + seconds

    def reduce(self, seconds: float) -> None:
        """From now on at most so many are left."""
        self._end = min(self._end, self._clock() + seconds)

    def share(self, most: float, part: float = 1.0) -> float:
        """How many seconds a program may take that should take ``most``, and ``part`` of what is left at the utmost.
        SpentError when nothing is left."""
        left = (self._end - self._clock()) * part
        if left < LEAST:
            raise SpentError("the mail has had its time")
        return min(most, left)
