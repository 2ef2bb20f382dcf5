"""Machines that answer: no conversation with one goes on, whatever it calls itself and whatever it leaves out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.model.mail import RawMail
from bot.reading.guard import Reader
from bot.record import archive, schema
from tests.bots import (
    FakeSender,
    appoint,
    archived,
    at,
    attentions,
    build,
    config,
    first_run,
    letters,
    never,
    read_mailbox,
    rows,
)
from tests.mails import mail, report
from tests.test_mail_automatic import MARKS

NOW = at("2017-07-03T10:00")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HERE, THERE = "bot@demo.test", "bot@other.test"
ROBOT = "robot@town.test"
Robot = Callable[[bytes, int], bytes]  # our letter, the number of the round -> what comes back


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


def a_bot(folder: Path, reader: Reader, address: str = HERE) -> Iterator[Bot]:
    with build(config(folder, smtp={"username": address, "from": f"安委会办公室 <{address}>"})) as made:
        bot = replace(made, reader=reader)
        first_run(bot, at("2017-06-20T09:00"))
        yield bot


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    yield from a_bot(tmp_path, reader)


@pytest.fixture
def other(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    """Another county's, of the same program."""
    yield from a_bot(tmp_path / "other", reader, THERE)


def posted(bot: Bot, now: datetime, to: str) -> list[bytes]:
    """What leaves for an address now."""
    sender = FakeSender()
    send_due(bot, sender.open, now, never)
    return [mime for address, mime, _ in sender.sent if address == to]


def arrives(bot: Bot, data: bytes, now: datetime) -> None:
    with bot.record.begin() as conn:
        archive.store(conn, RawMail(data, now), None, now)
    work(bot, now, never)


def stripped(mime: bytes) -> bytes:
    """A letter on whose way somebody took every mark of a machine away, and gave it a Message-ID of his own."""
    message = message_from_bytes(mime)
    for name in [n for n in message if n.lower().startswith(("x-", "auto-", "message-id", "precedence"))]:
        del message[name]
    return message.as_bytes()


# Two bots


def converse(
    bot: Bot, other: Bot, on_the_way: Callable[[bytes], bytes], begin: datetime = NOW, rounds: int = 12
) -> tuple[int, int]:
    """Each letter is carried to the other bot, and so on. How many each wrote."""
    counts = [0, 0]
    sides = ((bot, other, THERE), (other, bot, HERE))
    for minute in range(rounds):
        now = begin + minute * MINUTE
        for index, (writer, receiver, address) in enumerate(sides):
            for mime in posted(writer, now, address):
                counts[index] += 1
                arrives(receiver, on_the_way(mime), now)
    return counts[0], counts[1]


@pytest.mark.parametrize("known", [True, False])
def test_two_bots_that_write_to_each_other_stop_at_once(bot: Bot, other: Bot, known: bool) -> None:
    # given two of us, each of which may be the other's liaison; one sends the other a report
    if known:
        appoint(bot, ("五图街道", "李明", THERE))
        appoint(other, ("五图街道", "李明", HERE))
    archived(bot, report(THERE), NOW)
    work(bot, NOW, never)
    # then it is answered, and the answer is not
    assert converse(bot, other, lambda mime: mime) == (1, 0)
    assert [row.why for row in rows(other, schema.mail)] == ["own"]


def test_a_reminder_to_another_bot_is_not_answered(bot: Bot, other: Bot) -> None:
    appoint(bot, ("五图街道", "李明", THERE))
    read_mailbox(bot, NOW)
    assert remind(bot, NOW) > 0
    assert converse(bot, other, lambda mime: mime) == (1, 0)


@pytest.mark.parametrize("known", [True, False])
def test_two_bots_whose_marks_were_taken_away_end_by_their_measure(bot: Bot, other: Bot, known: bool) -> None:
    if known:
        appoint(bot, ("五图街道", "李明", THERE))
        appoint(other, ("五图街道", "李明", HERE))
    archived(bot, report(THERE), NOW)
    work(bot, NOW, never)
    # then nothing but the measure of an address ends it, and it does not begin again the next day
    measure = bot.config.limits.letters_per_address_per_day if known else 1
    assert converse(bot, other, stripped) == (measure, measure)
    assert converse(bot, other, stripped, NOW + DAY) == (0, 0)


def test_a_copy_of_ourselves_is_not_talked_to(bot: Bot) -> None:
    # given every letter coming back to us, as from a forwarding rule or a second bot at the same mailbox
    archived(bot, report(ROBOT), NOW)
    work(bot, NOW, never)
    for mime in posted(bot, NOW, ROBOT):
        for data in (mime, stripped(mime)):
            arrives(bot, data, NOW + MINUTE)
    assert len(letters(bot)) == 1
    # what bears no mark may be a clerk's who forwards something to himself: it waits for the office, unanswered
    assert [row.why for row in rows(bot, schema.mail)][1:] == ["own", "waiting, not answered: own_address"]


# Robots


def test_no_mail_with_the_mark_of_a_machine_is_answered(bot: Bot) -> None:
    # given a report of a known liaison under each mark, and from each address at which machines sit
    appoint(bot, ("五图街道", "李明", ROBOT))
    body = report(ROBOT).partition(b"\r\n")[2]
    for number, (header, _) in enumerate(MARKS):
        name = header.partition(":")[0]
        kept = re.sub(rb"(?mi)^" + name.encode() + rb":[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", b"", body, count=1)
        head = f"From: {ROBOT}\r\nX-Number: {number}\r\n{header}\r\n"
        archived(bot, head.encode() + kept, NOW)
    for address in ("mailer-daemon@town.test", "postmaster@town.test", HERE):
        archived(bot, report(address), NOW)
    # when
    tally = work(bot, NOW, never)
    # then none is answered and none counts; what a person may have sent waits for the office
    assert (tally.worked, tally.failed) == (len(MARKS) + 3, 0)
    assert letters(bot) == []
    assert {row.outcome for row in rows(bot, schema.mail)} == {"ignored", "waiting"}
    waiting = [row.why for row in rows(bot, schema.mail) if row.outcome == "waiting"]
    assert len(attentions(bot)) == len(waiting) and set(waiting) <= {
        *(why for _, why in MARKS),
        "waiting, not answered: own_address",
    }


def marked_robot(mime: bytes, number: int) -> bytes:
    return mail(ROBOT, "自动回复：您好", text=f"我正在休假（{number}）。", headers={"Auto-Submitted": "auto-replied"})


def plain_robot(mime: bytes, number: int) -> bytes:
    """Says that the mail has arrived, and nothing by which one could tell."""
    return answering(mime, f"您的来信已收悉，我们会尽快处理（{number}）。")


def echo(mime: bytes, number: int) -> bytes:
    """Sends everything back: our words, our files, our subject."""
    message = message_from_bytes(mime, policy=policy.default)
    text = message.get_body(("plain",))
    files = [(str(p.get_filename()), bytes(p.get_content())) for p in message.iter_attachments()]
    return answering(mime, f"{text.get_content() if text else ''}（{number}）", *files)


def spoken_echo(mime: bytes, number: int) -> bytes:
    """Announces a report each time, and attaches something that is none."""
    return answering(mime, f"附件4已报送，请查收（{number}）。", ("附件4.xlsx", b"PK junk %d" % number))


def answering(mime: bytes, text: str, *files: tuple[str, bytes]) -> bytes:
    message: EmailMessage = message_from_bytes(mime, policy=policy.default)
    return mail(
        ROBOT,
        f"Re: {message['Subject']}",
        *files,
        text=text,
        headers={"In-Reply-To": str(message["Message-ID"])},
    )


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("robot", [marked_robot, plain_robot, echo, spoken_echo])
@pytest.mark.parametrize("first", ["good", "wrong"])
def test_a_robot_that_answers_everything(bot: Bot, robot: Robot, known: bool, first: str) -> None:
    if known:
        appoint(bot, ("五图街道", "李明", ROBOT))
    archived(bot, report(ROBOT, total=32 if first == "good" else 33), NOW)
    work(bot, NOW, never)
    number = 0
    for minute in range(8):
        now = NOW + minute * MINUTE
        for mime in posted(bot, now, ROBOT):
            number += 1
            arrives(bot, robot(mime, number), now)
    # then it had what it asked for, was asked back at most twice for each thing that was wrong, and that is the end
    assert 1 <= len(letters(bot)) <= (4 if known else 1)
    kinds = [row.letter for row in letters(bot)]
    assert all(kinds.count(kind) <= 2 for kind in kinds)
    assert number == len(letters(bot))
    # and where it was asked in vain, the office hears of it
    if kinds.count(kinds[-1]) == 2:
        assert {kind for kind, _ in attentions(bot)} & {"in_vain", "unreadable_unanswered"}
