"""The log names mails and letters by their number, and nothing that stands in them, whatever goes wrong."""

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bot.errors import BotError, LoginRefused, MailboxError, SmtpError
from bot.jobs import tick
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.letters.smtp import AnswerLost
from bot.model.letters import GivenUp, RetryAt
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import ROOT, FakeMailbox, FakeSender, appoint, archived, at, build, config, first_run, never, rows
from tests.case_files import Given, cases
from tests.mails import report
from tests.servers.netease import NetEase, Stored

NOW = at("2017-07-03T10:00")
STEP = 1 if os.environ.get("BOT_SOAK") == "1" else 3  # one case in so many
NAME, ADDRESS, PHONE, LANDLINE, ID_NUMBER = "李明", "li@wutu.test", "13812345678", "0536-6221234", "370725197001011234"
SUBJECT, FILE = "报送五图街道附件4", "五图街道6月.xlsx"
SAID = f"{SUBJECT} {FILE} {NAME} <{ADDRESS}> {PHONE} {LANDLINE} {ID_NUMBER}"  # what an exception may quote


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, ("五图街道", NAME, ADDRESS))
    return bot


def check(log: io.StringIO, lines: int = 1, secret: tuple[str, ...] = ()) -> str:
    """That something was said, and nothing of anybody: what our people write is Chinese, what is logged is not."""
    said = log.getvalue()
    assert len(said.splitlines()) >= lines, said
    assert said.isascii(), said
    assert "@" not in said
    assert not re.search(r"\d{11}|0\d{2,3}-?\d{7}", said), said
    for text in secret:
        assert text not in said, text
    return said


def of_case(case: Path) -> set[str]:
    """The texts of one case that name somebody or something of his."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    found = {expected["from"], expected["subject"], *(a["name"] for a in expected["attachments"])}
    found |= {form[key] for form in expected["forms"] for key in ("reporter", "phone")}
    return {text for text in found if text and len(text) > 1}


@pytest.mark.soak
def test_a_rich_morning_leaves_numbers_alone(tmp_path: Path, reader: Reader, operator_log: io.StringIO) -> None:
    # given everything that ever came, but what other programs must open
    every = {(case / "mail.eml").read_bytes(): case for case in cases() if Given.of(case).needs is None}
    chosen = sorted(every.values())
    assert len(chosen) > 70
    chosen = chosen[::STEP]
    with build(config(tmp_path, limits={"letters_per_address_per_day": 1000, "answers_per_hour": 1000})) as made:
        bot = begun(replace(made, reader=reader))
        for person in Given.of(chosen[0]).people:
            appoint(bot, (person.unit, person.name, person.email))
        for case in chosen:
            archived(bot, (case / "mail.eml").read_bytes(), NOW)
        # when it is worked off, told and sent
        work(bot, NOW, never)
        tick.watch_the_clock(bot, NOW, never, tick.Report())
        sent = send_due(bot, FakeSender().open, NOW, never)
        # then each mail and each letter has its line, and no line tells more than its number
        said = check(operator_log, len(chosen), tuple(sorted(set().union(*map(of_case, chosen)))))
        assert sorted(map(int, re.findall(r"worked off mail=(\d+)", said))) == [r.id for r in rows(bot, schema.mail)]
        assert len(re.findall(r"letter sent letter=\d+", said)) == sent > len(chosen) / 3


# What goes wrong, in the words of whoever says so


ERRORS: dict[str, Callable[[], Exception]] = {
    "a value": lambda: ValueError(SAID),
    "a key": lambda: KeyError(NAME),
    "a text that cannot be encoded": lambda: UnicodeEncodeError("ascii", SAID, 0, 2, SAID),
    "with notes": lambda: _noted(ZeroDivisionError(SAID)),
    "a cause": lambda: _caused(RuntimeError(SAID)),
    "lines": lambda: ValueError(f"x\n2017-07-03 09:00:00 ERROR bot forged {SAID}"),
}


def _noted(error: Exception) -> Exception:
    error.add_note(SAID)
    return error


def _caused(error: Exception) -> Exception:
    try:
        try:
            raise KeyError(SAID)
        except KeyError as cause:
            raise error from cause
    except RuntimeError as raised:
        return raised


@pytest.mark.parametrize("step", ["open_mail", "intent_of", "write_down"])
@pytest.mark.parametrize("kind", ERRORS)
def test_a_bug_is_named_by_kind_and_place(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, operator_log: io.StringIO, step: str, kind: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ERRORS[kind]()

    monkeypatch.setattr(f"bot.jobs.intake.{step}", fail)
    archived(bot, report(ADDRESS, subject=SUBJECT), NOW)
    for attempt in range(3):
        work(bot, NOW + attempt * timedelta(hours=1), never)
    said = check(operator_log, 6)
    assert re.findall(r"mail failed mail=1 attempt=(\d)", said) == ["1", "2", "3"]
    assert said.count(type(ERRORS[kind]()).__name__) >= 3
    assert "in fail" in said
    assert "mail set aside mail=1 why=set_aside attempt=3" in said
    assert "forged" not in said


BROKEN_TEMPLATES = {
    "another kind of value": "{{ person|month }}",
    "a missing key": "{{ {}[person] }}",
    "a missing name": "{{ nobody }}",
    "a number": "{{ original_subject|percent }}",
}


@pytest.mark.parametrize("kind", BROKEN_TEMPLATES)
def test_a_template_that_cannot_take_a_mail_is_named_by_its_line(
    tmp_path: Path, reader: Reader, operator_log: io.StringIO, kind: str
) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", folder)
    (folder / "receipt" / "body.txt").write_text(BROKEN_TEMPLATES[kind], encoding="utf-8")
    with build(config(tmp_path, paths={"templates": str(folder)})) as made:
        bot = begun(replace(made, reader=reader))
        archived(bot, report(ADDRESS, subject=SUBJECT), NOW)
        work(bot, NOW, never)
        said = check(operator_log)
        assert re.search(r"ERROR bot\.jobs\.enqueuing letter not made: .*receipt/body\.txt:1: .+ letter=1", said)


REFUSED = f"550 5.1.1 <{ADDRESS}>: no such user, call {PHONE} or {LANDLINE}\r\n2017-07-03 ERROR bot forged"


@pytest.mark.parametrize(
    "answer",
    [RetryAt(60, REFUSED), GivenUp(REFUSED), AnswerLost(REFUSED), SmtpError(REFUSED), LoginRefused(REFUSED)],
    ids=lambda answer: type(answer).__name__,
)
def test_a_server_that_quotes_the_recipient(bot: Bot, operator_log: io.StringIO, answer: Any) -> None:
    archived(bot, report(ADDRESS, subject=SUBJECT), NOW)
    work(bot, NOW, never)
    sender = FakeSender(answer)
    sender.alarms = [REFUSED]
    with suppress(BotError):
        send_due(bot, sender.open, NOW, never)
    lines = check(operator_log, 2).splitlines()
    assert not any(line.startswith("2017") for line in lines)  # nobody writes a line of his own
    assert any("letter=1" in line or "the provider says" in line for line in lines)


MISALIGNED = [
    f"* 1 FETCH (UID 1 BODY[] {{2}}\r\nto Subject: {SAID})\r\nTAG OK done",
    f"* 1 FETCH (UID 1 BODY[] {{2}}\r\nto\r\nSubject: {SAID}\r\n)\r\nTAG OK done",
    f'* 1 FETCH (UID 1 BODY[] "{SAID}\r\nTAG OK done',
    f"* 1 FETCH (UID 1 ({SAID})\r\nTAG OK done",
    f"* 1 FETCH (UID 1 {SAID})\r\nTAG OK done",
    f"{SAID}\r\nTAG OK done",
    f"TAG BAD {ADDRESS} {PHONE}",
]
PASSED_OVER = [f"* 1 FETCH (UID {NAME} BODY[] {{2}}\r\nto)\r\nTAG OK done", f"* 1 FETCH {SAID}\r\nTAG OK done"]


@pytest.mark.parametrize("answer", MISALIGNED + PASSED_OVER)
def test_a_server_whose_answer_makes_a_mail_look_like_protocol(
    netease: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operator_log: io.StringIO, answer: str
) -> None:
    # given an answer from which on the mail itself is taken for the server's words
    netease.mails["INBOX"] = [Stored(1, b"x")]
    raw = answer.encode().decode("latin-1")
    netease.interfere = lambda command: raw if re.match(r"UID FETCH 1 .*BODY", command) else None
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", netease.password)
    settings = {"port": netease.port, "username": netease.username, "timeout_seconds": 0.5}
    with build(config(tmp_path, mailbox=settings)) as bot:
        tick.receive(bot, NOW, never, tick.Report())
    hidden = [repr(text.encode())[2:-1] for text in (NAME, SUBJECT, FILE)]  # as an exception quotes bytes
    secret = (*hidden, NAME.encode().decode("latin-1"), "xlsx")
    said = check(operator_log, int(answer in MISALIGNED), secret)
    assert ("fetch" in said) == (answer in MISALIGNED)


def test_what_the_database_quotes(bot: Bot, monkeypatch: pytest.MonkeyPatch, operator_log: io.StringIO) -> None:
    def fail(bot: Bot, conn: Connection, *_: Any) -> None:
        conn.execute(insert(schema.liaison).values(unit=SAID, name=None, mobile=PHONE, email=ADDRESS))

    monkeypatch.setattr("bot.jobs.intake.write_down", fail)
    archived(bot, report(ADDRESS, subject=SUBJECT), NOW)
    work(bot, NOW, never)
    assert "IntegrityError" in check(operator_log)


def test_what_a_bug_in_another_job_quotes(bot: Bot, monkeypatch: pytest.MonkeyPatch, operator_log: io.StringIO) -> None:
    def fail(*_: Any) -> None:
        raise LookupError(SAID)

    monkeypatch.setattr("bot.jobs.tick.remind", fail)
    tick.watch_the_clock(bot, NOW, never, tick.Report())
    assert "LookupError" in check(operator_log)


def test_a_folder_of_the_box_called_like_somebody(bot: Bot, operator_log: io.StringIO) -> None:
    box = FakeMailbox(**{f"{NAME}{ADDRESS}": {1: b"x"}})
    box.breaks["select " + f"{NAME}{ADDRESS}"] = MailboxError(f"cannot open the folder: NO {ADDRESS}")
    poll(bot, box, NOW, never)
    check(operator_log)


def test_a_poll_that_brought_something_is_a_line_and_a_quiet_one_is_none(bot: Bot, operator_log: io.StringIO) -> None:
    box = FakeMailbox(INBOX={1: report(ADDRESS), 2: report(ADDRESS, extra=1)})
    poll(bot, box, NOW, never)
    poll(bot, box, NOW, never)
    (line,) = operator_log.getvalue().splitlines()
    assert line.endswith("INFO bot.jobs.polling mails archived new=2 folders=1")


def test_the_line_of_a_mail_leads_to_its_letters(bot: Bot, operator_log: io.StringIO) -> None:
    archived(bot, report(ADDRESS), NOW)
    archived(bot, report("stranger@mail.test"), NOW)
    archived(bot, report("bot@demo.test"), NOW)
    work(bot, NOW, never)
    send_due(bot, FakeSender().open, NOW, never)
    words = [re.sub(r" ms=\d+$", "", line.split(" INFO ")[1]) for line in operator_log.getvalue().splitlines()]
    assert words == [
        "bot.jobs.intake mail worked off mail=1 outcome=accepted why=receipt letters=1",
        "bot.jobs.intake mail worked off mail=2 outcome=waiting why=waiting letters=2",
        'bot.jobs.intake mail worked off mail=3 outcome=waiting why="waiting, not answered: own_address" letters=none',
        "bot.jobs.outbox letter sent letter=1 kind=receipt mail=1 attempt=1",
        "bot.jobs.outbox letter sent letter=2 kind=waiting mail=2 attempt=1",
    ]
