"""The parts that jobs work with, built once for a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import partial
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.clock import system_clock
from bot.config import Config
from bot.deciding.calendar import WorkCalendar
from bot.deciding.deadlines import deadline
from bot.deciding.whichperiod import Campaign
from bot.errors import ConfigError
from bot.jobs.known import taken_up, with_absences
from bot.jobs.opening import Known, Opener, Told
from bot.letters.calendars import CalendarWords
from bot.letters.mime import plain_address
from bot.letters.render import Renderer
from bot.letters.summary_words import SummaryWords
from bot.letters.workbook_words import WorkbookWords
from bot.logs import Lasting
from bot.mail.authentication import Provider
from bot.mail.packed import Unpacker
from bot.mail.unpacker import Programs
from bot.mail.unwrap import unwrap
from bot.model.deciding import Obligation
from bot.model.mail import Mail, RawMail
from bot.reading.convert import Office
from bot.reading.guard import Reader
from bot.reading.legacy import Converter
from bot.record import known, people
from bot.record.database import Record
from bot.rules.load import load_each, load_file, load_rules
from bot.rules.policy import Rules

COMPILED = "compiled"  # beside the data: templates as they were compiled
Stop = Callable[[], bool]  # asked between two mails or letters: true when the process is to end


@dataclass(frozen=True, slots=True)
class Bot:
    """This installation, ready to work. ``Bot.build`` opens the record; ``close`` ends what was opened."""

    config: Config
    rules: Rules
    record: Record
    reader: Reader
    renderer: Renderer
    workbook_words: WorkbookWords
    calendar_words: CalendarWords
    summary_words: SummaryWords
    calendar: WorkCalendar
    provider: Provider
    opener: Opener
    unpacker: Unpacker = field(default_factory=Programs)
    converter: Converter = field(default_factory=Office)
    lasting: Lasting = field(default_factory=Lasting)
    passed: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    @classmethod
    def build(cls, config: Config, record: Record | None = None, now: datetime | None = None) -> Self:
        """Loads rules and templates first, so that an error in them is told before anything is opened. ``now``, else
        the moment itself, is the first day of what the record has not met yet."""
        rules, workbook, calendar, summary = _words(config)
        compiled = config.paths.data / COMPILED
        renderer = Renderer(config.paths.templates, config.office, config.smtp.sender, compiled)
        for where, letter in rules.reminders.letters:
            if not (config.paths.templates / letter / "subject.txt").is_file():
                raise ConfigError(f"{config.paths.rules / 'reminders.toml'}: {where}: no letter {letter!r}")
        for key, address in (("smtp.from", config.own_address), *(("office.staff", a) for a in config.office.staff)):
            try:
                plain_address(address)
            except ValueError as error:
                raise ConfigError(f"{key}: {error}") from error
        record, moment = record or Record.open(config.database.url), now or system_clock()
        try:
            today = moment.astimezone(config.office.zone).date()
            rules = taken_up(record, rules, str(config.paths.rules / "units.toml"), moment, today)
            with record.read() as conn:
                passed = known.deadlines(conn)
        except BaseException:
            record.close()
            raise
        provider = Provider.for_host(config.mailbox.host, config.mailbox.authserv_id)
        return cls(
            config,
            rules,
            record,
            Reader(),
            renderer,
            workbook,
            calendar,
            summary,
            WorkCalendar(rules.calendar),
            provider,
            Opener(_told(config, provider), known=_known(config, record)),
            passed=passed,
        )

    def knowing(self, conn: Connection) -> Self:
        """The same, with what the office has ordered by now of units that are away."""
        rules = with_absences(self.rules, known.absences(conn))
        return self if rules is self.rules else replace(self, rules=rules)

    def unwrapped(self, raw: RawMail) -> Mail:
        """A mail, unwrapped as this installation does. TooComplex if it is beyond the limits."""
        own, shared = self.config.own_address, self.rules.links.shared
        return unwrap(raw, own_address=own, provider=self.provider, unpacker=self.unpacker, shared=shared)

    def close(self) -> None:
        """Ends the processes that open what came from outside, and the connections."""
        self.opener.close()
        self.reader.close()
        self.record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def zone(self) -> ZoneInfo:
        """The office's zone."""
        return self.config.office.zone

    @property
    def ever(self) -> date:
        """The first day of the campaign's first month: from when on a unit's very first liaisons count."""
        return date.fromisoformat(f"{self.config.campaign.first_period}-01")

    @property
    def campaign(self) -> Campaign:
        """The first and the last month that are collected."""
        return Campaign(self.config.campaign.first_period, self.config.campaign.last_period)

    def deadline(self, form: str, period: str) -> datetime:
        """The last second at which a form for a period is on time, in the office's zone. One that has passed stays what
        it was, whatever the rules say now."""
        if (form, period) in self.passed:
            return self.passed[form, period].astimezone(self.zone)
        return deadline(self.rules.forms[form], period, self.calendar, self.zone)

    def obligation(self, unit: str, form: str, period: str) -> Obligation:
        """What a unit owes, with the deadline that holds for everybody."""
        return Obligation(unit, form, period, self.deadline(form, period))

    def term(self, o: Obligation) -> str:
        """The period of an obligation as the keys of its letters name it: with the unit's own day where the office has
        put its deadline off. What was written by the old day is then not what the new one asks for."""
        own = o.deadline.astimezone(self.zone)
        return o.period if own == self.deadline(o.form, o.period) else f"{o.period}@{own.date().isoformat()}"

    def midnight(self, now: datetime) -> datetime:
        """When the office's day began."""
        return datetime.combine(now.astimezone(self.zone).date(), time.min, self.zone)


def _words(config: Config) -> tuple[Rules, WorkbookWords, CalendarWords, SummaryWords]:
    """The rules and the words of workbooks. One ConfigError for all that is wrong in any of their files."""
    if not config.paths.templates.is_dir():
        raise ConfigError(f"{config.paths.templates}: no such folder (paths.templates)")
    kinds = {"workbook.toml": WorkbookWords, "calendar.toml": CalendarWords, "summary.toml": SummaryWords}
    words = (partial(load_file, config.paths.templates / name, kind) for name, kind in kinds.items())
    rules, workbook, calendar, summary = load_each([partial(load_rules, config.paths.rules), *words])
    return rules, workbook, calendar, summary


def _told(config: Config, provider: Provider) -> Told:
    rules = str(config.paths.rules.resolve())
    seconds = config.limits.mail_seconds, config.limits.stranger_seconds
    return Told(rules, config.own_address, provider.netease, provider.authserv_id, *seconds)


def _known(config: Config, record: Record) -> Known:
    """Whether an address is one of the staff, or was a liaison's on a day."""

    def known(address: str, moment: datetime) -> bool:
        if address in config.office.staff_addresses:
            return True
        with record.read() as conn:
            return bool(people.at_address(conn, address, moment.astimezone(config.office.zone).date()))

    return known
