"""``preview``: what it writes is what this installation would send; it touches nothing else."""

import io
import re
import shutil
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest

from bot.__main__ import main
from bot.preview.pages import INDEX, MARK
from tests.books import ANNEX4
from tests.bots import ROOT, config_file
from tests.letters.cases import CASES
from tests.letters.page import Page
from tests.letters.wire import parsed

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """An installation with rules and templates of its own, which a test may change."""
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    paths = {"rules": str(tmp_path / "rules"), "templates": str(tmp_path / "templates")}
    config_file(tmp_path, paths=paths)
    return tmp_path


@pytest.fixture
def call(office: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """The command in this process: exit status, and what it said."""
    monkeypatch.setenv("BOT_CONFIG", str(office / "config.toml"))

    def calling(*args: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bot", "preview", *map(str, args)])
        capfd.readouterr()
        try:
            code = main()
        except SystemExit as end:
            code = end.code  # type: ignore[assignment]
        out, err = capfd.readouterr()
        return int(code or 0), out + err

    return calling


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_letter_in_every_case_with_an_index_to_all_of_them(call: Call, office: Path, tmp_path: Path) -> None:
    # given what an earlier preview left
    out = tmp_path / "out"
    assert call("receipt", "-o", out) == (0, f"{out / INDEX}\n")
    assert {p.stem for p in out.glob("*.eml")} == {c for c, d in CASES.items() if d.letter == "receipt"}
    # when all are written
    assert call("--all", "-o", out) == (0, f"{out / INDEX}\n")
    # then each is there three times, and the index leads to every file and to no other
    for ending in ("html", "txt", "eml"):
        assert {p.stem for p in out.glob(f"*.{ending}")} - {"index"} == set(CASES)
    index = (out / INDEX).read_text(encoding="utf-8")
    linked = {unquote(unescape(link)) for link in re.findall(r'(?:href|src)="([^"]+)"', index)}
    assert linked == {p.name for p in out.iterdir()} - {INDEX, MARK}
    # and a mail is a whole one: its texts are the files beside it
    for case in CASES:
        message = parsed((out / f"{case}.eml").read_bytes())
        text = (out / f"{case}.txt").read_text(encoding="utf-8-sig")
        body = message.get_body(("plain",))
        assert body is not None and body.get_content().replace("\r\n", "\n") == text
        assert str(message["From"]) == "安委会办公室 <bot@demo.test>"
        assert "县安委会办公室" in text and "昌乐县人民政府" not in text
    # and no database was made
    assert not list(office.rglob("*.db"))


def test_a_workbook_hangs_on_the_letter_that_speaks_of_it(call: Call, tmp_path: Path) -> None:
    call("--all", "-o", tmp_path / "out")
    message = parsed((tmp_path / "out/reminder_before_single.eml").read_bytes())
    (file,) = message.iter_attachments()
    assert file.get_filename() == "附件4-五图街道-2017年6月.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_content())).worksheets[0]
    assert all(isinstance(cell.value, int) for cell in sheet[7][1:13])
    message = parsed((tmp_path / "out/returned_single.eml").read_bytes())
    (file,) = message.iter_attachments()
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_content())).worksheets[0]
    assert {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment} == {"B8", "G7"}


def test_what_the_office_has_changed_is_seen(call: Call, office: Path, tmp_path: Path) -> None:
    # given another sentence in a template, and other words in the rules
    change(office / "templates/_base/words.jinja", "，本次报送完成，无需再次发送", "，谢谢贵单位！")
    change(office / "rules/annex4.toml", '"生产经营单位安全生产标准化达标情况表"', '"达标月报"')
    change(office / "rules/annex4.toml", 'label = "规模以上企业"', 'label = "规上企业"')
    change(office / "rules/reasons.toml", "发件邮箱未登记在任何报送单位名下", "不认识这个邮箱")
    # when
    call("--all", "-o", tmp_path / "out")
    # then
    receipt = "".join((tmp_path / "out/receipt_single.txt").read_text(encoding="utf-8-sig").split())
    assert "谢谢贵单位！" in receipt and "达标月报" in receipt and "规上企业：一级0" in receipt
    assert "不认识这个邮箱" in (tmp_path / "out/waiting_stranger.txt").read_text(encoding="utf-8-sig")


def test_rules_of_another_make_have_their_letters_too(call: Call, office: Path, tmp_path: Path) -> None:
    # given a county whose form has five categories of three, fewer checks, and no month before
    shutil.copy(ROOT / "tests/forms/hazards.toml", office / "rules")
    targets = 'form = "hazards"\nlabel = "全部隐患"\nreached = "整改"\ntargets = []\n'
    (office / "rules/targets.toml").write_text(targets, encoding="utf-8")
    # when
    code, said = call("--all", "-o", tmp_path / "out")
    # then every letter can be written, in the words of that form
    assert code == 0, said
    written = {p.stem for p in (tmp_path / "out").glob("*.eml")}
    assert {CASES[case].letter for case in written} == {draft.letter for draft in CASES.values()}
    text = (tmp_path / "out/receipt_single.txt").read_text(encoding="utf-8-sig")
    assert "消防安全：" in text and ANNEX4.title not in text


def test_a_broken_template_is_named(call: Call, office: Path, tmp_path: Path) -> None:
    change(office / "templates/receipt/body.txt", "{% endblock %}", "{{ nosuch }}{% endblock %}")
    code, said = call("receipt", "-o", tmp_path / "out")
    assert code == 2
    assert said.startswith("error: ") and "receipt/body.txt" in said and "nosuch" in said


@pytest.mark.parametrize("wrong", [(), ("receipt", "--all"), ("nosuch",)])
def test_wrong_usage_is_one_line(call: Call, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    code, said = call(*wrong, "-o", tmp_path / "out")
    assert code == 2
    assert said.startswith("error: expected ") and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_somebody_s_files_are_left_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.html").write_text("mine")
    code, said = call("--all", "-o", tmp_path / "mine")
    assert (code, "move it away" in said) == (2, True)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.html"]


def test_the_index_asks_for_nothing_from_outside(call: Call, tmp_path: Path) -> None:
    call("--all", "-o", tmp_path / "out")
    page = Page((tmp_path / "out" / INDEX).read_text(encoding="utf-8"))
    assert page.open == []
    assert "script" not in page.tags
    assert not [value for _, value in page.attributes if value and re.match(r"https?:|//", value)]
