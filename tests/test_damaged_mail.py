"""Files and mails that were damaged by chance, all the way: each ends as a report, as returned, or before a person.

In ``make test`` a few; some thousands with BOT_SOAK=1.
"""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bot.jobs.intake import work
from bot.jobs.polling import poll
from bot.reading.guard import Reader
from bot.record import schema
from tests import books, papers
from tests.books import MERGES, official
from tests.bots import FakeMailbox, appoint, at, build, config, first_run, never, rows
from tests.figures import count
from tests.mails import mail, report
from tests.test_mail_broken import corpus, mutated
from tests.test_reading_fuzz import MUTATIONS

SOAK = os.environ.get("BOT_SOAK") == "1"
FILES, MAILS = (1500, 3000) if SOAK else (24, 30)
LI = "li@wutu.test"
SEED = 20170707
SOURCES = {
    "xlsx": books.good(),
    "xls": books.xls(official(), MERGES),
    "docx": papers.word(papers.report_body()),
    "html": papers.page(papers.report_html()),
    "csv": "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in official()).encode(
        "gb18030"
    ),
}


def damaged_files(number: int) -> list[bytes]:
    chance = random.Random(SEED)
    mails = []
    for n in range(number):
        kind = list(SOURCES)[n % len(SOURCES)]
        data = chance.choice(MUTATIONS)(chance, SOURCES[kind])
        mails.append(mail(LI, f"报送附件4之{n}", (f"附件4.{kind}", data)))
    return mails


def damaged_mails(number: int) -> list[bytes]:
    """Of ordinary reports, whose sender may survive, and of mails that were made to be hard to read."""
    chance = random.Random(SEED)
    sources = [report(LI), report(LI, total=33), *corpus()]
    return [mutated(chance, sources[n % len(sources)]) for n in range(number)]


@pytest.mark.soak
@pytest.mark.parametrize("what", ["damaged files", "damaged mails"])
def test_each_ends_as_a_report_returned_or_before_a_person(tmp_path: Path, what: str) -> None:
    now = at("2017-07-03T10:00")
    mails = damaged_files(FILES) if what == "damaged files" else damaged_mails(MAILS)
    limits = {"letters_per_address_per_day": 100_000, "answers_per_hour": 100_000}
    with Reader() as reader, build(config(tmp_path, limits=limits)) as built:
        bot = replace(built, reader=reader)
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, ("五图街道", "李明", LI))
        poll(bot, FakeMailbox(INBOX=dict(enumerate(mails, 1))), now, never)
        tally = work(bot, now, never)
        assert tally.failed == 0
        kept = rows(bot, schema.mail)
        answered = {row.mail_id for row in rows(bot, schema.letter)}
        told = {row.mail_id for row in rows(bot, schema.attention)}
    silent = [row.id for row in kept if row.outcome != "ignored" and row.id not in answered | told]
    lost = len(set(mails)) - len(kept) + len(silent)
    count(what, tried=len(mails), lost=lost)
    assert lost == 0
    assert {row.state for row in kept} <= {"done", "aside"}
    assert len({row.outcome for row in kept}) > 1  # the damage reaches the readers, and some does no harm
