"""A date of arrival that cannot be true decides nothing: the server's own line in the mail does, else the poll."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.mail.arrival import plausible, received
from bot.record import schema
from tests.bots import FakeMailbox, at, attentions, build, config, first_run, never, rows

NOW = at("2017-07-06T09:00")
HOST = "imap.163.com"
LINE = b"Received: from mail.example (unknown)\r\n\tby mx-1.163.com (Coremail) with SMTP id x;\r\n %s\r\n\r\nx"
TUESDAY = b"Tue, 04 Jul 2017 10:00:00 +0800"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        mailbox = made.config.mailbox.model_copy(update={"host": HOST})
        yield replace(made, config=made.config.model_copy(update={"mailbox": mailbox}))


@pytest.mark.parametrize(
    ("moment", "true"),
    [
        ("1970-01-01T08:00", False),
        ("1999-12-31T00:00", False),
        ("2010-01-01T00:00", True),
        ("2017-07-07T08:59", True),
        ("2018-07-06T09:00", True),
        ("2018-07-08T09:00", False),
        ("2099-01-01T00:00", False),
    ],
)
def test_what_can_be_true(moment: str, true: bool) -> None:
    assert plausible(at(moment), NOW) is true


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (LINE % TUESDAY, at("2017-07-04T10:00")),
        (LINE % b"Thu, 01 Jan 2099 00:00:00 +0800", None),  # our server's clock cannot be a century ahead
        (LINE % b"Mon, 99 Foo", None),
        (b"Received: from x by mx.evil.example; " + TUESDAY + b"\r\n" + LINE % TUESDAY, None),  # not ours stands on top
        (b"Received: from x by mx.evil163.com; " + TUESDAY + b"\r\n\r\nx", None),
        (b"", None),
    ],
)
def test_the_servers_own_line(data: bytes, found: datetime | None) -> None:
    assert received(data, HOST, NOW) == found


@pytest.mark.parametrize("claimed", ["1970-01-01T08:00", "2099-01-01T00:00", None])
@pytest.mark.parametrize(("data", "taken"), [(LINE % TUESDAY, at("2017-07-04T10:00")), (b"Subject: x\r\n\r\nx", NOW)])
def test_a_mail_is_booked_at_a_time_that_can_be_true_and_told_once(
    bot: Bot, claimed: str | None, data: bytes, taken: datetime
) -> None:
    box = FakeMailbox(INBOX={1: data})
    box.received_at = at(claimed) if claimed else None
    for hour in range(3):
        poll(bot, box, NOW + timedelta(hours=hour), never)
    (mail,) = rows(bot, schema.mail)
    assert mail.received_at == taken
    ((kind, detail),) = attentions(bot)
    assert (kind, detail.split(" / ")[1]) == ("odd_arrival", taken.strftime("%Y-%m-%d %H:%M"))


def test_a_date_that_can_be_true_is_believed_whatever_the_mail_says(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: LINE % TUESDAY})
    box.received_at = at("2017-07-05T23:00")
    poll(bot, box, NOW, never)
    assert rows(bot, schema.mail)[0].received_at == at("2017-07-05T23:00")
    assert attentions(bot) == []
