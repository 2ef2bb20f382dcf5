"""The process dies at every point where it touches the outside, in turn; the lives after it make the office whole.

In ``make test`` a few points of some scenarios, another choice each day; all of them with BOT_SOAK=1.
"""

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.jobs.proving import SPAN
from tests.bots import at, events
from tests.faults.county import LI, SENT, STAFF, WANG, Account, County, Saved, Truth
from tests.faults.life import KILLED
from tests.figures import count
from tests.mails import mail, report
from tests.servers.dovecot import DovecotOffice

SOAK = os.environ.get("BOT_SOAK") == "1"
SLICES = 4 if SOAK else 1  # so that several cores share the long form
LIVES = 2  # undisturbed ones after a death: the first ends the doubt about a letter, the second finds nothing to do

STRANGER = "stranger@demo.test"
ACCEPTED, RETURNED = report(LI), report(WANG, "乔官镇", total=33)
STRANGE, ORDINARY = report(STRANGER, "营丘镇"), mail(LI, "开会")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Mails that have come when the process lives at ``now`` and dies; ``before`` are undisturbed lives before that,
    in which the server ``refused`` letters to some addresses."""

    now: str
    mails: tuple[bytes, ...] = ()
    before: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    short: int = 0  # so many points in make test

    @property
    def first_for_days(self) -> bool:
        """No letter left in the days before that the proof of copies looks at."""
        return all(at(self.now) - at(earlier) > SPAN for earlier in self.before)


SCENARIOS = {
    # a report, a wrong one, a stranger's, ordinary mail; two units are late; digest and year plan of a first week
    "morning": Scenario("2017-07-06T09:00", (ACCEPTED, RETURNED, STRANGE, ORDINARY), short=1),
    # what was done is moved away
    "filing": Scenario("2017-07-03T10:30", (ACCEPTED, RETURNED, STRANGE), before=("2017-07-03T10:10",)),
    # letters that the server put off, and one that it refuses for good
    "outbox": Scenario(
        "2017-07-06T10:30",
        (ACCEPTED, RETURNED, STRANGE),
        before=("2017-07-06T09:00",),
        refused=(LI, WANG, STAFF, STRANGER),
    ),
    # Monday: the digest, a second reminder, the bulletin's draft
    "monday": Scenario("2017-07-10T09:00", (ACCEPTED,), before=("2017-07-06T09:00",)),
    # three weeks later: escalation, the groups' reports
    "weeks later": Scenario("2017-07-28T09:00", (RETURNED,), before=("2017-07-06T09:00",)),
    # orders of the staff, and a correction
    "orders": Scenario(
        "2017-07-06T09:00",
        (mail(STAFF, "指令", text="延期 红河镇 6月 至 7月10日 住院"), RETURNED, report(WANG, "乔官镇")),
    ),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A scenario on a county of its own: what an undisturbed life comes to, and how many points it passes."""

    scenario: Scenario
    begun: Saved
    calm: Truth
    points: list[str]

    def county(self, office: County, folder: Path) -> County:
        """Once more at the moment at which the process may die."""
        return office.resume(self.begun, folder)

    def die(self, office: County, folder: Path, number: int) -> tuple[Account, list[str]]:
        """Dies at one point, lives on; the account, and the letters that were announced as perhaps sent twice."""
        county = self.county(office, folder)
        assert county.live(self.scenario.now, die_at=number).status == KILLED
        county.settle(self.scenario.now, LIVES)
        with county.record() as bot:
            unproven = events(bot, "letter.unproven")
        account = county.account(self.calm)
        shutil.rmtree(folder)
        return account, unproven


@pytest.fixture
def office(dovecot: DovecotOffice, tmp_path: Path) -> County:
    made = County(tmp_path / "office", dovecot)
    made.prepare()
    return made


def staged(office: County, folder: Path, scenario: Scenario) -> Stage:
    calm = office.copy_to(folder / "calm")
    calm.deliver(*scenario.mails)
    for earlier in scenario.before:
        office.office.refusals.update(dict.fromkeys(scenario.refused, "450 4.2.1 try again later"))
        assert calm.live(earlier).status == 0
        office.office.refusals.clear()
    begun = calm.save(folder / "begun")
    if scenario.refused:
        office.office.refusals[STRANGER] = "550 5.1.1 User not found"
    life = calm.live(scenario.now)
    calm.settle(scenario.now, LIVES)
    truth = calm.truth()
    assert calm.account(truth) == Account([], [], [])
    return Stage(scenario, begun, truth, life.points)


def chosen(total: int, slice_: int, short: int) -> Iterator[int]:
    """Every point of this slice; in the short form so many, another choice each day."""
    if SOAK:
        yield from range(1 + slice_, total + 1, SLICES)
    else:
        yield from random.Random(datetime.now(UTC).date().isoformat()).sample(range(1, total + 1), short)


@pytest.mark.soak
@pytest.mark.parametrize("slice_", range(SLICES))
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if SOAK or scenario.short])
def test_wherever_it_dies_nothing_is_lost_and_nothing_done_twice(
    office: County, tmp_path: Path, name: str, slice_: int
) -> None:
    """Where the provider keeps copies of what was sent."""
    office.office.copies = SENT
    stage = staged(office, tmp_path, SCENARIOS[name])
    assert len(stage.points) > 20
    # A first letter after days has no neighbours whose copies prove that copies are kept: it is sent, and that said.
    first = stage.points.index("before smtp letter") + 1 if stage.scenario.first_for_days else 0
    for number in chosen(len(stage.points), slice_, SCENARIOS[name].short):
        account, unproven = stage.die(office, tmp_path / str(number), number)
        count("crash points", lost=len(account.lost), twice=len(account.twice))
        where = f"{name}, point {number}: {stage.points[number - 1]}"
        assert account == Account([], [], []), where
        assert unproven == [] or (len(unproven) == 1 and number <= first), where


@pytest.mark.soak
@pytest.mark.parametrize("slice_", range(SLICES))
def test_without_copies_one_letter_may_come_twice_and_it_is_said(office: County, tmp_path: Path, slice_: int) -> None:
    stage = staged(office, tmp_path, SCENARIOS["morning"])
    handing_over = [n for n, what in enumerate(stage.points, 1) if "letter" in what]
    numbers = handing_over[:1] if not SOAK else chosen(len(stage.points), slice_, 0)
    for number in numbers:
        account, unproven = stage.die(office, tmp_path / str(number), number)
        announced = len(unproven)
        count("crash points, no copies kept", lost=len(account.lost), twice=max(0, len(account.twice) - announced))
        where = f"point {number}: {stage.points[number - 1]}"
        assert (account.lost, account.open) == ([], []), where
        assert len(account.twice) <= announced <= 1, where


@pytest.mark.soak
def test_a_death_in_the_very_first_start_is_made_whole(dovecot: DovecotOffice, tmp_path: Path) -> None:
    """An empty folder: the schema is made, the secret, the first run."""
    dovecot.copies = SENT
    first = "2017-07-03T10:00"
    whole = County(tmp_path / "whole", dovecot)
    points = whole.live(first).points
    starting = points.index("before imap CAPABILITY") if "before imap CAPABILITY" in points else len(points)
    for number in range(1, starting + 1) if SOAK else (2,):
        dovecot.empty()
        county = County(tmp_path / str(number), dovecot)
        county.deliver(ORDINARY)
        assert county.live(first, die_at=number).status == KILLED
        county.settle(first, 1)
        count("crash points")
        assert list(county.truth().mails.values()) == ["done ignored"], points[number - 1]


@pytest.mark.soak
def test_dying_again_in_the_life_after(office: County, tmp_path: Path) -> None:
    office.office.copies = SENT
    stage = staged(office, tmp_path, SCENARIOS["morning"])
    chance = random.Random(20170705)
    for pair in range(120 if SOAK else 1):
        county = stage.county(office, tmp_path / str(pair))
        one, two = chance.randrange(1, len(stage.points)), chance.randrange(1, 120)
        assert county.live(stage.scenario.now, die_at=one).status == KILLED
        later = at(stage.scenario.now) + timedelta(minutes=12)
        county.live(later.strftime("%Y-%m-%dT%H:%M"), die_at=two)
        county.settle(later.strftime("%Y-%m-%dT%H:%M"), LIVES)
        account = county.account(stage.calm)
        count("double crashes", lost=len(account.lost), twice=len(account.twice))
        assert account == Account([], [], []), f"points {one}, then {two}"
