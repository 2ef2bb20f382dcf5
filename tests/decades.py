"""A record as it is after years: so many units, so many months, written in bulk and without a mail being read."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, literal, select

from bot.deciding.deadlines import next_period, periods
from bot.jobs.parts import Bot
from bot.record import schema
from bot.rules.units import Unit
from tests.bots import NUMBERS, at, with_units

FIRST = "2017-06"
BYTES = (18_000, 13_000)  # of a mail and of a letter
MANY = 10_000  # of more than so many the bytes would fill a disk
SHORT = b"Subject: x\r\n\r\nx\r\n"


def months(number: int) -> tuple[str, ...]:
    """So many, from the campaign's first."""
    last = FIRST
    for _ in range(number - 1):
        last = next_period(last)
    return periods(FIRST, last)


def after(number: int) -> datetime:
    """A Wednesday morning on which the last of so many months is overdue."""
    day = at(f"{next_period(months(number)[-1])}-10T10:00")
    return day + timedelta(days=(2 - day.weekday()) % 7)


def live_through(bot: Bot, units: int, number: int) -> Bot:
    """The same bot in a county with so many units, after so many months of the targets' form.

    Of a hundred reports three were returned, two wait, five never came; of the last month every other is missing.
    """
    bot = with_units(bot, units)
    every, form = list(bot.rules.units.units), bot.rules.targets.form
    mails: list[dict[str, Any]] = []
    reports: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for m, period in enumerate(months(number)):
        for n, unit in enumerate(every):
            place = (7 * n + 13 * m) % 100
            if place >= 95 or (m == number - 1 and n % 2):
                continue
            key, moment = len(mails) + 1, bot.deadline(form, period) - timedelta(days=2, minutes=n % 600)
            outcome = "returned" if place < 3 else "waiting" if place < 5 else "accepted"
            mails.append(_mail(key, n, moment, outcome))
            reports.append(_report(key, unit, form, period, moment, outcome))
            answers.append(_answer(key, n, moment))
    liaisons = [
        {"unit": unit.name, "name": "李明", "mobile": "13800000000", "email": f"liaison{n}@demo.test"}
        for n, unit in enumerate(every)
    ]
    with bot.record.begin() as conn:
        conn.execute(insert(schema.liaison), [{**row, "since": at("2017-01-01T00:00").date()} for row in liaisons])
        for table, rows in ((schema.mail, mails), (schema.report, reports), (schema.letter, answers)):
            conn.execute(insert(table), rows)
        _with_bytes(conn, *(BYTES if len(mails) <= MANY else (1, 1)))
    return bot


def letters_waiting(bot: Bot, number: int, now: datetime) -> None:
    """So many short letters in the outbox, each to another address."""
    rows = [{**_answer(n, n, now), "key": f"waiting:{n}", "state": "queued", "sent_at": None} for n in range(number)]
    for n, row in enumerate(rows):
        row |= {"token": f"w{n}", "message_id": f"<w{n}@demo.test>", "mail_id": None}
    with bot.record.begin() as conn:
        conn.execute(insert(schema.letter), rows)
        written = select(schema.letter.c.id, literal(SHORT)).where(schema.letter.c.key.startswith("waiting:"))
        conn.execute(insert(schema.mime).from_select(["letter_id", "data"], written))


def _with_bytes(conn: Connection, mails: int, letters: int) -> None:
    """Every mail and every letter gets so many bytes."""
    for table, parent, size in ((schema.raw, schema.mail, mails), (schema.mime, schema.letter, letters)):
        conn.execute(insert(table).from_select(list(table.c.keys()), select(parent.c.id, literal(bytes(size)))))


def _mail(key: int, n: int, moment: datetime, outcome: str) -> dict[str, Any]:
    return {
        "id": key, "sha256": f"{key:064}", "size": 0, "received_at": moment, "archived_at": moment,
        "state": "done", "attempts": 1, "sender": f"liaison{n}@demo.test", "shown_from": "", "subject": "附件4",
        "outcome": outcome, "why": "", "done_at": moment,
    }  # fmt: skip


def _report(key: int, unit: Unit, form: str, period: str, moment: datetime, outcome: str) -> dict[str, Any]:
    accepted = outcome == "accepted"
    return {
        "mail_id": key, "form": form, "unit": unit.name, "sender_unit": unit.name, "period": period, "about": period,
        "outcome": outcome, "why": "conflict" if outcome == "waiting" else "", "version": 1 if accepted else None,
        "on_time": True if accepted else None, "received_at": moment, "first_received_at": moment,
        "recorded_at": moment, "filled_on": None, "reporter": "李明", "phone": "", "document": "附件4.xlsx",
        "sheet": "Sheet1", "numbers": NUMBERS, "origin": "", "content": [], "settled": "",
    }  # fmt: skip


def _answer(key: int, n: int, moment: datetime) -> dict[str, Any]:
    return {
        "key": f"receipt:{key}", "letter": "receipt", "to": f"liaison{n}@demo.test", "subject": "已收到",
        "token": f"t{key}", "message_id": f"<{key}@demo.test>", "state": "sent",
        "attempts": 1, "queued_at": moment, "due_at": moment, "sent_at": moment, "answer": "", "mail_id": key,
        "obligations": [], "only_while_owed": False,
    }  # fmt: skip
