"""Letters of which nobody knows whether they left: the provider's copies tell, else the settings decide."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import MailboxError
from bot.jobs.enqueuing import enqueue
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.proving import prove
from bot.jobs.tick import Report as TickReport
from bot.jobs.tick import receive
from bot.letters.smtp import AnswerLost
from bot.mail.copies import marks, marks_of_copies
from bot.mail.folders import sent_folder
from bot.mail.mailbox import Mailbox
from bot.model.deciding import LetterDraft
from bot.model.letters import Sent
from bot.record import questions
from tests.bots import (
    FakeMailbox,
    FakeSender,
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
)
from tests.mails import mail
from tests.servers.dovecot import PASSWORD, DovecotOffice

NOW = at("2017-07-06T09:00")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TO = "li@demo.test"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    yield from built(request, tmp_path)


def queue(bot: Bot, *keys: str, now: datetime = NOW) -> None:
    context = {"sentence": "一句话", "since": now, "detail": ""}
    with bot.record.begin() as conn:
        for key in keys:
            enqueue(bot, conn, LetterDraft(key=key, letter="alarm", to=TO, context=context), now)


def states(bot: Bot) -> dict[str, str]:
    return {row.key: row.state for row in letters(bot)}


def doubtful(bot: Bot, *, taken: bool) -> tuple[FakeSender, FakeMailbox]:
    """Letters a, b, c in this order; after b the answer was lost, and the server had ``taken`` it or not. The provider
    keeps copies."""
    queue(bot, "a", "b", "c")
    sender = FakeSender(Sent("250"), AnswerLost("no answer"))
    send_due(bot, sender.open, NOW, never)
    assert states(bot) == {"a": "sent", "b": "sending", "c": "sent"}
    box = FakeMailbox()
    box.copies = [data for _, data, _ in sender.sent if taken or header(data, "X-Bot-Key") != "b"]
    return sender, box


def test_a_copy_proves_that_the_letter_left(any_bot: Bot) -> None:
    sender, box = doubtful(any_bot, taken=True)
    prove(any_bot, box, NOW + 11 * MINUTE)
    assert states(any_bot)["b"] == "sent"
    assert events(any_bot, "letter.proven") == ["letter.proven"]
    assert send_due(any_bot, sender.open, NOW + 12 * MINUTE, never) == 0
    assert attentions(any_bot) == []  # nobody need know


def test_where_copies_are_kept_their_absence_proves_that_it_did_not_leave(any_bot: Bot) -> None:
    sender, box = doubtful(any_bot, taken=False)
    prove(any_bot, box, NOW + 11 * MINUTE)
    assert states(any_bot)["b"] == "queued"
    assert events(any_bot, "letter.absent") == ["letter.absent"]
    assert send_due(any_bot, sender.open, NOW + 12 * MINUTE, never) == 1
    assert attentions(any_bot) == []


def test_a_copy_proves_it_at_once_and_its_absence_only_after_a_while(bot: Bot) -> None:
    _, box = doubtful(bot, taken=False)
    prove(bot, box, NOW + MINUTE / 20)
    assert box.calls == []  # the hand-over may be under way
    for minutes in (1, 9):
        prove(bot, box, NOW + minutes * MINUTE)
        assert states(bot)["b"] == "sending"
    # the provider was slow to file it
    assert box.copies is not None
    box.copies += [row.mime for row in letters(bot) if row.key == "b"]
    prove(bot, box, NOW + 9 * MINUTE)
    assert states(bot)["b"] == "sent"


def test_without_copies_it_is_sent_again_and_said_so(bot: Bot) -> None:
    # the folder is there, and what was sent before and after is not in it
    sender, box = doubtful(bot, taken=True)
    box.copies = [mail("someone@demo.test", "由网页发出")]
    prove(bot, box, NOW + 11 * MINUTE)
    assert states(bot)["b"] == "queued"
    assert attentions(bot) == [("letter_unproven", TO)]
    assert send_due(bot, sender.open, NOW + 12 * MINUTE, never) == 1


def test_copies_that_are_kept_no_longer_prove_nothing(bot: Bot) -> None:
    # the letter before has its copy, the one after has none: somebody switched the copies off in between
    _, box = doubtful(bot, taken=True)
    assert box.copies is not None
    box.copies = box.copies[:1]
    prove(bot, box, NOW + 11 * MINUTE)
    assert attentions(bot) == [("letter_unproven", TO)]


def test_a_first_letter_has_no_neighbours(bot: Bot) -> None:
    queue(bot, "a")
    sender = FakeSender(AnswerLost("no answer"))
    send_due(bot, sender.open, NOW, never)
    box = FakeMailbox()
    box.copies = []
    prove(bot, box, NOW + 11 * MINUTE)
    assert attentions(bot) == [("letter_unproven", TO)]


def test_the_office_may_be_asked_instead(tmp_path: Path) -> None:
    # given an installation that would rather not repeat
    with build(config(tmp_path, smtp={"unproven": "ask"})) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        sender, box = doubtful(bot, taken=True)
        box.copies = None
        # when
        prove(bot, box, NOW + 11 * MINUTE)
        # then it is a question
        assert states(bot)["b"] == "held"
        assert send_due(bot, sender.open, NOW + 12 * MINUTE, never) == 0
        with bot.record.read() as conn:
            (question,) = questions.open_ones(conn)
        assert (question.kind, question.letter_to) == ("letter_doubtful", TO)
        # which is answered by mail
        from bot.jobs.attending import bundle

        bundle(bot, NOW + 13 * MINUTE)
        bundled = next(row for row in letters(bot) if row.letter == "attention")
        subject = f"Re: {header(bundled.mime, 'Subject')}"
        archived(bot, mail("staff@demo.test", subject, text=f"{question.number} 同意"), NOW + 14 * MINUTE)
        work(bot, NOW + 14 * MINUTE, never)
        assert states(bot)["b"] == "queued"


def test_a_mailbox_that_cannot_be_read_leaves_the_doubt_for_a_day(bot: Bot) -> None:
    sender, box = doubtful(bot, taken=True)
    box.breaks["select"] = MailboxError("the folder is gone")
    prove(bot, box, NOW + 11 * MINUTE)
    assert send_due(bot, sender.open, NOW + DAY - MINUTE, never) == 0
    assert states(bot)["b"] == "sending"
    send_due(bot, sender.open, NOW + DAY + MINUTE, never)
    assert states(bot)["b"] == "sent"
    assert attentions(bot) == [("letter_unproven", TO)]


def test_a_claim_by_a_clock_that_ran_ahead_is_no_claim_for_a_year(bot: Bot) -> None:
    queue(bot, "a", "b")
    send_due(bot, FakeSender(AnswerLost("no answer")).open, NOW + 365 * DAY, never)
    box = FakeMailbox()
    prove(bot, box, NOW)
    assert "sending" not in states(bot).values()


def test_two_workers_end_a_doubt_once(any_bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a second worker that is quicker, while the first one reads the copies
    _, box = doubtful(any_bot, taken=False)

    class Slow(FakeMailbox):
        def select(self, folder: str):  # type: ignore[no-untyped-def]
            prove(any_bot, box, NOW + 11 * MINUTE)
            return super().select(folder)

    slow = Slow()
    slow.copies = box.copies
    prove(any_bot, slow, NOW + 11 * MINUTE)
    assert events(any_bot, "letter.absent") == ["letter.absent"]


# The look itself


def test_marks_are_read_from_a_header_as_servers_keep_it() -> None:
    kept = b"Received: from x\r\nX-BOT-TOKEN:ABCD2345\r\nMessage-Id:\r\n <1@demo.test>\r\nSubject: X-Bot-Token: NO\r\n"
    assert marks(kept) == {"ABCD2345", "<1@demo.test>"}


@pytest.mark.parametrize(
    ("listing", "name"),
    [
        ([((b"\\HasNoChildren",), "/", "INBOX"), ((b"\\Sent",), "/", "已发送")], "已发送"),
        ([((), "/", "Sent Items"), ((b"\\HasNoChildren", b"\\SENT"), "/", "Gesendet")], "Gesendet"),
        ([((), ".", "INBOX.Sent"), ((), ".", "INBOX.Junk")], "INBOX.Sent"),
        ([((), "/", "Sent Messages")], "Sent Messages"),
        ([((), "/", "INBOX"), ((), "/", "Sentinel")], None),
    ],
)
def test_the_folder_of_copies_is_found_by_mark_or_name(listing: list[object], name: str | None) -> None:
    assert sent_folder(listing) == name  # type: ignore[arg-type]


def test_dovecot_copies_are_found_and_stay_unseen(dovecot: DovecotOffice, tmp_path: Path) -> None:
    # given a server that keeps copies, and a letter whose answer was lost
    mailbox = {"port": dovecot.imap_port, "username": dovecot.username}
    smtp = {"port": dovecot.smtp_port, "username": dovecot.username, "from": f"办公室 <{dovecot.username}>"}
    with build(config(tmp_path, mailbox=mailbox, smtp=smtp)) as bot:
        _, box = doubtful(bot, taken=True)
        assert box.copies is not None
        for data in box.copies:
            dovecot.deliver(dovecot.username, data, NOW, "Sent Messages")
        dovecot.deliver(dovecot.username, mail("x@demo.test", "旧信"), NOW - 30 * DAY, "Sent Messages")
        # when
        with Mailbox.open(bot.config.mailbox, PASSWORD) as opened:
            found = marks_of_copies(opened, (NOW - 2 * DAY).date())
            assert len(found) == 6  # two marks of each of our three, none of the old one
            prove(bot, opened, NOW + 11 * MINUTE)
        # then
        assert states(bot) == {"a": "sent", "b": "sent", "c": "sent"}
        with dovecot.client() as client:
            client.select_folder("Sent Messages", readonly=True)
            assert client.search("UNSEEN") == client.search("ALL")


def test_a_run_looks_after_it_has_polled(
    dovecot: DovecotOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", PASSWORD)
    mailbox = {"port": dovecot.imap_port, "username": dovecot.username, "sent_folder": "回信"}
    with build(config(tmp_path, mailbox=mailbox)) as bot:
        _, box = doubtful(bot, taken=True)
        for data in box.copies or ():
            dovecot.deliver(dovecot.username, data, NOW, "回信")
        report = TickReport()
        receive(bot, NOW + 11 * MINUTE, never, report)
        assert report.broken == []
        assert states(bot)["b"] == "sent"
