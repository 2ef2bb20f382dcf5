"""Case files: ``tests/cases/NNNN-slug/`` holds ``mail.eml`` and ``expected.json``, what ``explain --json`` says of it.

    python -m tests.case_files make          builds every mail.eml from the modules in tests/cases
    python -m tests.case_files expect NNNN   writes the expectation that is missing; overwrites none

``given.toml``, where there is one, is the world before the mail: ``now`` (arrival, in the office's zone),
``answer_from``, ``letters_today``, and tables ``people``, ``reports``, ``bases``, ``letters``. Without it the mail
arrives on 2017-07-03 at 10:00, and the people of ``roster.toml`` report. ``needs`` names what reads the mail and may
be absent: the programs ``soffice`` and ``bsdtar``, the extra ``ocr``; the test is skipped without it.
To accept a change: delete expected.json, run ``expect``, and read it as the office and the liaison would.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from bot.cli.shapes import mail_shape
from bot.config import Config, read_toml
from bot.jobs.parts import Bot
from bot.jobs.understand import intent_of, open_mail
from bot.model.deciding import Judged, Numbers, Obligation, Ruling
from bot.model.forms import Form
from bot.model.letters import Letter
from bot.model.mail import RawMail
from bot.model.people import Liaison
from bot.record import archive, claims, outbox, people, reports
from bot.record.database import Record

FOLDER = Path(__file__).parent / "cases"
ROOT = FOLDER.parent.parent
ZONE = ZoneInfo("Asia/Shanghai")
FILES = {"mail.eml", "expected.json", "given.toml"}
EVER = date(2017, 1, 1)
ANNEX4 = "annex4"


class Table(BaseModel):
    """A table of given.toml; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Table):
    unit: str
    name: str = ""
    mobile: str = ""
    email: str = ""


class Report(Table):
    """An accepted report; ``numbers`` in the order of the paper."""

    unit: str
    period: str
    received_at: datetime
    numbers: tuple[int, ...]
    version: int = 1


class Base(Table):
    unit: str
    numbers: dict[str, int]


class OurLetter(Table):
    """A letter of ours about one obligation: a mail may answer it."""

    token: str
    to: str
    unit: str
    period: str


class Given(Table):
    """The world before the mail arrives. ``letters_today`` is how many the sender got since midnight."""

    now: datetime = datetime(2017, 7, 3, 10, 0, tzinfo=ZONE)
    answer_from: datetime = datetime(2017, 6, 1, tzinfo=ZONE)
    letters_today: int = 0
    needs: Literal["soffice", "bsdtar", "ocr"] | None = None
    people: tuple[Person, ...] = ()
    reports: tuple[Report, ...] = ()
    bases: tuple[Base, ...] = ()
    letters: tuple[OurLetter, ...] = ()

    @classmethod
    def of(cls, case: Path) -> Self:
        path = case / "given.toml"
        given = cls.model_validate(read_toml(path) if path.exists() else {})
        roster = cls.model_validate(read_toml(FOLDER / "roster.toml"))
        return given if given.people else given.model_copy(update={"people": roster.people})


def cases() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name[0].isdigit())


@contextmanager
def office() -> Iterator[Bot]:
    """The shipped installation on an empty record. Its reader opens the files of every case."""
    config = Config.model_validate(
        {
            **read_toml(ROOT / "config.toml"),
            "paths": {"rules": ROOT / "rules", "templates": ROOT / "templates", "data": ROOT / "data"},
        }
    )
    with Bot.build(config, Record.open("sqlite://")) as bot:
        yield bot


def explained(case: Path, bot: Bot) -> Any:
    """What ``explain --json`` says of the mail, on a record of its own that is as given.toml says."""
    given = Given.of(case)
    now = given.now if given.now.tzinfo else given.now.replace(tzinfo=ZONE)
    campaign = bot.config.campaign.model_copy(update={"answer_from": given.answer_from})
    with Record.open("sqlite://") as record:
        bot = replace(bot, record=record, config=bot.config.model_copy(update={"campaign": campaign}))
        opened = open_mail(RawMail((case / "mail.eml").read_bytes(), now), bot)
        with record.begin() as conn:
            _prepare(conn, bot, given, now, opened.mail.sender or "")
        with record.read() as conn:
            shape = mail_shape(opened, intent_of(opened, bot, conn, now), bot.rules)
    return json.loads(json.dumps(shape))


def _prepare(conn: Connection, bot: Bot, given: Given, now: datetime, sender: str) -> None:
    by_unit: dict[str, list[Liaison]] = {}
    for person in given.people:
        by_unit.setdefault(person.unit, []).append(Liaison(person.unit, person.name, person.mobile, person.email))
    for unit, persons in by_unit.items():
        people.appoint(conn, unit, persons, EVER, EVER)
    for base in given.bases:
        people.register_base(conn, base.unit, ANNEX4, base.numbers, now)
    for number, report in enumerate(given.reports):
        _write_report(conn, bot, report, number)
    for letter in given.letters:
        about = (bot.obligation(letter.unit, ANNEX4, letter.period),)
        _write_letter(conn, letter.token, letter.to, about, datetime(2017, 6, 30, 9, tzinfo=ZONE))
    for number in range(given.letters_today):
        _write_letter(conn, f"TODAY{number:03d}", sender, (), now, _write_mail(conn, f"today {number}", now))


def _write_report(conn: Connection, bot: Bot, report: Report, number: int) -> None:
    at = report.received_at if report.received_at.tzinfo else report.received_at.replace(tzinfo=ZONE)
    mail_id = _write_mail(conn, f"earlier {number}", at)
    form = Form(ANNEX4, "Sheet1", {}, {})
    judged = Judged(form, "附件4.xlsx", report.unit, report.period, None, "", "", _numbers(bot, report.numbers), ())
    due = bot.deadline(ANNEX4, report.period)
    reports.write(conn, mail_id, Ruling(judged, "accepted", "", report.version, None, due, at <= due), at, at)


def _numbers(bot: Bot, values: tuple[int, ...]) -> Numbers:
    rule, each = bot.rules.forms[ANNEX4], iter(values)
    return {g.id: {c.id: next(each) for c in rule.columns} for g in rule.groups}


def _write_mail(conn: Connection, text: str, at: datetime) -> int:
    mail_id = archive.store(conn, RawMail(text.encode(), at), None, at)
    assert mail_id is not None
    claims.finish(conn, mail_id, at, "accepted", "receipt", None)
    return mail_id


def _write_letter(
    conn: Connection, token: str, to: str, about: tuple[Obligation, ...], at: datetime, mail_id: int | None = None
) -> None:
    letter = Letter(token, "receipt", to, "", b"", token, f"<{token}@163.com>", False, about)
    outbox.enqueue(conn, letter, at, mail_id=mail_id)


def written(shape: Any) -> str:
    return json.dumps(shape, ensure_ascii=False, indent=2) + "\n"


def make() -> int:
    """Builds the mails. Says which ones changed."""
    from tests.cases.collected import MAILS

    for name, build in MAILS.items():
        path = FOLDER / name / "mail.eml"
        data = build()
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            print(f"written: {path}")
    return 0


def expect(numbers: list[str]) -> int:
    """Writes what is missing of these cases."""
    refused = 0
    with office() as bot:
        for case in cases():
            if case.name[:4] not in numbers:
                continue
            path = case / "expected.json"
            if path.exists():
                refused += 1
                print(f"exists, not overwritten: {path}")
            else:
                path.write_text(written(explained(case, bot)), encoding="utf-8", newline="\n")
                print(f"written, now read it: {path}")
    return 1 if refused else 0


def main(words: list[str]) -> int:
    if words == ["make"]:
        return make()
    if words[:1] == ["expect"] and words[1:]:
        return expect(words[1:])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
