"""Hostile mails through the real intake: no command, no header, no markup, no path and no row comes out of them."""

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path

import pytest
from imapclient.exceptions import IMAPClientError

from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.reporting.board import board
from bot.letters.smtp import Sender
from bot.mail.mailbox import Mailbox
from bot.reading.guard import Reader
from bot.record import schema
from tests.books import MERGES, official, xlsx
from tests.bots import (
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    files_of,
    first_run,
    letters,
    never,
    rows,
)
from tests.mails import book, mail, report
from tests.servers.dovecot import DovecotOffice
from tests.test_mail_sender import REFUSED

NOW = at("2017-07-03T10:00")
MINUTE = timedelta(minutes=1)
LI, STAFF, VICTIM = "li@demo.test", "staff@demo.test", "victim@demo.test"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield begun(replace(made, reader=reader))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, ("五图街道", "李明", LI))
    return bot


def with_header(data: bytes, name: bytes, line: bytes) -> bytes:
    """The mail with another line for one of its headers, as raw as given."""
    head, body = data.split(b"\r\n\r\n", 1)
    head = re.sub(rb"(?mi)^" + name + rb":[^\r]*(?:\r\n[ \t][^\r]*)*", lambda _: line, head, count=1)
    assert line in head
    return head + b"\r\n\r\n" + body


def opened(mime: bytes) -> EmailMessage:
    message = message_from_bytes(mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def html_of(mime: bytes) -> str:
    body = opened(mime).get_body(("html",))
    assert body is not None
    return str(body.get_content())


# Orders to the server, headers in our letters

ORDER = b"x=0D=0AA1_DELETE_Victim=0D=0AA2_LOGOUT=0D=0A"
HEADERS = b"x=0D=0ABcc:_victim@demo.test=0D=0AX-Evil:_1=0D=0A=0D=0Aforged"


def q(words: bytes) -> bytes:
    return b"=?utf-8?q?" + words + b"?="


def breaking(words: bytes) -> list[bytes]:
    """Reports with line breaks, in encoded words, in everything that a header can say."""
    percent = words.replace(b"=", b"%").replace(b"_", b"%20")
    plain = report(LI)
    named = b'Content-Disposition: attachment; filename="' + q(words) + b'.xlsx"'
    return [
        with_header(plain, b"Subject", b"Subject: " + q(words + b"=E9=99=84=E4=BB=B64")),
        with_header(plain, b"Message-ID", b"Message-ID: <" + q(words) + b"@town.test>"),
        with_header(plain, b"Message-ID", b"Message-ID: <a@b>" + q(words)),
        with_header(plain, b"From", b"From: " + q(words) + b" <" + LI.encode() + b">"),
        with_header(plain, b"Subject", b"Subject: x\r\nIn-Reply-To: <" + q(words) + b">\r\nReferences: " + q(words)),
        with_header(plain, b"Date", b"Date: " + q(words)),
        plain.replace(_disposition(plain), named),
        plain.replace(_disposition(plain), b"Content-Disposition: attachment; filename*=utf-8''" + percent + b".xlsx"),
        mail(LI, "报送附件4", text="附件4见附件").replace(b"Subject: ", b"Subject: " + q(words) + b"\r\n ", 1),
    ]


def _disposition(data: bytes) -> bytes:
    found = re.search(rb"Content-Disposition: attachment;[^\r]*(?:\r\n[ \t][^\r]*)*", data)
    assert found
    return found[0]


def _is_obeyed_where_a_client_sends_it(dovecot: DovecotOffice) -> None:
    """A search for the decoded subject, as many programs do it (CVE-2025-15366)."""
    subject = "".join(str(make_header(decode_header("=?utf-8?q?" + ORDER.decode() + "?="))))
    with suppress(IMAPClientError, OSError), dovecot.client() as careless:
        careless.select_folder("INBOX")
        careless.search(["SUBJECT", subject.replace("Victim", "Other")])
    with dovecot.client() as client:
        assert not client.folder_exists("Other")


def test_no_mail_gives_the_server_an_order_or_our_letters_a_header(
    dovecot: DovecotOffice, tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a folder that an order would delete, and mails that give it in every header
    with dovecot.client() as client:
        client.create_folder("Victim")
        client.append("Victim", b"Subject: keep me\r\n\r\n")
        client.create_folder("Other")
    _is_obeyed_where_a_client_sends_it(dovecot)
    post = [*breaking(ORDER), *breaking(HEADERS)]
    for minute, data in enumerate(post):
        dovecot.deliver(dovecot.username, data, NOW + minute * MINUTE)
    settings = {"port": dovecot.imap_port, "username": dovecot.username}
    smtp = {"port": dovecot.smtp_port, "username": dovecot.username, "from": f"安委会 <{dovecot.username}>"}
    limits = {"letters_per_address_per_day": 100}
    with build(config(tmp_path, mailbox={**settings, "file_into": "Done"}, smtp=smtp, limits=limits)) as made:
        bot = begun(replace(made, reader=reader))
        # when they are read, worked off, answered and filed
        later = NOW + 30 * MINUTE
        for _ in range(2):
            with Mailbox.open(bot.config.mailbox, "secret") as box:
                poll(bot, box, later, never)
            assert work(bot, later, never).failed == 0
        bundle(bot, later)
        send_due(bot, lambda: Sender(bot.config.smtp, "secret").__enter__(), later, never)
        # then every mail is worked off, and all but those with an odd From are answered
        assert [row.state for row in rows(bot, schema.mail)] == ["done"] * len(post)
        answered = [row for row in letters(bot) if row.mail_id]
        assert {row.to for row in answered} == {LI}
        assert len(answered) == len(post) - 2
        assert [row.state for row in letters(bot)] == ["sent"] * (len(answered) + 1)
    # and the folder lives, with what lies in it
    with dovecot.client() as client:
        assert client.folder_exists("Victim")
        assert client.select_folder("Victim")[b"EXISTS"] == 1
        assert client.select_folder("Done")[b"EXISTS"] == len(post)
    # and each letter went to one person, and has no header that ours do not have
    assert {posted.to for posted in dovecot.sent} == {LI, STAFF}
    for posted in dovecot.sent:
        assert set(opened(posted.data).keys()) <= OURS, posted.data[:2000].decode()
        assert b"\nX-Evil" not in posted.data and b"\nBcc" not in posted.data


OURS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "X-Bot-Token", "X-Bot-Key", "X-Loop", "Content-Transfer-Encoding"),
}


# Who sent it


def test_a_tricky_from_is_neither_believed_nor_answered(bot: Bot) -> None:
    # given that whoever may be meant reports for a unit
    appoint(bot, ("乔官镇", "王芳", "boss@company.example"), ("红河镇", "赵强", "attacker@evil.example"))
    mails = {archived(bot, with_header(report(LI, "乔官镇"), b"From", REFUSED[f]), NOW): f for f in REFUSED}
    assert work(bot, NOW, never).failed == 0
    # then each report waits for a person, and nobody gets a letter
    decided = {mails[row.mail_id]: (row.outcome, row.why) for row in rows(bot, schema.report)}
    assert decided == dict.fromkeys(REFUSED, ("waiting", "ambiguous_sender"))
    assert letters(bot) == []
    assert attentions(bot) == [("ambiguous_sender", "附件4.xlsx")] * len(REFUSED)


# Text that no database, no header and no page should have to bear


ODD = {
    "nul": "五图\0街道",
    "surrogate": "五图\udcd0\udcb0街道",
    "controls": "五图\x01\x1b\x7f\x85街道",
    "directions": "五图\u202e\u200b\u2066街道",
    "noncharacter": "五图\ufffe\uffff街道",
    "long": "五图街道" * 9000,
    "markup": "</table><img src=x onerror=alert(1)>{{7*7}}{% raise %}",
    "formula": '=HYPERLINK("http://evil.test","x")',
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_text_everywhere_breaks_nothing(any_bot: Bot, kind: str) -> None:
    # given the text as subject, file name, unit, month, person and telephone, in a table of text and in a workbook
    text = ODD[kind]
    raw = text.encode("utf-8", "surrogateescape" if kind == "surrogate" else "strict")
    lines = official([0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7], sums=(8, 4, 20), total=32, unit=text, period=text)
    table = "\n".join(",".join("" if c is None else str(c) for c in line) for line in lines)
    subject = b"Subject: =?utf-8?b?" + b64encode(raw[:3000]) + b"?="
    plain = mail(LI, "报送附件4", ("附件4.csv", table.encode("utf-8", "surrogateescape")))
    archived(any_bot, with_header(plain, b"Subject", subject), NOW)
    name = b'Content-Disposition: attachment; filename="' + raw[:500].replace(b'"', b"'") + b'.xlsx"'
    whole = mail(LI, "报送附件4", ("附件4.xlsx", _workbook(text)))
    archived(any_bot, with_header(whole.replace(_disposition(whole), name), b"Subject", subject), NOW + MINUTE)
    archived(any_bot, mail("stranger@mail.test", "报送附件4", ("附件4.xlsx", book(_in_a_cell(text)[:200]))), NOW)
    # when
    tally = work(any_bot, NOW + MINUTE, never)
    # then all are worked off, and the office and the sender read of them in letters and on the page
    assert (tally.worked, tally.failed) == (3, 0)
    bundle(any_bot, NOW + MINUTE)
    board(any_bot, NOW + MINUTE)
    page = (any_bot.config.paths.data / "board.html").read_text(encoding="utf-8")
    assert "<img" not in page
    for row in letters(any_bot):
        assert "<img" not in html_of(row.mime)
        assert "49" not in row.subject
        assert len(row.subject.splitlines()) == 1
        assert set(opened(row.mime).keys()) <= OURS
    for row in rows(any_bot, schema.mail):
        assert "\0" not in (row.subject or "")


def _in_a_cell(text: str) -> str:
    """As much of it as a workbook can hold (XML 1.0, 2.2)."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)


def _workbook(text: str) -> bytes:
    lines = official([0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7], sums=(8, 4, 20), total=32, unit="五图街道办事处")
    return xlsx(([*lines, [_in_a_cell(text)]], MERGES))


@pytest.mark.parametrize(
    ("name", "comes_as"),
    [
        ("附件4.xlsx", "1-附件4.xlsx"),
        ("附件4.XLSM", "1-附件4.xlsx"),
        ("附件4.hta", "1-附件4.xlsx"),
        ("附件4.xlsx.exe", "1-附件4.xlsx.xlsx"),
        ("附件4", "1-附件4.xlsx"),
        ("附件4.\u202exslx.js", "1-附件4.xslx.xlsx"),
    ],
)
def test_no_file_of_a_stranger_can_be_started_from_our_letter(bot: Bot, name: str, comes_as: str) -> None:
    # given a report that waits for the office, which gets its file
    archived(bot, mail("stranger@mail.test", "报送附件4", (name, book())), NOW)
    work(bot, NOW, never)
    bundle(bot, NOW)
    ours = next(row for row in letters(bot) if row.letter == "attention")
    assert [file for file, _ in files_of(ours.mime)] == [comes_as]
