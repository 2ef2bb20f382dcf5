"""Everything that one mail may cost is bounded together, and what is left out is said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.allowance import Allowance
from bot.deciding.decide import LEFT_OUT
from bot.deciding.findings import FINDINGS, bounded
from bot.errors import MailOverdue, SpentError
from bot.jobs.intake import work
from bot.jobs.opening import MEMORY, Opener
from bot.jobs.parts import Bot
from bot.mail.mime import Budget
from bot.mail.packed import Tarred, open_packed, sparing
from bot.model.deciding import Finding
from bot.model.forms import Document, Form, Grid, RowRead, Written
from bot.model.mail import Attachment, RawMail
from bot.reading import measure
from bot.reading.child import QUICK
from bot.reading.documents import documents
from bot.reading.guard import Reader
from bot.reading.measure import Measure, most_promising
from bot.reading.opened import Opened
from bot.record import schema
from tests.books import RULES, xlsx
from tests.bots import appoint, archived, at, build, config, first_run, flat, guarded, letters, never, rows
from tests.mails import mail, report
from tests.registers import annex3

NOW = at("2017-07-03T10:00")
LI = "li@wutu.test"
JPEG = b"\xff\xd8\xff\xe0"
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass
class Clock:
    """A clock that only this test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Costly:
    """A reader that takes so many seconds for a picture, and nothing for another file."""

    allowance: Allowance
    clock: Clock
    seconds: float
    read_: list[bytes] = field(default_factory=list)

    def read(self, data: bytes) -> Opened:
        given = self.allowance.share(60.0)
        self.read_.append(data)
        self.clock.now += min(given, self.seconds) if data.startswith(JPEG) else 0
        return Opened("image" if data.startswith(JPEG) else "xls", (Grid("1", ((None,),), ()),), confidence="confirm")


def _costly(seconds: float, allowed: float) -> Costly:
    clock = Clock()
    allowance = Allowance(clock)
    allowance.begin(allowed)
    return Costly(allowance, clock, seconds)


def _codes(found: tuple[Document, ...]) -> list[str]:
    return [d.unreadable.code if d.unreadable else "" for d in found]


# --- seconds ---


def test_a_share_is_what_is_left_and_less_than_the_least_is_nothing() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    assert allowance.share(60.0) == 60.0  # no mail is open: no end
    allowance.begin(30)
    assert (allowance.share(60.0), allowance.share(60.0, 0.5), allowance.share(5.0)) == (30.0, 15.0, 5.0)
    clock.now = 29.9
    with pytest.raises(SpentError):
        allowance.share(60.0)
    allowance.begin(30)  # the next mail is its own
    allowance.reduce(10)
    allowance.reduce(20)
    assert allowance.share(60.0) == 10.0


def test_pictures_end_with_the_time_of_the_mail_and_the_workbook_was_read_before() -> None:
    reader = _costly(60.0, 90.0)
    files = [Attachment(f"IMG_{n}.jpg", JPEG + bytes([n])) for n in range(6)] + [Attachment("附件4.xls", XLS)]
    found = documents(files, reader, RULES)
    # the workbook first, one picture whole, one as far as the time went, none of the others
    assert reader.read_ == [XLS, JPEG + b"\0", JPEG + b"\1"]
    assert reader.clock.now == 90.0
    assert _codes(found) == ["no_form", "no_form", *[LEFT_OUT] * 4, "no_form"]


def test_the_same_bytes_are_read_once_whatever_they_are_called() -> None:
    reader = _costly(10.0, 90.0)
    found = documents([Attachment(f"{n}.jpg", JPEG) for n in range(50)], reader, RULES)
    assert reader.read_ == [JPEG]
    assert [d.name for d in found] == [f"{n}.jpg" for n in range(50)]


def test_what_looks_like_a_report_comes_first() -> None:
    names = ["IMG_0001.jpg", "照片.jpg", "五图街道.jpg", "x.jpg", "标准化达标情况表.jpg"]
    files = [Attachment(name, JPEG) for name in names]
    files += [Attachment("说明.pdf", b"%PDF-1.4"), Attachment("x.xls", XLS), Attachment("附件4.xls", XLS)]
    assert [files[n].name for n in most_promising(files, RULES)] == [
        "附件4.xls", "x.xls", "说明.pdf", "五图街道.jpg", "标准化达标情况表.jpg", "x.jpg", "IMG_0001.jpg", "照片.jpg",
    ]  # fmt: skip


def test_an_archive_that_the_mail_has_no_time_for_is_left_out() -> None:
    class Late:
        def tar(self, kind: str, data: bytes, most: int) -> Tarred:
            raise SpentError("the mail has had its time")

    opened = open_packed("a.7z", b"7z\xbc\xaf\x27\x1c", 0, Budget(), sparing(Late()))
    assert opened is not None
    assert [(r.name, r.code) for r in opened.refused] == [("a.7z", LEFT_OUT)]


def test_a_reader_begins_nothing_when_the_time_is_over() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    with Reader(allowance=allowance) as reader:
        allowance.begin(5)
        clock.now = 5
        with pytest.raises(SpentError):
            reader.read(b"a,b\n1,2\n")
        assert reader.pid is None
        allowance.begin(5)
        assert reader.read(b"a,b\n1,2\n").kind == "csv"


# --- rows, forms ---


def _register(rows_: int, text: str = "x") -> Document:
    row = RowRead(table="table", place="A1", cells={"name": Written(text, "A1")})
    return Document("a.xls", "xls", (Form("register", "1", {}, {}, rows=(row,) * rows_),))


def test_a_register_beyond_the_rows_of_a_mail_is_left_out_and_a_smaller_one_is_taken() -> None:
    one = Measure()
    found = [one.within(_register(n)) for n in (measure.ROWS - 10, 11, 10, 1)]
    assert _codes(tuple(found)) == ["", LEFT_OUT, "", LEFT_OUT]
    assert found[1].forms == ()


def test_characters_and_forms_of_a_mail_are_counted() -> None:
    one = Measure()
    text = "x" * 1000
    found = [one.within(_register(measure.CHARACTERS // 1000, text)), one.within(_register(1, text))]
    assert _codes(tuple(found)) == ["", LEFT_OUT]
    other = Measure()
    assert _codes(tuple(other.within(_register(1)) for _ in range(measure.FORMS + 1)))[-2:] == ["", LEFT_OUT]


# --- a whole mail ---


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with guarded(build(config(tmp_path))) as one:
        first_run(one, at("2017-06-20T09:00"))
        appoint(one, ("五图街道", "李明", LI))
        yield one


def test_the_process_asks_who_the_sender_is(bot: Bot) -> None:
    asked: list[str] = []

    def known(address: str, _: object) -> bool:
        asked.append(address)
        return bot.opener.known(address, NOW)

    opener = Opener(bot.opener.told, known=known)
    try:
        for sender in (LI, "stranger@x.test", "staff@demo.test"):
            assert opener.open(RawMail(report(sender), NOW)).mail.sender == sender
    finally:
        opener.close()
    assert [(address, bot.opener.known(address, NOW)) for address in asked] == [
        (LI, True), ("stranger@x.test", False), ("staff@demo.test", True),
    ]  # fmt: skip


def test_a_mail_that_takes_its_whole_time_twice_is_set_aside(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[RawMail] = []

    def overdue(_self: Opener, raw: RawMail) -> None:
        tried.append(raw)
        raise MailOverdue("took more than 120 s")

    monkeypatch.setattr(Opener, "open", overdue)
    archived(bot, report(LI), NOW)
    for hours in range(4):
        work(bot, NOW + timedelta(hours=hours), never)
    assert len(tried) == 2
    assert [row.state for row in rows(bot, schema.mail)] == ["aside"]
    assert [item.kind for item in rows(bot, schema.attention)] == ["set_aside"]
    assert letters(bot) == []


# --- findings ---


def test_of_a_form_with_thousands_of_mistakes_two_hundred_are_kept_and_the_rest_is_a_number() -> None:
    wrong = [Finding("count", ("error", "warning")[n % 4 == 0], f"A{n}", f"{n}") for n in range(2000)]
    kept = bounded(wrong, RULES.words)
    assert [f.place for f in kept[:-2]] == [f.place for f in wrong if f.severity == "error"][:FINDINGS]
    assert [(f.check, f.severity, f.values) for f in kept[-2:]] == [
        ("more", "error", {"number": 1300}), ("more", "warning", {"number": 500}),
    ]  # fmt: skip
    assert kept[-2].message == "另有1300处同类或其他问题，不再逐一列出。"
    assert bounded(wrong[:FINDINGS], RULES.words) == tuple(wrong[:FINDINGS])


def _wrong_register(count: int, number: int) -> bytes:
    """Words for a number in each row."""
    return xlsx((annex3([(f"第{number}镇{n}号超市", "", "若干", "商贸", "") for n in range(count)]), ()))


def test_a_mail_of_registers_with_thousands_of_mistakes_stores_and_tells_a_bounded_part(bot: Bot) -> None:
    files = [(f"附件3-{n}.xlsx", _wrong_register(1_900, n)) for n in range(5)]
    archived(bot, mail(LI, "报送附件3", *files), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    # then two of them are within the rows of a mail
    reports = rows(bot, schema.report)
    assert [len(r.content) for r in reports] == [1_900] * 2
    # and of each 200 mistakes are kept, and how many more there are
    kept = rows(bot, schema.finding)
    assert len(kept) == len(reports) * (FINDINGS + 1)
    assert [f.details for f in kept if f.check_id == "more"] == [{"number": 1_900 - FINDINGS}] * 2
    # and the answer says how many there are in all, and which files were not looked at, and the office is told
    (letter,) = letters(bot)
    said = flat(letter.mime)
    assert letter.letter == "returned" and "共有3800处需要更正" in said and "其余1860处从略" in said
    assert [name in said for name, _ in files[2:]] == [True] * 3
    (told,) = [item for item in rows(bot, schema.attention) if item.kind == LEFT_OUT]
    assert told.detail.split(" / ") == [name for name, _ in files[2:]]


# --- memory ---


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the limits of a process are read from /proc")
def test_the_process_that_opens_mails_has_an_end_to_its_memory_and_its_programs_their_own(bot: Bot) -> None:
    bot.opener.open(RawMail(report(LI), NOW))
    soft, hard = _memory(bot.opener.pid)
    assert (soft, hard) == (str(MEMORY), _memory("self")[1])
    (child,) = Path(f"/proc/{bot.opener.pid}/task/{bot.opener.pid}/children").read_text().split()
    assert _memory(child) == [str(QUICK.memory)] * 2


def _memory(pid: object) -> list[str]:
    """Soft and hard limit of a process's addresses."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max address space")).split()[3:5]
