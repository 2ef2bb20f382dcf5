"""The parts that jobs work with, built once for a process."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.config import Config
from bot.deciding.calendar import WorkCalendar
from bot.deciding.deadlines import deadline
from bot.deciding.whichperiod import Campaign
from bot.errors import ConfigError
from bot.letters.calendars import CalendarWords
from bot.letters.mime import plain_address
from bot.letters.render import Renderer
from bot.letters.summary_words import SummaryWords
from bot.letters.tokens import message_id, token
from bot.letters.workbook_words import WorkbookWords
from bot.logs import Lasting
from bot.mail.authentication import Provider
from bot.mail.packed import Unpacker
from bot.mail.unpacker import Programs
from bot.model.deciding import Attention, LetterDraft, Obligation
from bot.reading.convert import Office
from bot.reading.guard import Reader
from bot.reading.legacy import Converter
from bot.record import answering, attention, outbox, runs
from bot.record.clocks import key_for
from bot.record.database import Record
from bot.rules.load import load_file, load_rules
from bot.rules.policy import Rules

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
    unpacker: Unpacker = field(default_factory=Programs)
    converter: Converter = field(default_factory=Office)
    lasting: Lasting = field(default_factory=Lasting)

    @classmethod
    def build(cls, config: Config, record: Record | None = None) -> Self:
        """Loads rules and templates first, so that an error in them is told before anything is opened."""
        rules = load_rules(config.paths.rules)
        compiled = config.paths.data / "compiled"
        renderer = Renderer(config.paths.templates, config.office, config.smtp.sender, compiled)
        for where, letter in rules.reminders.letters:
            if not (config.paths.templates / letter / "subject.txt").is_file():
                raise ConfigError(f"{config.paths.rules / 'reminders.toml'}: {where}: no letter {letter!r}")
        for key, address in (("smtp.from", config.own_address), *(("office.staff", a) for a in config.office.staff)):
            try:
                plain_address(address)
            except ValueError as error:
                raise ConfigError(f"{key}: {error}") from error
        return cls(
            config,
            rules,
            record or Record.open(config.database.url),
            Reader(),
            renderer,
            load_file(config.paths.templates / "workbook.toml", WorkbookWords),
            load_file(config.paths.templates / "calendar.toml", CalendarWords),
            load_file(config.paths.templates / "summary.toml", SummaryWords),
            WorkCalendar(rules.calendar),
            Provider.for_host(config.mailbox.host, config.mailbox.authserv_id),
        )

    def close(self) -> None:
        """Ends the reading process and the connections."""
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
        """The last second at which a form for a period is on time, in the office's zone."""
        return deadline(self.rules.forms[form], period, self.calendar, self.zone)

    def obligation(self, unit: str, form: str, period: str) -> Obligation:
        """What a unit owes, with the deadline that holds for everybody."""
        return Obligation(unit, form, period, self.deadline(form, period))

    def enqueue(self, conn: Connection, draft: LetterDraft, now: datetime, mail_id: int | None = None) -> int | None:
        """Renders a letter and queues it, once for its key; None when it was there already.

        With ``mail_id`` it answers that mail, and takes its turn among the answers of the hour; the staff never waits.
        With ``deliver = "hold"`` every letter is held until someone releases it.
        """
        key = key_for(conn, draft.key, now) if mail_id is None else draft.key
        if key is None or outbox.has_key(conn, key):
            return None
        draft = replace(draft, key=key)
        secret = runs.token_secret(conn)
        own_id = message_id(secret, draft.key, self.config.own_address.partition("@")[2])
        held = draft.held or self.config.smtp.deliver == "hold"
        letter = self.renderer.render(
            replace(draft, held=held), token=token(secret, draft.key), message_id=own_id, now=now
        )
        letter = replace(letter, only_while_owed=draft.only_while_owed)
        due_at = now if held or mail_id is None else self._turn_of(conn, draft.to, now)
        letter_id = outbox.enqueue(conn, letter, now, mail_id=mail_id, due_at=due_at)
        if letter_id is not None and due_at > now:
            until = due_at.isoformat()
            runs.note(
                conn, now, "letter.put_off", letter_id=letter_id, mail_id=mail_id, why="answers_per_hour", until=until
            )
            self.tell_once_a_day(conn, Attention("answers_put_off"), now, mail_id)
        if draft.held and letter_id is not None:  # a draft, which only the office's word lets go
            about = letter.obligations[0] if letter.obligations else None
            unit, form, period = (about.unit, about.form, about.period) if about else (None, None, None)
            item = Attention("draft", letter.to, unit, form, period, letter_id=letter_id)
            attention.open_items(conn, [item], now)
        return letter_id

    def _turn_of(self, conn: Connection, address: str, now: datetime) -> datetime:
        staff = self.config.office.staff_addresses
        if address in staff:
            return now
        self.record.answer_in_turn(conn)
        return answering.next_turn(conn, self.config.limits.answers_per_hour, now, but=staff)

    def midnight(self, now: datetime) -> datetime:
        """When the office's day began."""
        return datetime.combine(now.astimezone(self.zone).date(), time.min, self.zone)

    def tell_once_a_day(self, conn: Connection, item: Attention, now: datetime, mail_id: int | None) -> None:
        """Puts something before the office, unless the same was already today."""
        if not attention.was_opened(conn, item, self.midnight(now), now):
            attention.open_items(conn, [item], now, mail_id)

    def enqueue_for_staff(self, conn: Connection, draft: LetterDraft, now: datetime, but: str = "") -> int:
        """One letter for each staff address (providers dislike several recipients), ``but`` left out.

        Returns how many are new."""
        staff = [a for a in self.config.office.staff if a.lower() != but]
        drafts = [replace(draft, key=f"{draft.key}:{a.lower()}", to=a) for a in staff]
        return sum(self.enqueue(conn, d, now) is not None for d in drafts)
