"""The process dies at every COMMIT in turn, just before it or just after; started again, it has lost nothing,
recorded nothing twice, and repeated at most the one letter that was in hand, and said so."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.proving import prove
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.digesting import digest
from bot.jobs.tick import begin
from bot.reading.guard import Reader
from bot.record import schema
from tests.bots import (
    FakeMailbox,
    FakeSender,
    appoint,
    at,
    build,
    config,
    events,
    first_run,
    header,
    letters,
    never,
    rows,
)
from tests.mails import mail, report

LI, WANG = "li@wutu.test", "wang@qiaoguan.test"
NOW = at("2017-07-06T09:00")
POST = (report(LI), report(WANG, "乔官镇", total=33), report("stranger@x.test", "营丘镇"), mail(LI, "开会"))


STEP = 1 if os.environ.get("BOT_SOAK") == "1" else 11  # one point in so many, before and after in turn


class Crash(BaseException):
    """The end of the process."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


def life(bot: Bot, box: FakeMailbox, sender: FakeSender, now: datetime) -> None:
    """One run of everything, from the start of the process."""
    begin(bot, now)
    poll(bot, box, now, never)
    prove(bot, box, now)
    work(bot, now, never)
    remind(bot, now)
    digest(bot, now)
    bundle(bot, now)
    send_due(bot, sender.open, now, never)


class Commits:
    """Counts the commits of a record, and dies at one of them."""

    def __init__(self, bot: Bot, at_number: int = 0, after: bool = False) -> None:
        self.count = 0
        self._dialect: Any = bot.record.engine.dialect
        self._real = self._dialect.do_commit
        self._number, self._after = at_number, after
        self._set(self._commit)

    def _set(self, commit: Any) -> None:
        self._dialect.do_commit = commit

    def _commit(self, connection: Any) -> None:
        self.count += 1
        if self.count == self._number and not self._after:
            raise Crash
        self._real(connection)
        if self.count == self._number:
            raise Crash

    def heal(self) -> None:
        self._set(self._real)


def prepare(folder: Path) -> None:
    """An office since June, with three liaisons."""
    with build(config(folder)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("红河镇", "赵云", "zhao@honghe.test"))


def scene(office: Path, folder: Path, reader: Reader) -> tuple[Bot, FakeMailbox]:
    """The morning after the deadline in a copy of ``office``: a report, a wrong one, a stranger's, ordinary mail;
    two units are late."""
    shutil.copytree(office / "data", folder / "data")
    made = build(config(folder, mailbox={"file_into": "已处理"}))
    return replace(made, reader=reader), FakeMailbox(INBOX=dict(enumerate(POST, 1)))


def truth(bot: Bot, sender: FakeSender) -> dict[str, Any]:
    """What must be the same wherever the process died."""
    keys = Counter(header(mime, "X-Bot-Key") for _, mime, _ in sender.sent)
    return {
        "mails": sorted((row.state, row.outcome, row.attempts > 0) for row in rows(bot, schema.mail)),
        "reports": [(row.unit, row.outcome, row.version) for row in rows(bot, schema.report)],
        "letters": sorted((row.letter, row.to, row.state) for row in letters(bot) if row.letter != "attention"),
        "once": sorted(key for key in keys if not key.startswith("attention:")),
    }


def test_wherever_it_dies_the_next_lives_make_it_whole(tmp_path: Path, reader: Reader) -> None:
    # given what an undisturbed life comes to
    prepare(tmp_path)
    bot, box = scene(tmp_path, tmp_path / "whole", reader)
    calm = FakeSender()
    commits = Commits(bot)
    life(bot, box, calm, NOW)
    total = commits.count
    for minutes in (20, 40):
        life(bot, box, calm, NOW + timedelta(minutes=minutes))
    wanted = truth(bot, calm)
    bot.record.close()
    assert total > 20
    assert len(wanted["once"]) >= 6
    # when it dies at each commit in turn
    for number in range(1, total + 1):
        for after in (False, True):
            if (2 * number + after) % STEP:
                continue
            bot, box = scene(tmp_path, tmp_path / f"{number}-{after}", reader)
            sender = FakeSender()
            crash = Commits(bot, number, after)
            with pytest.raises(Crash):
                life(bot, box, sender, NOW)
            crash.heal()
            for minutes in (20, 40):
                life(bot, box, sender, NOW + timedelta(minutes=minutes))
            # then
            where = f"commit {number}, {'after' if after else 'before'}"
            assert truth(bot, sender) == wanted, where
            repeated = sum(Counter(mime for _, mime, _ in sender.sent).values()) - len({m for _, m, _ in sender.sent})
            unproven = events(bot, "letter.unproven")
            assert repeated <= len(unproven) <= 1, where
            assert [row.kind for row in rows(bot, schema.attention)].count("letter_unproven") == len(unproven), where
            assert box.boxes["INBOX"] == {}, where
            bot.record.close()
