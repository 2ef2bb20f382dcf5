"""Golden letters: what the recipient reads, word for word, and what holds for every one of them."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.letters.defang import defang
from bot.letters.filters import TEXT_COLUMNS, display_width
from bot.letters.render import PARTS, Renderer
from bot.model.deciding import LetterDraft
from tests import letters_golden
from tests.letters.cases import CASES
from tests.letters.page import Page
from tests.letters.values import OFFICE, SENDER, TOKEN
from tests.letters_golden import ROOT, TEMPLATES, golden_path, words_of

RENDERER = Renderer(TEMPLATES, OFFICE, SENDER)
FOREIGN = re.compile(r"[A-Za-z]{2,}")


def golden(case: str) -> dict[str, str]:
    return {part: golden_path(case, part).read_text(encoding="utf-8") for part in PARTS}


def leaves(value: Any) -> Iterator[Any]:
    """Every fact in a context; ``words`` are no facts, but how one speaks of them."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "words":
                yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def tight(text: str) -> str:
    """Without white space: wrapped lines and cells read alike."""
    return "".join(text.split())


@pytest.mark.parametrize("case", CASES)
def test_a_letter_reads_as_it_was_accepted(case: str) -> None:
    assert words_of(RENDERER, CASES[case]) == golden(case)


def test_every_letter_has_a_case_and_every_folder_a_context() -> None:
    pages = {"_base", "board", "demo", "preview"}
    letters = {p.name for p in TEMPLATES.iterdir() if p.is_dir()} - pages
    assert letters == {draft.letter for draft in CASES.values()}
    folders = {p.name for p in (ROOT / "letters").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_text_and_html_tell_the_same_facts(case: str) -> None:
    # given every value of the context, and every number written in either form
    words = golden(case)
    text, page = words["body.txt"], Page(words["body.html"]).text
    # then a text stands in both or in neither
    for leaf in leaves(CASES[case].context):
        if isinstance(leaf, str) and leaf:
            assert (tight(leaf) in tight(text)) == (tight(leaf) in tight(page)), leaf
    # and so does a number, but for the numbers of the items of a list
    items = {str(n) for n in range(1, 10)}
    assert set(re.findall(r"\d+", page)) <= set(re.findall(r"\d+", text))
    assert set(re.findall(r"\d+", text)) - items <= set(re.findall(r"\d+", page))


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith(("waiting", "digest_quiet"))])
def test_no_number_of_a_form_is_left_out(case: str) -> None:
    context = CASES[case].context
    told = set(re.findall(r"\d+", golden(case)["body.txt"]))
    shares = [[c["reached"], c["base"], c["gap"] or None] for c in context.get("categories", [])]
    tables = [[f["table"] for f in context.get("forms", [])], shares, context.get("letters", {})]
    for number in leaves(tables):
        if isinstance(number, int):
            assert str(number) in told


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_said_in_another_language(case: str) -> None:
    words = golden(case)
    facts = [x for x in leaves(CASES[case].context) if isinstance(x, str)]
    known = sorted({tight(form) for x in facts for form in (x, defang(x))}, key=len, reverse=True)
    for text in (words["subject.txt"], words["body.txt"], Page(words["body.html"]).text):
        rest = tight(text).replace(TOKEN, "")
        for leaf in known:
            rest = rest.replace(leaf, "") if leaf else rest
        assert not FOREIGN.findall(rest)
        assert "None" not in text and "null" not in text and "自动回复" not in text


@pytest.mark.parametrize("case", CASES)
def test_a_letter_is_complete(case: str) -> None:
    # then the subject ends with the token, and both bodies name the office, whom to call, the day and the machine
    words = golden(case)
    assert words["subject.txt"].endswith(f"〔编号 {TOKEN}〕\n")
    for text in (words["body.txt"], Page(words["body.html"]).text):
        for fact in (
            OFFICE.name,
            OFFICE.contact,
            OFFICE.phone,
            TOKEN,
            "本邮件由报送系统自动发出，如有疑问请致电6228071",
        ):
            assert tight(fact) in tight(text)
        assert re.search(r"2017年\d+月\d+日", text)


@pytest.mark.parametrize("case", CASES)
def test_plain_text_fits_its_columns(case: str) -> None:
    for line in golden(case)["body.txt"].splitlines():
        assert display_width(line) <= TEXT_COLUMNS
        assert line == line.rstrip()


@pytest.mark.parametrize("case", CASES)
def test_html_needs_nothing_from_outside(case: str) -> None:
    html = golden(case)["body.html"]
    page = Page(html)
    assert page.open == []
    assert not page.tags & {"script", "img", "link", "a", "iframe", "object", "form", "input", "svg", "div"}
    assert not re.search(r"https?:|url\(|@import|javascript:", html)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
    assert len(html.encode()) < 60_000  # webmail cuts a letter at about 100 KB


def test_the_digest_begins_with_who_is_silent() -> None:
    first = golden("digest_busy")["body.txt"].partition("各位同志")[0]
    assert first.startswith("逾期未报2个单位：乔官镇、首阳山旅游度假区。退回后尚未更正1个单位：")
    assert golden("digest_not_due")["body.txt"].startswith("尚未报送（未到期限）2个单位：")
    assert "逾期" not in golden("digest_not_due")["body.txt"]


def test_a_quiet_week_is_one_line() -> None:
    said = golden("digest_quiet")["body.txt"].split("联系人")[0].strip().splitlines()
    assert said == ["2017年第27周没有新的报送，也没有待办事项。应报单位均已报送。"]


def test_a_return_begins_with_how_much_is_to_correct_and_names_the_cells() -> None:
    text = tight(golden("returned_single")["body.txt"])
    assert text.index("共有2处需要更正") < text.index("单元格B8") < text.index("单元格G7") < text.index("回复本邮件")


def test_a_stranger_learns_nothing_but_what_he_sent() -> None:
    # given a waiting form that carries what the record knows of the unit
    known = {
        "unit": "秘密单位",
        "errors": [{"place": "B8", "message": "上次报送的9876家"}],
        "warnings": [{"place": "B9", "message": "登记的名称为秘密单位"}],
        "changes": [{"label": "规模以上企业·一级", "before": 9877, "after": 1}],
        "progress": [{**CASES["digest_busy"].context["total"], "reached": 9878}],
        "first_received_at": datetime(2017, 6, 11, 9, 0, tzinfo=OFFICE.zone),
        "version": 9879,
        "late_days": 9880,
    }
    draft = CASES["waiting_stranger"]
    form = {**draft.context["forms"][0], **known}
    # when the letter is written
    words = words_of(RENDERER, LetterDraft("k", "waiting", draft.to, {**draft.context, "forms": [form]}))
    # then it is the same letter
    assert words == golden("waiting_stranger")


def test_the_writer_of_goldens_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given an accepted letter that has become another, and none of the rest
    monkeypatch.setattr(letters_golden, "ROOT", tmp_path)
    kept = letters_golden.golden_path("alarm_login", "body.txt")
    kept.parent.mkdir(parents=True)
    kept.write_text("old\n", encoding="utf-8")
    # when the command runs
    status = letters_golden.main()
    # then it says so, keeps the old one, and writes what was missing
    assert status == 1
    assert "differs, not overwritten" in capsys.readouterr().out
    assert kept.read_text(encoding="utf-8") == "old\n"
    assert len(list(tmp_path.rglob("body.html"))) == len(CASES)
