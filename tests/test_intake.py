"""From an archived mail to report, letters and fate: in one transaction, once, and never at another mail's cost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BotError, RecordError
from bot.jobs import tick
from bot.jobs.attending import bundle
from bot.jobs.intake import RETRY, work
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.understand import open_mail
from bot.mail.mailbox import Mailbox
from bot.model.mail import Place
from bot.reading.guard import Reader
from bot.record import archive, attention, claims, outbox, people, reports, runs, schema, versions
from tests.bots import (
    NUMBERS,
    FakeMailbox,
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    events,
    first_run,
    header,
    letters,
    never,
    raw_mails,
    rows,
    text_of,
)
from tests.mails import book, mail, report
from tests.servers.dovecot import DovecotOffice

NOW = at("2017-07-03T10:00")
MINUTE = timedelta(minutes=1)
LI, WANG = "li@wutu.test", "wang@qiaoguan.test"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One guarded process for all tests here."""
    with Reader() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    for bot in built(request, tmp_path):
        yield begun(replace(bot, reader=reader))


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield begun(replace(made, reader=reader))


def begun(bot: Bot) -> Bot:
    """Since June, with two liaisons."""
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG))
    return bot


def outcomes(bot: Bot) -> list[tuple[str, str | None]]:
    """State and outcome of every mail."""
    return [(row.state, row.outcome) for row in rows(bot, schema.mail)]


def answers(bot: Bot) -> list[tuple[str, str]]:
    return [(row.letter, row.to) for row in letters(bot)]


def test_a_report_is_recorded_and_receipted(any_bot: Bot) -> None:
    # given
    mail_id = archived(any_bot, report(LI), at("2017-07-03T09:00"))
    # when
    tally = work(any_bot, NOW, never)
    # then
    assert (tally.worked, tally.failed) == (1, 0)
    (row,) = rows(any_bot, schema.report)
    assert (row.unit, row.period, row.outcome, row.version, row.on_time) == ("五图街道", "2017-06", "accepted", 1, True)
    assert (row.numbers, row.received_at, row.mail_id) == (NUMBERS, at("2017-07-03T09:00"), mail_id)
    (letter,) = letters(any_bot)
    assert (letter.letter, letter.to, letter.state, letter.mail_id) == ("receipt", LI, "queued", mail_id)
    assert letter.key.startswith("receipt:")
    assert header(letter.mime, "In-Reply-To") == header(report(LI), "Message-ID")
    assert letter.token in text_of(letter.mime)
    assert outcomes(any_bot) == [("done", "accepted")]
    assert events(any_bot)[-4:] == ["mail.archived", "mail.accepted", "report.accepted", "letter.queued"]
    # and nothing more, however often
    assert work(any_bot, NOW, never).worked == 0
    assert len(letters(any_bot)) == 1


def test_a_wrong_sum_is_returned_with_its_cell_and_still_owed(bot: Bot) -> None:
    archived(bot, report(LI, total=33), NOW)
    work(bot, NOW, never)
    assert answers(bot) == [("returned", LI)]
    text = text_of(letters(bot)[0].mime)
    assert "33" in text
    assert "32" in text
    (row,) = rows(bot, schema.report)
    assert (row.outcome, row.version, row.on_time) == ("returned", None, None)
    (finding,) = rows(bot, schema.finding)
    assert (finding.check_id, finding.severity, finding.place) == ("total", "error", "B9")
    with bot.record.read() as conn:
        assert versions.accepted(conn, "annex4", "五图街道", "2017-06") is None


def test_an_unknown_sender_waits_and_the_office_learns(bot: Bot) -> None:
    archived(bot, report("stranger@mail.test"), NOW)
    work(bot, NOW, never)
    assert answers(bot) == [("waiting", "stranger@mail.test")]
    assert attentions(bot) == [("unknown_sender", "附件4.xlsx")]
    (row,) = rows(bot, schema.report)
    assert (row.outcome, row.why, row.unit, row.version) == ("waiting", "unknown_sender", "五图街道", None)


def test_a_new_version_shows_what_changed_and_keeps_the_first_arrival(bot: Bot) -> None:
    archived(bot, report(LI), at("2017-07-04T10:00"))
    archived(bot, report(LI, extra=5, subject="更正"), at("2017-07-07T10:00"))
    work(bot, at("2017-07-07T10:01"), never)
    assert answers(bot) == [("receipt", LI), ("receipt", LI)]
    versions = [(row.version, row.on_time, row.first_received_at) for row in rows(bot, schema.report)]
    assert versions == [(1, True, at("2017-07-04T10:00")), (2, True, at("2017-07-04T10:00"))]
    assert "12" in text_of(letters(bot)[1].mime)


def test_the_same_workbook_again_is_known_calmly(bot: Bot) -> None:
    archived(bot, report(LI), NOW)
    archived(bot, report(LI, subject="再次报送附件4"), NOW + MINUTE)
    work(bot, NOW + MINUTE, never)
    assert answers(bot) == [("receipt", LI), ("duplicate", LI)]
    assert len(rows(bot, schema.report)) == 1
    assert outcomes(bot) == [("done", "accepted"), ("done", "duplicate")]
    assert events(bot, "report.") == ["report.accepted", "report.duplicate"]


def test_two_like_mails_in_one_poll_are_one_version_and_an_answer_each(bot: Bot) -> None:
    first, second = report(LI), report(LI, headers={"X-Copy": "2"})
    box = FakeMailbox(INBOX={1: first, 2: second, 3: first})  # the third is the first, byte for byte
    assert poll(bot, box, NOW, never) == 2
    work(bot, NOW, never)
    assert answers(bot) == [("receipt", LI), ("duplicate", LI)]
    assert [(row.version, row.outcome) for row in rows(bot, schema.report)] == [(1, "accepted")]


def test_ordinary_mail_is_not_answered_and_a_liaison_s_is_shown(bot: Bot) -> None:
    archived(bot, mail(LI, "周五开会通知", text="请于周五九时参加会议。"), NOW)
    archived(bot, mail("shop@spam.test", "发票代开", ("发票.xlsx", b"PK junk")), NOW)
    work(bot, NOW, never)
    assert letters(bot) == []
    assert attentions(bot) == [("liaison_words", "请于周五九时参加会议。")]
    assert outcomes(bot) == [("done", "ignored")] * 2


def test_a_machine_is_never_answered(bot: Bot) -> None:
    archived(bot, report(LI, headers={"Auto-Submitted": "auto-replied"}), NOW)
    archived(bot, mail(LI, "自动回复：您好", text="我正在休假。"), NOW)
    archived(bot, report("bot@demo.test"), NOW)  # a clerk who forwards it to the office's own address
    work(bot, NOW, never)
    assert letters(bot) == []
    assert [row.outcome for row in rows(bot, schema.report)] == ["waiting", "waiting"]
    assert attentions(bot) == [("machine", "附件4.xlsx"), ("unknown_sender", "附件4.xlsx")]
    assert outcomes(bot) == [("done", "waiting"), ("done", "ignored"), ("done", "waiting")]


def test_mail_from_before_the_first_run_is_recorded_and_not_answered(bot: Bot) -> None:
    archived(bot, report(LI), at("2017-06-20T08:59:59"))
    archived(bot, report(WANG, "乔官镇"), at("2017-06-26T09:00"))
    work(bot, at("2017-06-26T09:01"), never)
    assert answers(bot) == [("receipt", WANG)]
    before, after = rows(bot, schema.mail)
    assert before.why.endswith("not answered: before answer_from")
    assert (before.outcome, after.outcome) == ("returned", "accepted")  # in early June the month was not open


def test_nobody_gets_more_than_so_many_letters_a_day(tmp_path: Path, reader: Reader) -> None:
    with build(config(tmp_path, limits={"letters_per_address_per_day": 2})) as made:
        bot = begun(replace(made, reader=reader))
        for number in range(4):
            archived(bot, report(LI, extra=number, subject=f"报送{number}"), NOW)
        work(bot, NOW, never)
        assert len(letters(bot)) == 2
        assert [row.version for row in rows(bot, schema.report)] == [1, 2, 3, 4]  # recorded all the same
        assert attentions(bot) == [("capped", LI)]  # said once


def test_one_mail_with_two_reports_gets_one_letter(bot: Bot) -> None:
    appoint(bot, ("乔官镇", "李明", LI))
    both = mail(LI, "报送两个单位", ("五图.xlsx", book()), ("乔官.xlsx", book("乔官镇")))
    archived(bot, both, NOW)
    work(bot, NOW, never)
    assert answers(bot) == [("receipt", LI)]
    assert {row.unit for row in rows(bot, schema.report)} == {"五图街道", "乔官镇"}


# One transaction


@pytest.mark.parametrize("step", ["enqueue", "reports", "attention", "finish"])
def test_when_any_step_fails_nothing_of_the_mail_stands(bot: Bot, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    # given a report that leads to a letter, a report and a question
    archived(bot, report("stranger@mail.test"), NOW)
    before = events(bot)

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    targets: dict[str, tuple[Any, str]] = {
        "enqueue": (outbox, "enqueue"),
        "reports": (reports, "write"),
        "attention": (attention, "open_items"),
        "finish": (claims, "finish"),
    }
    # when
    with monkeypatch.context() as patched:
        patched.setattr(*targets[step], fail)
        tally = work(bot, NOW, never)
    # then
    assert (tally.worked, tally.failed) == (0, 1)
    assert [rows(bot, table) for table in (schema.report, schema.finding, schema.letter, schema.attention)] == [[]] * 4
    assert outcomes(bot) == [("new", None)]
    assert events(bot)[len(before) :] == ["mail.failed"]
    # and the next time all of it
    assert work(bot, NOW + RETRY, never).worked == 1
    assert answers(bot) == [("waiting", "stranger@mail.test")]
    assert len(rows(bot, schema.report)) == 1


def test_a_worker_that_was_slower_writes_nothing(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a mail whose claim ran out, so that another worker has finished it meanwhile
    mail_id = archived(bot, report(LI), NOW)

    def slow(*args: Any) -> Any:
        with bot.record.begin() as conn:
            claims.finish(conn, mail_id, NOW, "accepted", "receipt", None)
        return open_mail(*args)

    monkeypatch.setattr("bot.jobs.intake.open_mail", slow)
    # when
    work(bot, NOW, never)
    # then
    assert letters(bot) == []
    assert rows(bot, schema.report) == []


# Mails that cannot be worked off


def raising_at(bot: Bot, monkeypatch: pytest.MonkeyPatch, text: bytes, error: BaseException) -> list[bytes]:
    """Let the opening of mails with ``text`` fail; the list shows what was tried."""
    tried = []

    def opening(raw: Any, of: Bot) -> Any:
        tried.append(text if text in raw.data else b"")
        if text in raw.data:
            raise error
        return open_mail(raw, of)

    monkeypatch.setattr("bot.jobs.intake.open_mail", opening)
    return tried


def test_a_mail_that_always_fails_is_set_aside_and_the_others_go_on(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a poisoned mail, older than a good one
    tried = raising_at(bot, monkeypatch, b"X-Poison", KeyError("a bug"))
    archived(bot, report(WANG, headers={"X-Poison": "1"}), NOW - MINUTE)
    archived(bot, report(LI), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    assert answers(bot) == [("receipt", LI)]
    for minute in range(1, 30):
        work(bot, NOW + minute * MINUTE, never)
    # then
    assert tried.count(b"X-Poison") == 3
    assert outcomes(bot)[0] == ("aside", None)
    assert attentions(bot) == [("set_aside", "附件4.xlsx")]
    assert events(bot, "mail.failed") == ["mail.failed"] * 2
    assert raw_mails(bot)[1] is not None
    # and it is told once
    assert [bundle(bot, NOW + timedelta(hours=h)) for h in (1, 4, 8)] == [1, 0, 0]
    (told,) = [row for row in letters(bot) if row.letter == "attention"]
    assert told.to == "staff@demo.test"


def test_what_was_set_aside_is_told_with_all_that_it_says_of_itself_and_taken_up_again(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    with monkeypatch.context() as patched:
        raising_at(any_bot, patched, b"X-Poison", KeyError("a bug"))
        archived(any_bot, report(LI, headers={"X-Poison": "1"}), NOW - MINUTE)
        for minute in range(30):
            work(any_bot, NOW + minute * MINUTE, never)
    assert outcomes(any_bot) == [("aside", None)]
    # when
    bundle(any_bot, NOW + 30 * MINUTE)
    # then
    told = "".join(text_of(letters(any_bot)[-1].mime).split())
    for words in ("五图街道", "李明", LI, "报送附件4", "附件4.xlsx", "7月3日09:59"):
        assert words in told, told
    # when the program can read it, and somebody says so
    with any_bot.record.begin() as conn:
        assert [row.id for row in claims.aside(conn)] == [1]
        assert claims.take_up(conn, [7], NOW) == []
        assert claims.take_up(conn, None, NOW) == [1]
        assert claims.take_up(conn, None, NOW) == []
    work(any_bot, at("2017-07-09T09:00"), never)
    # then it counts from the day on which it came
    assert outcomes(any_bot) == [("done", "accepted")]
    (row,) = rows(any_bot, schema.report)
    assert (row.on_time, row.received_at) == (True, NOW - MINUTE)
    assert answers(any_bot)[-1] == ("receipt", LI)


def test_a_mail_that_was_never_fetched_is_not_taken_up(bot: Bot) -> None:
    with bot.record.begin() as conn:
        archive.store_too_large(conn, 80_000_000, NOW, Place("INBOX", 7, 1), NOW)
    work(bot, NOW, never)
    with bot.record.begin() as conn:
        assert [row.why for row in claims.aside(conn)] == ["too_large"]
        assert claims.take_up(conn, None, NOW) == []


def test_the_pauses_between_attempts_grow(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = raising_at(bot, monkeypatch, b"X-Poison", ValueError())
    archived(bot, report(LI, headers={"X-Poison": "1"}), NOW)
    attempts = []
    for second in range(0, 900, 30):
        before = len(tried)
        work(bot, NOW + timedelta(seconds=second), never)
        if len(tried) > before:
            attempts.append(second)
    assert attempts == [0, 120, 360]


def test_a_mail_that_kills_the_process_three_times_is_not_opened_again(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    tried = raising_at(any_bot, monkeypatch, b"X-Poison", KeyboardInterrupt())
    archived(any_bot, report(LI, headers={"X-Poison": "1"}), NOW)
    wait = MINUTE if any_bot.record.is_sqlite else claims.CLAIM  # there a claim outlives its worker
    now = NOW
    # when it dies each time, and is started again
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            work(any_bot, now, never)
        now += wait
        tick.begin(any_bot, now)
    archived(any_bot, report(WANG, "乔官镇"), NOW + MINUTE)
    tally = work(any_bot, now, never)
    # then
    assert tried == [b"X-Poison"] * 3 + [b""]
    assert (tally.worked, tally.failed) == (2, 0)
    assert outcomes(any_bot) == [("aside", None), ("done", "accepted")]
    assert attentions(any_bot) == [("set_aside", "附件4.xlsx")]


def test_a_mail_beyond_all_limits_is_set_aside_at_once(bot: Bot) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (n, b"x" * 900) for n in range(400))
    archived(bot, b"From: a@town.test\r\n" + headers + b"\r\nbody\r\n", NOW)
    assert work(bot, NOW, never).failed == 0
    assert outcomes(bot) == [("aside", None)]
    assert attentions(bot) == [("set_aside", "")]


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 1000, b"\xff\xfe", b"From: ", b"\r\n\r\n", b"From: a@b.test\r\n\r\n\r\n"]
)
def test_no_bytes_stop_the_work(bot: Bot, data: bytes) -> None:
    archived(bot, data, NOW)
    archived(bot, report(LI), NOW + MINUTE)
    tally = work(bot, NOW + MINUTE, never)
    assert (tally.worked, tally.failed) == (2, 0)
    assert answers(bot) == [("receipt", LI)]


def test_a_broken_database_is_no_mails_fault(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(bot, report(LI), NOW)
    with monkeypatch.context() as patched:
        raising_at(bot, patched, b"From", RecordError("database: disk full"))
        with pytest.raises(RecordError):
            work(bot, NOW, never)
    assert outcomes(bot) == [("new", None)]
    tick.begin(bot, NOW)
    assert work(bot, NOW, never).worked == 1


def test_a_reading_process_that_cannot_start_costs_no_attempt(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(bot, report(LI), NOW)
    with monkeypatch.context() as patched:
        raising_at(bot, patched, b"From", BotError("the reading process cannot be started"))
        for _ in range(5):
            with pytest.raises(BotError):
                work(bot, NOW, never)
    assert work(bot, NOW, never).worked == 1
    assert rows(bot, schema.mail)[0].attempts == 1


def test_stopping_between_two_mails_leaves_the_rest(bot: Bot) -> None:
    archived(bot, mail(LI, "开会一"), NOW)
    archived(bot, mail(LI, "开会二"), NOW)
    work(bot, NOW, lambda: bool(events(bot, "mail.ignored")))
    assert outcomes(bot) == [("done", "ignored"), ("new", None)]


# Bounces


def bounce(to: str, original: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A delivery report (RFC 3464) about a letter of ours."""
    return (
        "From: MAILER-DAEMON@163.com\r\nTo: bot@demo.test\r\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\r\n"
        "Message-ID: <bounce@163.com>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; 163.com\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 User not found\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\n\r\n--b--\r\n"
    ).encode()


def test_a_bounce_of_our_own_letter_marks_the_address_and_tells_the_office(bot: Bot) -> None:
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    archived(bot, bounce(LI.upper(), letters(bot)[0].message_id), NOW)
    archived(bot, bounce(LI, letters(bot)[0].message_id, status="5.2.1"), NOW)
    work(bot, NOW, never)
    with bot.record.read() as conn:
        assert people.dead(conn) == {LI}
    assert attentions(bot) == [("bounced", LI)]
    assert rows(bot, schema.attention)[0].unit == "五图街道"
    assert len(letters(bot)) == 1


@pytest.mark.parametrize("forged", ["stranger", "recipient", "delayed"])
def test_a_bounce_that_proves_nothing_marks_nobody(bot: Bot, forged: str) -> None:
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    ours = letters(bot)[0].message_id
    archived(
        bot,
        {
            "stranger": bounce(LI, "<guessed@demo.test>"),
            "recipient": bounce(WANG, ours),
            "delayed": bounce(LI, ours, "delayed", "4.4.1"),
        }[forged],
        NOW,
    )
    work(bot, NOW, never)
    with bot.record.read() as conn:
        assert people.dead(conn) == set()
    told = (
        [("bounced_unclear", LI)] if forged == "recipient" else []
    )  # a letter of ours, and an address it never went to
    assert attentions(bot) == told


# The whole way, on a real server


def test_dovecot_from_mailbox_to_letters(dovecot: DovecotOffice, tmp_path: Path, reader: Reader) -> None:
    # given a morning's mail
    post = [
        report(LI),
        report(WANG, "乔官镇", total=31),
        report("stranger@mail.test", "红河镇"),
        report(LI, subject="再发一次"),
        mail(WANG, "请假"),
        mail(LI, "报送附件4"),
    ]
    for minute, data in enumerate(post):
        dovecot.deliver(dovecot.username, data, NOW + minute * MINUTE)
    settings = {"port": dovecot.imap_port, "username": dovecot.username}
    with build(config(tmp_path, mailbox=settings)) as made:
        bot = begun(replace(made, reader=reader))
        # when
        for _ in range(2):
            with Mailbox.open(bot.config.mailbox, "secret") as box:
                poll(bot, box, NOW + 10 * MINUTE, never)
            work(bot, NOW + 10 * MINUTE, never)
        # then
        assert [row.outcome for row in rows(bot, schema.mail)] == [
            "accepted", "returned", "waiting", "duplicate", "ignored", "unreadable",
        ]  # fmt: skip
        assert answers(bot) == [
            ("receipt", LI), ("returned", WANG), ("waiting", "stranger@mail.test"), ("duplicate", LI),
            ("noted", WANG), ("no_attachment", LI),
        ]  # fmt: skip
        received = {row.unit: row.received_at for row in rows(bot, schema.report)}
        assert received["五图街道"] == NOW
        assert attentions(bot) == [
            ("unknown_sender", "附件4.xlsx"), ("liaison_request", "请假"), ("missing_attachment", "请查收。"),
        ]  # fmt: skip
        with bot.record.read() as conn:
            assert runs.moment(conn, "last_good_poll") == NOW + 10 * MINUTE


def test_a_mail_knows_who_sent_it_in_the_record(bot: Bot) -> None:
    archived(bot, report(f"李明 <{LI}>"), NOW)
    work(bot, NOW, never)
    (row,) = rows(bot, schema.mail)
    wanted: dict[str, object] = {"sender": LI, "shown_from": f"李明 <{LI}>", "subject": "报送附件4"}
    assert {name: getattr(row, name) for name in wanted} == wanted
