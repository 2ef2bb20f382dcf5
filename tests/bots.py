"""A bot on a folder of its own, and fakes of the two servers that it talks to, each with a visible record."""

import atexit
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import Connection, Engine, Table, event, select, text

from bot.config import Config, load_config
from bot.jobs import tick
from bot.jobs.dispensing import deadline_of
from bot.jobs.opening import Opened, Opener, Told, Tools, opened_with
from bot.jobs.orders import settling
from bot.jobs.parts import Bot
from bot.letters.render import Renderer
from bot.letters.smtp import Sender
from bot.mail.authentication import Provider
from bot.mail.batches import Headline
from bot.mail.mailbox import Mailbox, Selected
from bot.model.deciding import Judged, Numbers, Ruling
from bot.model.forms import Form
from bot.model.letters import Delivery, Sent
from bot.model.mail import RawMail
from bot.model.people import Liaison
from bot.reading.guard import Reader
from bot.record import archive, claims, people, reports, runs, schema, versions
from bot.record.database import Record
from bot.rules.units import Unit, Units
from tests.books import VALUES
from tests.servers.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[1]
ZONE = ZoneInfo("Asia/Shanghai")
NUMBERS: Numbers = VALUES
_serial = itertools.count(1)


def at(text: str) -> datetime:
    """``2017-07-06T09:00`` in the office's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def config_file(folder: Path, **changes: dict[str, Any]) -> Path:
    """A config.toml in ``folder``; ``changes`` are laid over its sections, None leaves a key out."""
    values: dict[str, dict[str, Any]] = {
        "office": {"name": "县安委会办公室", "contact": "郭忠亮", "phone": "6228071", "staff": ["staff@demo.test"]},
        "mailbox": {
            "host": "127.0.0.1", "port": 1, "security": "none", "username": "bot@demo.test", "timeout_seconds": 5,
            "authserv_id": "mx.demo.test",
        },
        "smtp": {
            "host": "127.0.0.1", "port": 1, "security": "none", "username": "bot@demo.test",
            "from": "安委会办公室 <bot@demo.test>", "per_minute": 1000, "per_day": 1000, "timeout_seconds": 5,
        },
        "database": {},
        "campaign": {"first_period": "2017-06", "last_period": "2017-12"},
        "schedule": {},
        "limits": {},
        "paths": {"rules": str(ROOT / "rules"), "templates": str(ROOT / "templates")},
    }  # fmt: skip
    for section, keys in changes.items():
        values.setdefault(section, {}).update(keys)
    lines = []
    for section, keys in values.items():
        lines.append(f"[{section}]")
        lines += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items() if value is not None
        ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def config(folder: Path, **changes: dict[str, Any]) -> Config:
    return load_config(config_file(folder, **changes))


_renderers: dict[tuple[object, ...], Renderer] = {}


@cache
def _reader() -> Reader:
    """One process that opens files, for all bots of the tests: to start it takes longer than most tests."""
    reader = Reader()
    atexit.register(reader.close)
    return reader


def build(made: Config, now: datetime | None = None) -> Bot:
    """``Bot.build``, with what takes longer than most tests done once for all of them: letters are compiled once, and
    mails are opened in this process. ``guarded`` opens them as the program does."""
    bot = Bot.build(made, now=now)
    key = (made.paths.templates, made.office, made.smtp.sender)
    opener = _Here(bot.opener.told, bot.provider, bot, _reader())
    return replace(bot, renderer=_renderers.setdefault(key, bot.renderer), opener=opener)


def guarded(bot: Bot) -> Bot:
    """The same bot, which opens mails in a process that can be ended."""
    return replace(bot, opener=Opener(bot.opener.told, known=bot.opener.known))


def build_hasty(made: Config) -> Bot:
    """As ``build``, on a SQLite that does not wait for the disk: for tests of no crash, which commit very often."""
    bot = build(made)
    event.listen(bot.record.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    bot.record.engine.dispose()  # the connections that it has had so far do wait
    return bot


def database_url(request: pytest.FixtureRequest, folder: Path) -> str:
    """For a fixture with the params "sqlite" and "postgresql": an empty database. On PostgreSQL it is the same
    one for all tests, emptied each time, because making one takes longer than most tests."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'bot.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with psycopg.connect(f"host={server.root} user=postgres dbname=postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shared'").fetchone():
            connection.execute("CREATE DATABASE shared TEMPLATE template0")
    url = f"postgresql+psycopg://postgres@/shared?host={server.root}"
    with Record.open(url) as record, record.begin() as conn:
        tables = ", ".join(f'"{name}"' for name in schema.metadata.tables)
        conn.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return url


def built(request: pytest.FixtureRequest, folder: Path, **changes: dict[str, Any]) -> Iterator[Bot]:
    """For a fixture with the params "sqlite" and "postgresql"."""
    changes["database"] = {"url": database_url(request, folder)}
    with build(config(folder, **changes)) as bot:
        yield bot


def with_provider(bot: Bot, provider: Provider) -> Bot:
    """The same bot with a mailbox at another provider; mails are opened in this process, which knows of the change."""
    return replace(bot, provider=provider, opener=_Here(bot.opener.told, provider, bot, bot.reader))


class _Here(Opener):
    """Opens mails as the process does that can be ended, without one."""

    def __init__(self, told: Told, provider: Provider, bot: Bot, reader: Reader) -> None:
        told = replace(told, netease=provider.netease, authserv_id=provider.authserv_id)
        super().__init__(told, known=bot.opener.known)
        self._tools = Tools(told.own_address, provider, bot.rules, reader, bot.unpacker, bot.converter)

    def open(self, raw: RawMail, *, read: bool = True) -> Opened:
        return opened_with(raw, self._tools, read=read)


def first_run(bot: Bot, when: datetime) -> None:
    """The bot begins its life at ``when``."""
    tick.begin(bot, when)


def read_mailbox(bot: Bot, now: datetime) -> None:
    """Pretend that a poll went well at ``now``."""
    with bot.record.begin() as conn:
        runs.put(conn, "last_good_poll", now.isoformat())


def appoint(bot: Bot, *persons: tuple[str, str, str], on: str = "2017-06-01") -> None:
    """Liaisons as (unit, name, email), all that their units have."""
    day = datetime.fromisoformat(on).date()
    by_unit: dict[str, list[Liaison]] = {}
    for unit, name, email in persons:
        by_unit.setdefault(unit, []).append(Liaison(unit, name, "13800000000", email))
    with bot.record.begin() as conn:
        for unit, liaisons in by_unit.items():
            people.appoint(conn, unit, liaisons, day, day)


def archived(bot: Bot, data: bytes, received_at: datetime) -> int:
    """One mail in the archive; its number."""
    with bot.record.begin() as conn:
        mail_id = archive.store(conn, RawMail(data, received_at), None, received_at)
    assert mail_id is not None
    return mail_id


def reported(
    bot: Bot,
    unit: str,
    period: str = "2017-06",
    when: str = "2017-07-03T10:00",
    *,
    outcome: Any = "accepted",
    why: str = "",
    numbers: Numbers | None = None,
    sender_unit: str | None = None,
) -> int:
    """Write down a report as if its mail had been worked off at ``when``; the report's number."""
    moment = at(when)
    mail_id = archived(bot, f"report {next(_serial)}".encode(), moment)
    numbers = NUMBERS if numbers is None else numbers
    judged = Judged(Form("annex4", "Sheet1", {}, {}), "附件4.xlsx", unit, period, None, "李明", "", numbers, ())
    with bot.record.begin() as conn:
        before = versions.accepted(conn, "annex4", unit, period)
        first = before.first_received_at if before else moment
        due = deadline_of(bot, conn, "annex4", unit, period)
        version = before.version + 1 if before else 1
        ruling = Ruling(judged, outcome, why, version, before, due, first <= due, about=period, sender_unit=sender_unit)
        report_id = reports.write(conn, mail_id, ruling, moment, moment)
        claims.finish(conn, mail_id, moment, outcome, why, None)
    assert report_id is not None
    return report_id


def settled(bot: Bot, report_id: int, now: datetime, **how: Any) -> str | None:
    """The office takes a report that waits; what became of it."""

    def do(opened: Mapping[int, Opened]) -> str | None:
        with bot.record.begin() as conn:
            return settling.accept(bot, conn, report_id, now, opened, by="test", **how)

    return settling.with_opened(bot, do)


def rows(bot: Bot, table: Table) -> list[Any]:
    """Every row of a table, in the order of its key."""
    with bot.record.read() as conn:
        return list(conn.execute(select(table).order_by(*table.primary_key.columns)))


def raw_mails(bot: Bot) -> dict[int, bytes | None]:
    """The bytes of every mail by its number; None for one that was too large to fetch."""
    kept = {row.mail_id: row.data for row in rows(bot, schema.raw)}
    return {row.id: kept.get(row.id) for row in rows(bot, schema.mail)}


def with_units(bot: Bot, number: int) -> Bot:
    """The same bot in a county with so many units: further departments."""
    units = bot.rules.units
    more = [Unit(id=f"further_{n}", name=f"第{n}办公室", kind="department") for n in range(number - len(units.units))]
    larger = Units(affixes=units.affixes, units=(*units.units, *more), groups=units.groups)
    return replace(bot, rules=bot.rules.model_copy(update={"units": larger}))


def statements(conn: Connection | Engine, step: Callable[[], object]) -> int:
    """How many statements a step sends to the database, over one connection or over all."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(conn, "before_cursor_execute", note)
    try:
        step()
    finally:
        event.remove(conn, "before_cursor_execute", note)
    return len(seen)


def letters(bot: Bot, state: str | None = None) -> list[Any]:
    """The outbox with the bytes of each letter as ``mime``, oldest first."""
    query = select(schema.letter, schema.mime.c.data.label("mime")).join(schema.mime).order_by(schema.letter.c.id)
    with bot.record.read() as conn:
        return [row for row in conn.execute(query) if state in (None, row.state)]


def events(bot: Bot, prefix: str = "") -> list[str]:
    """What happened, in order."""
    return [row.what for row in rows(bot, schema.event) if row.what.startswith(prefix)]


def attentions(bot: Bot) -> list[tuple[str, str]]:
    """What a person must see: kind and detail."""
    return [(row.kind, row.detail) for row in rows(bot, schema.attention)]


def text_of(mime: bytes) -> str:
    """The plain text of a letter."""
    for part in message_from_bytes(mime).walk():
        if part.get_content_type() == "text/plain":
            return bytes(part.get_payload(decode=True)).decode("utf-8")
    raise AssertionError("a letter without plain text")


def flat(mime: bytes) -> str:
    """The plain text without blanks and line ends, as long lines are broken anywhere."""
    return "".join(text_of(mime).split())


def header(mime: bytes, name: str) -> str:
    """A decoded header."""
    return str(make_header(decode_header(message_from_bytes(mime)[name] or "")))


def files_of(mime: bytes) -> list[tuple[str, bytes]]:
    """The attachments of a letter."""
    message = message_from_bytes(mime)
    return [
        (str(part.get_filename()), bytes(part.get_payload(decode=True)))
        for part in message.walk()
        if part.get_content_disposition() == "attachment"
    ]


def never() -> bool:
    """The process is not being stopped."""
    return False


class FakeMailbox(Mailbox):
    """A mailbox without a server. ``calls`` shows what it was asked; ``boxes`` what lies in each folder.

    UIDs in ``mute`` get no answer to a FETCH of bodies; ``breaks`` maps the name of a call to an error.
    """

    def __init__(self, **boxes: dict[int, bytes]) -> None:
        self.boxes: dict[str, dict[int, bytes]] = {"INBOX": {}, **boxes}
        self.uidvalidity = 7
        self.received_at: datetime | None = at("2017-07-03T10:00")
        self.mute: set[int] = set()
        self.sizes_claimed: dict[int, int] = {}
        self.breaks: dict[str, BaseException] = {}
        self.can_move = True
        self.copies: list[bytes] | None = None  # what the provider keeps of sent mail; None: no such folder
        self.filed: list[tuple[str, tuple[int, ...], str]] = []
        self.calls: list[str] = []
        self.fetched: list[int] = []
        self._open = ""

    def _called(self, what: str) -> None:
        self.calls.append(what)
        name = what.split(" ", 1)[0]
        if error := self.breaks.get(what) or self.breaks.get(name):
            raise error

    @contextmanager
    def poll(self) -> Iterator[None]:
        yield

    def folders(self) -> list[str]:
        self._called("folders")
        return list(self.boxes)

    def select(self, folder: str) -> Selected:
        self._called(f"select {folder}")
        self._open = folder
        return Selected(folder, self.uidvalidity, None)

    def unknown(self, after: int | None, known: Callable[[Iterable[int]], set[int]]) -> list[int]:
        self._called(f"unknown {after}")
        uids = [uid for uid in self.boxes[self._open] if after is None or uid > after]
        return sorted(set(uids) - known(uids))

    def other_folders(self) -> list[str]:
        self._called("other_folders")
        return []

    def sent_folder(self) -> str | None:
        self._called("sent_folder")
        return None if self.copies is None else "已发送"

    def arrived_since(self, day: date) -> list[int]:
        self._called(f"arrived_since {day}")
        return list(range(1, len(self.copies or ()) + 1))

    def headers(self, uids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        assert self.copies is not None
        assert self._open == "已发送"
        yield from ((uid, self.copies[uid - 1].partition(b"\r\n\r\n")[0]) for uid in uids)

    def sizes(self, uids: Iterable[int]) -> dict[int, Headline]:
        wanted = list(uids)
        self._called(f"sizes {wanted}")
        box = self.boxes[self._open]
        return {u: Headline(self.sizes_claimed.get(u, len(box[u])), self.received_at) for u in wanted if u in box}

    def fetch(self, uids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        wanted = list(uids)
        self._called(f"fetch {wanted}")
        for uid in wanted:
            if uid not in self.mute:
                self.fetched.append(uid)
                yield uid, self.boxes[self._open][uid]

    def file(self, uids: Iterable[int], into: str) -> bool:
        moved = tuple(uids)
        self._called(f"file {moved}")
        if not self.can_move:
            return False
        self.filed.append((self._open, moved, into))
        for uid in moved:
            self.boxes[self._open].pop(uid, None)
        return True


class FakeSender(Sender):
    """A connection without a server. ``sent`` has (address, bytes, attempt) in order; ``answers`` are used up
    one by one, then everything is taken. An answer that is an exception is raised."""

    def __init__(self, *answers: Delivery | BaseException) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, bytes, int]] = []
        self.opened = self.closed = 0
        self.alarms: list[str] = []
        self.before_closing: Callable[[], None] = lambda: None

    def open(self) -> "FakeSender":
        """What ``send_due`` calls for a connection."""
        self.opened += 1
        return self

    def send(self, mime: bytes, to: str, attempts: int = 1) -> Delivery:
        self.sent.append((to, mime, attempts))
        answer = self.answers.pop(0) if self.answers else Sent("250 queued")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed += 1
        self.before_closing()

    def addresses(self) -> list[str]:
        return [to for to, _, _ in self.sent]
