"""What a year comes to for each unit: reports as the record has them, evidence, and the score that follows."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

# As Standing has it, with "missing" for whatever is due and not there.
AssessedAs = Literal["on_time", "late", "missing", "waiting"]
# Why points are deducted: a key of ``[deductions]`` and of ``[words.reasons]`` in rules/assessment.toml.
DeductedFor = Literal["late", "missing", "returned", "corrected"]


@dataclass(frozen=True, slots=True)
class Filed:
    """One report of the record. ``period`` is the one that it is about; ``version`` is None unless accepted."""

    report_id: int
    form: str
    period: str
    unit: str | None
    sender_unit: str | None
    outcome: str
    why: str
    version: int | None
    received_at: datetime
    first_received_at: datetime
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deduction:
    """``count`` days or times, and the points that they cost."""

    code: DeductedFor
    count: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class Evidence:
    """One obligation and what became of it. ``received_at`` is when the first accepted version came, by the
    server's clock; for what waits, when that came. ``late_days`` is 0 unless it was late; ``returned`` and
    ``corrected`` count times."""

    form: str
    period: str
    deadline: datetime
    outcome: AssessedAs
    received_at: datetime | None
    version: int | None
    late_days: int
    returned: int
    corrected: int
    deductions: tuple[Deduction, ...]

    @property
    def deducted(self) -> Decimal:
        """Points taken off in all."""
        return sum((d.points for d in self.deductions), Decimal(0))


@dataclass(frozen=True, slots=True)
class Assessed:
    """One unit's year. ``rank`` is among the units of its kind; equal scores share one."""

    unit: str
    kind: str
    evidence: tuple[Evidence, ...]
    score: Decimal
    grade: str
    rank: int

    def count(self, outcome: AssessedAs) -> int:
        """How many obligations came to this."""
        return sum(row.outcome == outcome for row in self.evidence)

    @property
    def owed(self) -> int:
        """How many reports fell due."""
        return len(self.evidence)

    @property
    def late_days(self) -> int:
        """Days late, over all reports."""
        return sum(row.late_days for row in self.evidence)

    @property
    def returned(self) -> int:
        """How often reports were returned."""
        return sum(row.returned for row in self.evidence)

    @property
    def corrected(self) -> int:
        """How many corrections were sent after a report was accepted."""
        return sum(row.corrected for row in self.evidence)

    @property
    def deducted(self) -> Decimal:
        """All deductions; the score never falls below 0, this may exceed what it began with."""
        return sum((row.deducted for row in self.evidence), Decimal(0))
