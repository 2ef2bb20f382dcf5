"""Tells a story on a post office: time passes, people write, and the bot does all its work at each moment.

    take_roster, take_base -> for each moment: County.posting -> PostOffice.deliver -> tick.run_once -> on_step

The pipeline is the real one, on real servers: nothing is faked but the clock and the people.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bot import PROJECT
from bot.config import Config
from bot.demo.acts import Act
from bot.demo.county import County, Posting
from bot.demo.story import FILE, Story
from bot.demo.writing import PROVIDER
from bot.errors import BotError, ConfigError
from bot.jobs.parts import Bot, Stop
from bot.jobs.roster import take_roster
from bot.jobs.tick import Report, run_once

if TYPE_CHECKING:
    from bot.demo.servers import PostOffice
    from bot.demo.smtp_server import Posted

POLLED_AFTER = timedelta(minutes=1)  # what a real mailbox is polled at most, so a mail is seen a little later


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the story, after it: ``act`` and its ``posting``, if somebody wrote; the letters that left."""

    now: datetime
    act: Act | None
    posting: Posting | None
    report: Report
    letters: tuple["Posted", ...]


def settings(story: Story, office: "PostOffice", database: str, data: Path) -> Config:
    """An installation for the story: this program's rules and templates, letters leave at once. ``data`` is the
    folder for whatever it writes."""
    server = {"host": office.host, "security": "none", "username": office.username, "timeout_seconds": 20}
    own = story.office
    return Config.model_validate(
        {
            "office": {
                "name": own.name,
                "contact": own.contact,
                "phone": own.phone,
                "staff": [story.address(local) for local in own.staff],
            },
            "mailbox": {**server, "port": office.imap_port, "authserv_id": PROVIDER},
            "smtp": {
                **server,
                "port": office.smtp_port,
                "from": f"{own.sender} <{office.username}>",
                "per_minute": 10_000,
                "per_day": 10_000,
                "deliver": "send",
            },
            "database": {"url": database},
            "campaign": {"first_period": story.period, "last_period": "2019-12"},
            "paths": {"rules": PROJECT / "rules", "templates": PROJECT / "templates", "data": data},
        }
    )


def appoint(bot: Bot, story: Story) -> list[str]:
    """The liaisons that are known, imported from a workbook as the office would do it. Returns the lines that the
    import had to say. ConfigError if the rules do not know a unit of the story."""
    names = {u.id: u.name for u in bot.rules.units.units}
    if unknown := [p.unit for p in story.people if p.unit not in names]:
        raise ConfigError(f"{FILE}: people: rules/units.toml has no unit {', '.join(unknown)}")
    people = [(names[p.unit], p.name, p.mobile, story.address_of(p)) for p in story.people if p.listed]
    columns = [c.label for c in bot.rules.roster.row]
    with TemporaryDirectory() as folder:
        roster = _workbook(Path(folder) / "roster.xlsx", columns, people)
        return take_roster(bot, roster, story.start, min(story.start, bot.ever)).problems


def _workbook(file: Path, headings: list[str], rows: Iterable[Sequence[Any]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for row in (headings, *rows):
        book.worksheets[0].append(tuple(row))
    book.save(file)
    return file


def play(
    bot: Bot,
    office: "PostOffice",
    story: Story,
    *,
    until: date,
    on_step: Callable[[Step], None] = lambda _: None,
    stop: Stop = lambda: False,
) -> None:
    """Everything from the story's start to the end of a day. BotError when a server or the record fails, or when
    the bot could not work a mail off; OutOfPlot when the story does not fit what was received."""
    county = County(story, bot.rules, office)
    for moment, act in story.moments(until):
        if stop():
            return
        at = moment.replace(tzinfo=bot.zone)
        now = at + POLLED_AFTER if act else at
        posting = county.posting(act, at) if act else None
        if posting:
            office.deliver(office.username, posting.data, at, posting.folder)
        before = len(office.sent)
        report = run_once(bot, now, stop)
        if report.broken:
            raise report.broken[0]
        if report.failed:
            raise BotError(f"{now:%Y-%m-%d %H:%M}: {report.failed} mail(s) could not be worked off")
        on_step(Step(now, act, posting, report, tuple(office.sent[before:])))
