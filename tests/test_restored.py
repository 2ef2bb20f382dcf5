"""After a backup was put back: letters that left since then do not leave again, or the office is asked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.config import load_config
from bot.errors import MailboxError
from bot.jobs import restored
from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.reminders.reminding import remind
from bot.record import backup
from bot.record.database import Record
from bot.record.outbox import release
from bot.record.restoring import restore
from tests.bots import (
    FakeMailbox,
    FakeSender,
    appoint,
    at,
    attentions,
    build,
    config_file,
    first_run,
    header,
    letters,
    never,
)
from tests.mails import report

LI, WANG, ZHAO = "li@demo.test", "wang@demo.test", "zhao@demo.test"
EARLY, BACKUP, LATER = at("2017-07-03T09:00"), at("2017-07-03T12:00"), at("2017-07-06T09:00")
RESTORED = at("2017-07-06T15:00")
NOTICE = "overdue_notice:annex4:2017-06:after-1:staff@demo.test"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Office:
    """A bot, its servers, and what the SMTP server took; the record goes back in time."""

    def __init__(self, folder: Path, *, keeps: bool) -> None:
        self.config = config_file(folder)
        self.file = folder / "backup.a4b"
        self.box, self.sender = FakeMailbox(), FakeSender()
        self.box.copies = [] if keeps else None

    @contextmanager
    def bot(self) -> Iterator[Bot]:
        with build(load_config(self.config)) as made:
            yield made

    def life(self, now: datetime) -> None:
        with self.bot() as bot:
            poll(bot, self.box, now, never)
            restored.look(bot, self.box, now)
            work(bot, now, never)
            remind(bot, now)
            before = len(self.sender.sent)
            send_due(bot, self.sender.open, now, never)
        if self.box.copies is not None:
            self.box.copies += [data for _, data, _ in self.sender.sent[before:]]

    def disaster(self) -> None:
        """A backup of Monday is put back on Thursday afternoon."""
        restore(load_config(self.config).database.url, self.file, RESTORED, force=False, progress=lambda *_: None)

    def keys(self) -> Counter[str]:
        """What was taken, by key."""
        return Counter(header(data, "X-Bot-Key") for _, data, _ in self.sender.sent)

    def states(self) -> Counter[str]:
        with self.bot() as bot:
            return Counter(row.state for row in letters(bot))


def lived(folder: Path, *, keeps: bool) -> Office:
    """Before the backup a receipt; between it and the disaster two more, and reminders; after it a new mail."""
    office = Office(folder, keeps=keeps)
    with office.bot() as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", ZHAO))
    office.box.boxes["INBOX"][1] = report(LI)
    office.life(EARLY)
    with Record.bare(load_config(office.config).database.url) as record:
        backup.write(record, office.file, BACKUP, lambda *_: None)
    office.box.boxes["INBOX"] |= {2: report(LI, extra=1, subject="更正"), 3: report(WANG, "乔官镇")}
    office.life(LATER)
    # three receipts, two reminders before the deadline, one after it, and the notice to the office
    assert len(office.keys()) == 7
    office.disaster()
    return office


def test_what_a_copy_proves_does_not_leave_again(tmp_path: Path) -> None:
    office = lived(tmp_path, keeps=True)
    assert office.states() == {"sent": 3}
    office.life(RESTORED + MINUTE)
    assert set(office.keys().values()) == {1}
    assert office.states() == {"sent": 7}
    # and a mail that comes after it is answered as ever
    office.box.received_at = RESTORED + 10 * MINUTE
    office.box.boxes["INBOX"][4] = report(ZHAO, "红河镇")
    office.life(RESTORED + 20 * MINUTE)
    assert len(office.keys()) == 8
    assert set(office.keys().values()) == {1}


def test_what_had_not_left_leaves_where_copies_are_kept(tmp_path: Path) -> None:
    office = lived(tmp_path, keeps=True)
    office.box.boxes["INBOX"][9] = report(ZHAO, "红河镇")  # came before the restore, and nobody had read it
    office.life(RESTORED + MINUTE)
    assert len(office.keys()) == 8
    assert set(office.keys().values()) == {1}


def test_without_copies_the_office_is_asked_and_new_mail_is_answered(tmp_path: Path) -> None:
    office = lived(tmp_path, keeps=False)
    office.life(RESTORED + MINUTE)
    office.box.received_at = RESTORED + 10 * MINUTE
    office.box.boxes["INBOX"][4] = report(ZHAO, "红河镇")
    office.life(RESTORED + 20 * MINUTE)
    # the new mail has its receipt; the two old receipts wait; the office's own notice may come twice
    assert {key: n for key, n in office.keys().items() if n > 1} == {NOTICE: 2}
    assert len(office.keys()) == 8
    with office.bot() as bot:
        # as does the reminder to who had been reminded
        assert [detail for kind, detail in attentions(bot) if kind == "letter_restored"].count(ZHAO) == 1
        assert sorted(kind for kind, _ in attentions(bot)) == ["letter_restored"] * 3
        assert office.states() == {"sent": 5, "held": 3}
        # and what the office lets go is its word
        with bot.record.begin() as conn:
            release(conn, None, RESTORED + 30 * MINUTE)
    office.life(RESTORED + 40 * MINUTE)
    # who has reported meanwhile is not reminded, whatever was let go
    assert office.states() == {"sent": 7, "cancelled": 1}


def test_nothing_doubtful_leaves_before_the_copies_were_read(tmp_path: Path) -> None:
    office = lived(tmp_path, keeps=True)
    office.box.breaks["sent_folder"] = MailboxError("not now")
    office.life(RESTORED + MINUTE)
    assert office.keys().total() == 7
    office.box.breaks.clear()
    office.life(RESTORED + 10 * MINUTE)
    assert set(office.keys().values()) == {1}
    assert office.states() == {"sent": 7}


@pytest.mark.parametrize("days", [0, 3])
def test_the_office_itself_is_always_told(tmp_path: Path, days: int) -> None:
    office = lived(tmp_path, keeps=False)
    office.life(RESTORED + MINUTE)
    with office.bot() as bot:
        bundle(bot, RESTORED + 2 * MINUTE + days * DAY)
    office.life(RESTORED + 3 * MINUTE + days * DAY)
    assert [to for to, data, _ in office.sender.sent if header(data, "X-Bot-Key").startswith("attention:")] == [
        "staff@demo.test"
    ]
