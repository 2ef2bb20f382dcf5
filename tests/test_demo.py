"""`--demo` as people start it, and its parts where a story could go wrong."""

import io
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from openpyxl.comments import Comment

from bot.config import Office
from bot.demo import pages
from bot.demo.acts import Act, Round
from bot.demo.county import County, Posting
from bot.demo.desk import numbers_of
from bot.demo.filling import fill_in, mend
from bot.demo.letterbox import OutOfPlot, about
from bot.demo.player import Step, settings
from bot.demo.smtp_server import Posted
from bot.demo.story import FILE, Story, load_story
from bot.demo.writing import File, Received, Written, mail, packed
from bot.errors import ConfigError, UsageError
from bot.jobs.tick import Report
from bot.letters.render import Renderer
from bot.letters.workbook_words import WorkbookWords
from bot.letters.workbooks import prefilled
from bot.mail.authentication import Provider
from bot.mail.unwrap import unwrap
from bot.model.mail import RawMail
from bot.preview.folder import fresh
from bot.rules.load import load_file, load_rules

ROOT = Path(__file__).parent.parent
RULES = load_rules(ROOT / "rules")
ANNEX4 = RULES.forms["annex4"]
NOON = datetime(2017, 7, 3, 4, tzinfo=UTC)
COUNTS = (0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7)


class SilentOffice:
    """A post office in which nobody has received anything but ``inbox``."""

    host, imap_port, smtp_port, username, password = "127.0.0.1", 1, 1, "bot@demo.test", ""

    def __init__(self, inbox: list[bytes]) -> None:
        self.inbox = inbox
        self.sent: list[Posted] = []

    def deliver(self, user: str, data: bytes, when: datetime, folder: str = "INBOX") -> None:
        raise AssertionError("the people of the story put their mail into nobody's mailbox")

    def letters_to(self, address: str) -> list[bytes]:
        return self.inbox


def act(**values: object) -> Act:
    return Act.model_validate({"at": datetime(2017, 7, 3, 12), "who": "wutu", "does": "types", **values})  # noqa: DTZ001


# The letters of test_story by kind, until 07-14. First weeks: who is known is reminded and told of the year, the office
# too; receipts of plans, registers and a list; the list and the enterprise that stands twice; reminders of plans, of
# registers; to each of two: notices, an order done, bundles, a digest.
FIRST_WEEKS = (42 + 44 + 1) + (43 + 10 + 1) + 2 + (5 + 2 + 1 + 1) + (9 + 2 + 1) + 2 * ((1 + 1 + 2 + 1 + 1) + 1 + 2 + 1)
# June: reminders; receipts of 41 units, of two second versions; returned, unreadable, there already, waiting; the
# groups' leads; to each of two: notices, bundles, digests, the bulletin and its release.
JUNE = (41 + 16 + 5 + 3 + 2) + (41 + 2) + (5 + 1 + 1 + 3) + 9 + 2 * (3 + 4 + 2 + 1 + 1)


def demo(folder: Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, ROOT / "scheduler.py", "--demo"],
        env={**os.environ, "BOT_DEMO_OUTPUT": str(folder), **environment},
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(300)  # 40 seconds on two quiet cores
def test_the_demo_tells_the_story_and_lays_down_every_letter(tmp_path: Path) -> None:
    # given a folder with the letters of an earlier demo
    folder = fresh(tmp_path / "out", pages.MARK)
    (folder / "old.html").touch()
    # when the demo runs without a terminal
    with demo(folder) as process:
        out, err = process.communicate(timeout=280)
    # then it says what happened, and nothing is wrong
    assert (process.returncode, err) == (0, "")
    letters = FIRST_WEEKS + JUNE
    assert "Wednesday, 2017-07-05" in out and f"116 mails came, {letters} letters left." in out
    assert str(folder / "index.html") in out
    assert re.search(r"环保局 .* -> receipt\n", out) and re.search(r" -> reminder before-3 x41\n", out)
    assert re.search(r" -> reminder before-3 x42, year_plan x44\n", out)
    assert "\x1b" not in out
    # and the index leads to every file that is there, and to no other
    index = (folder / "index.html").read_text(encoding="utf-8")
    linked = {unquote(link) for link in re.findall(r'href="([^#"]+)"', index)}
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert linked == there - {"index.html", pages.MARK}
    assert sum(name.startswith("letters/") and name.endswith(".eml") for name in there) == letters
    assert sum(name.startswith("letters/") and name.endswith(".html") for name in there) == letters
    assert sum(name.startswith("mails/") and name.endswith(".eml") for name in there) == 116
    # and the bulletin that was released lies beside them, its draft among the letters, and every kind of file
    assert {name for name in there if name.startswith("bulletin/")} == {
        "bulletin/2017-06-1.docx",
        "bulletin/2017-06-2.xlsx",
    }
    assert ">安全生产标准化达标情况通报（截至2017年6月）.docx</a>" in index
    assert ">安全生产标准化达标情况通报（截至2017年6月，送审稿）.docx</a>" in index
    plans = sum(name.startswith("mails/") and name.endswith(".docx") for name in there)
    calendars = sum(name.startswith("letters/") and name.endswith(".ics") for name in there)
    assert (plans, calendars) == (43, 45)  # 45 units but two; 42 known addresses, two of the staff, the new one
    # and a letter is readable as it stands
    page = re.search(r'href="(letters/\d+\.html)">【已登记】五图街道', index)
    assert page and "孙丽华" in (folder / page[1]).read_text(encoding="utf-8")
    assert "{" not in re.sub(r"(?s)<style>.*</style>", "", index)


def test_the_demo_ends_at_once_when_it_is_told_to_and_says_how_far_it_came(tmp_path: Path) -> None:
    # given a demo in full run, on a terminal that knows no Chinese
    with demo(tmp_path / "out", PYTHONIOENCODING="ascii", PYTHONUNBUFFERED="1") as process:
        assert process.stdout
        for line in process.stdout:
            if "2017-06-01" in line:
                break
        # when it gets SIGTERM
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "stopped before the end" in out and "2017-06-08" not in out
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("name", ["pymap", "aiosmtpd"])
def test_without_its_servers_the_demo_says_so_in_one_line(name: str, tmp_path: Path) -> None:
    script = f"import sys; sys.modules[{name!r}] = None; import scheduler; sys.exit(scheduler.main(['--demo']))"
    environment = {**os.environ, "BOT_DEMO_OUTPUT": str(tmp_path / "out")}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip
    expected = f"error: the demo needs {name}: run make demo, or pip install '.[demo]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_no_demo_has_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(UsageError, match="move it away"):
        fresh(tmp_path, pages.MARK)
    with pytest.raises(UsageError, match="move it away"):
        fresh(tmp_path / "thesis.docx", pages.MARK)
    assert (tmp_path / "thesis.docx").exists()
    (tmp_path / "empty").mkdir()
    assert list(fresh(tmp_path / "empty", pages.MARK).iterdir()) == [tmp_path / "empty" / pages.MARK]


def test_the_index_shows_what_strangers_wrote_as_text(tmp_path: Path) -> None:
    text = "<img src=x>\n" + "长" * 2000
    hostile = Written("", "x@y.test", "bot@demo.test", "<script>1</script>", text, NOON, "<1@y.test>",
                      files=(File("../../a&b.xlsx", b"x"),))  # fmt: skip
    posting = Posting("x@y.test", "", mail(hostile, "utf-8"), "INBOX")
    step = Step(NOON, act(who="x@y.test", does="writes"), posting, Report(), ())
    folder = fresh(tmp_path / "out", pages.MARK)
    office = Office(name="县安委会办公室", contact="周工", phone="0536-1")
    renderer = Renderer(ROOT / "templates", office, "bot@demo.test")
    page = pages.write(folder, renderer, load_story(), [step], [], NOON).read_text(encoding="utf-8")
    assert "&lt;script&gt;1" in page and "<script>" not in page
    assert text.replace("<", "&lt;").replace(">", "&gt;") in page and "<img" not in page
    assert "a&amp;b.xlsx</a>" in page
    assert sorted(p.name for p in (folder / "mails").iterdir()) == ["001-1.xlsx", "001.eml"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('who = "anjian"', 'who = "anjan"', "nobody is called 'anjan'"),
        ("at = 2017-06-29T16:05:00", "at = 2017-06-29T15:05:00", "2017-06-29 15:05:00 stands after"),
        ('unit = "zhuliu"', 'unit = "baodu"', "a unit stands twice"),
        ('does = "spoils"', 'does = "eats"', "acts.*does"),
        ('style = "split"', 'styel = "split"', "styel: no such key"),
    ],
)
def test_a_mistake_in_the_story_is_told(old: str, new: str, told: str, tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "story.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_file(tmp_path / "story.toml", Story)


def test_time_passes_and_acts_fall_between() -> None:
    story = load_story()
    moments = list(story.moments(story.until))
    assert [at for at, _ in moments] == sorted(at for at, _ in moments)
    # 05-31 to 07-14 are 45 days, 19 of them quiet
    assert sum(acted is None for _, acted in moments) == 26 * len(story.ticks) + 19
    assert [acted.who for _, acted in moments if acted][-1] == "guotu"  # that of 07-27 is for the test alone
    assert len({p.unit for p in story.people}) == 45 == len(RULES.units.units)


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ({"does": "fills"}, "no workbook of 五图街道"),
        ({"does": "mends"}, "no workbook of 五图街道"),
        ({"does": "decides", "who": "x@y.test", "about": "五图街道"}, "no letter about 五图街道"),
        ({"does": "plans", "who": "x@y.test"}, "nothing to report"),
        ({"does": "auto_replies"}, "no letter"),
        ({"does": "types", "answers": True}, "no letter"),
        ({"does": "repeats"}, "has sent nothing"),
        ({"does": "redelivers"}, "has sent nothing"),
        ({"does": "types", "who": "x@y.test"}, "nothing to report"),
    ],
)
def test_nobody_answers_what_he_has_not_received(deed: dict[str, object], told: str) -> None:
    county = County(load_story(), RULES, SilentOffice([]))
    with pytest.raises(OutOfPlot, match=told):
        county.posting(act(**deed), NOON)


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_mails_are_read_as_they_were_meant(charset: str) -> None:
    # given a reply with a file in a zip, from the town whose name GB2312 cannot write
    letter = Received("<our@letter>", "【报送提醒】鄌郚镇", "请报送", NOON, ())
    file = packed(File("鄌郚镇6月附件4.xlsx", b"not read here"), "鄌郚镇.zip")
    written = Written("吴志刚", "tangwu@demo.test", "bot@demo.test", "回复：【报送提醒】鄌郚镇" * 9, "请查收。\n", NOON,
                      "<7@demo.test>", letter, (file,))  # fmt: skip
    # when it is unwrapped
    data = mail(written, charset)
    found = unwrap(RawMail(data, NOON), own_address="bot@demo.test", provider=Provider.for_host("", ""))
    # then everything is there
    assert (found.sender, found.message_id, found.answers) == ("tangwu@demo.test", "<7@demo.test>", ("<our@letter>",))
    assert (found.subject, found.text.strip()) == (written.subject, "请查收。")
    assert [(a.name, a.data, a.inside) for a in found.attachments] == [
        ("鄌郚镇6月附件4.xlsx", b"not read here", ("鄌郚镇.zip",))
    ]
    assert found.automatic is None
    # and the lines are those of a mail: CRLF, none longer than 998 bytes, headers in ASCII
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data == mail(written, charset)


def test_an_automatic_reply_has_the_marks_of_qq_and_no_others() -> None:
    letter = Received("<our@letter>", "【报送提醒】旅游局", "请报送", NOON, ())
    written = Written("马文静", "lvyou@demo.test", "bot@demo.test", "自动回复:【报送提醒】旅游局", "我正在外地。", NOON,
                      "<8@demo.test>", letter, by_machine=True)  # fmt: skip
    data = mail(written, "gb18030")
    assert b"X-QQ-AUTO-REPLY: true" in data and b"Sender: 10001+auto_=bot=demo.test@qq.com" in data
    assert b"Auto-Submitted" not in data


def test_a_person_types_into_the_open_cells_and_leaves_the_formulas() -> None:
    words = load_file(ROOT / "templates" / "workbook.toml", WorkbookWords)
    blank = prefilled(ANNEX4, words, unit="五图街道", period="2017-06", numbers=None)
    sheet = openpyxl.load_workbook(io.BytesIO(fill_in(blank, ANNEX4, COUNTS, NOON.date()))).worksheets[0]
    texts = {str(c.value): c for row in sheet.iter_rows() for c in row if c.value is not None}
    row = texts["数量"].row
    assert tuple(sheet.cell(row, column).value for column in range(2, 14)) == COUNTS
    assert str(sheet.cell(row + 1, 2).value).startswith("=SUM(")
    assert any(isinstance(c.value, datetime) and c.value.date() == NOON.date() for r in sheet.iter_rows() for c in r)
    with pytest.raises(ValueError, match="12 open cells for 3 numbers"):
        fill_in(blank, ANNEX4, (1, 2, 3), NOON.date())


def test_counts_must_fit_the_form() -> None:
    assert numbers_of(ANNEX4, COUNTS)["other"] == {"level_1": 0, "level_2": 1, "level_3": 12, "ungraded": 7}
    with pytest.raises(ValueError, match="shorter"):
        numbers_of(ANNEX4, COUNTS[:11])


def test_the_installation_of_the_story_is_a_real_one_that_sends() -> None:
    config = settings(load_story(), SilentOffice([]), "sqlite:///x.db", Path("x"))
    assert (config.smtp.deliver, config.own_address, len(config.office.staff)) == ("send", "bot@demo.test", 2)
    assert config.paths.rules == ROOT / "rules"


def test_many_do_the_same_one_after_the_other() -> None:
    at = datetime(2017, 6, 1, 9, 5)  # noqa: DTZ001
    some = Round(at=at, every=90, does="plans", but=("baodu",))
    acts = [(f"{act.at:%H:%M}", act.who, act.does) for act in some.acts(["wutu", "baodu", "honghe"])]
    assert acts == [("09:05", "wutu", "plans"), ("10:35", "honghe", "plans")]
    named = some.model_copy(update={"who": ("honghe", "wutu")})
    assert [act.who for act in named.acts(["wutu", "baodu", "honghe"])] == ["honghe", "wutu"]


def test_every_enterprise_of_a_town_has_a_name_of_its_own() -> None:
    story = load_story()
    towns = [person for person in story.people if person.base]
    assert len(towns) == 10
    for person in towns:
        counts = zip(ANNEX4.groups, person.base, strict=True)
        names = [row[0] for group, count in counts for row in story.enterprises.rows(group.id, "五图", count)]
        assert len(set(names)) == len(names) == sum(person.base)
    with pytest.raises(ValueError, match="more trades, or more stems"):
        list(story.enterprises.rows("high_risk", "五图", 1000))


def test_the_staff_finds_the_number_of_what_it_decides() -> None:
    text = "以下2件事项。\n\n3. 未登记。\n    发件人：li@demo.test\n\n12. 名单。\n    发件人：song@demo.test\n"
    asked = mail(Written("", "bot@demo.test", "guo@demo.test", "【请处理】2件", text, NOON, "<9@demo.test>"), "utf-8")
    office = SilentOffice([asked])
    assert about(office, "guo@demo.test", "song@demo.test")[1] == "12"
    assert about(office, "guo@demo.test", "li@demo.test")[1] == "3"
    assert about(office, "guo@demo.test", "请处理")[1] == ""


def test_who_mends_clears_the_rows_that_are_marked() -> None:
    book = openpyxl.Workbook()
    for row in ((1, "甲厂"), (2, "乙厂"), (3, "甲厂")):
        book.worksheets[0].append(row)
    book.worksheets[0]["B3"].comment = Comment("重复填写", "")
    data = io.BytesIO()
    book.save(data)
    sheet = openpyxl.load_workbook(io.BytesIO(mend(data.getvalue()))).worksheets[0]
    assert list(sheet.iter_rows(values_only=True))[:2] == [(1, "甲厂"), (2, "乙厂")]
    assert sheet["B3"].value is None and sheet["B3"].comment is None
