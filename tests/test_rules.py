"""The folder rules/: what ships is whole and right; what an editor breaks is one line that names file and key."""

import ast
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.rules.base import allow_names, even, texts
from bot.rules.checks import CASES, OF_KIND, CheckRule
from bot.rules.forms import FormRule
from bot.rules.load import PARTS, load_rules
from bot.rules.reasons import REASONS
from bot.rules.where import line_of
from bot.rules.words import Words
from tests.books import ANNEX4, RULES

ROOT = Path(__file__).resolve().parents[1]


# What ships.


def test_every_file_of_the_folder_is_read() -> None:
    files = {path.stem for path in (ROOT / "rules").glob("*.toml")}
    assert files == {*PARTS, *RULES.forms}


def test_annex_4_has_three_categories_four_levels_and_five_fields() -> None:
    assert [g.label for g in ANNEX4.groups] == ["规模以上企业", "高危企业", "其他生产经营单位"]
    assert [c.label for c in ANNEX4.columns] == ["一级", "二级", "三级", "其他"]
    assert [(f.id, f.side) for f in ANNEX4.fields] == [
        ("period", "above"),
        ("unit", "above"),
        ("filled_on", "above"),
        ("reporter", "below"),
        ("phone", "below"),
    ]


def test_annex_4_is_due_at_the_end_of_the_5th_by_everybody() -> None:
    owed = ANNEX4.owed
    assert (owed.by, owed.every, owed.day, owed.months_after, owed.shift) == (
        ("town", "department"),
        "month",
        5,
        1,
        "none",
    )


def test_annex_4_has_every_check_in_every_way() -> None:
    assert {(c.id, c.case) for c in ANNEX4.checks} == set(OF_KIND["matrix"])


def test_the_registers_have_every_check_of_rows_in_every_way() -> None:
    used = {(c.id, c.case) for rule in RULES.registers.values() for c in rule.checks}
    built_in = {(id_, case) for id_, case in OF_KIND["rows"] if id_ == "rival"}  # [rivals] of words.toml says it
    assert used == set(OF_KIND["rows"]) - built_in


@pytest.mark.parametrize("rule", ANNEX4.checks, ids=lambda c: f"{c.id}-{c.case}")
def test_severities_are_those_of_the_design(rule: CheckRule) -> None:
    warnings = {"decreased", "exceeds_base", "jump", "reporter", "rival"}
    mild = {("unit", "missing"), ("unit", "blank"), ("unit", "not_owed"), ("period", "earlier"), ("period", "blank")}
    strict = {("rival", "parts")}  # there are only villages: none of their numbers is the unit's
    mild |= {(rule.id, rule.case) for rule in ANNEX4.checks if rule.id in warnings} - strict
    expected = "warning" if (rule.id, rule.case) in mild else "error"
    assert rule.severity == expected


@pytest.mark.parametrize("rule", ANNEX4.checks, ids=lambda c: f"{c.id}-{c.case}")
def test_every_message_can_be_filled_in(rule: CheckRule) -> None:
    names = dict.fromkeys(("place", *CASES[rule.id, rule.case]), "甲")
    assert "{" not in rule.message.format(**names)


def test_every_case_in_the_table_is_one_that_the_code_gives() -> None:
    """Read from the source: calls of ``finding`` with their check and case, and the names of their values."""
    given_cases: set[str] = set()
    for path in (*(ROOT / "bot" / "deciding").glob("*.py"), ROOT / "bot" / "model" / "forms.py"):
        given_cases |= set(re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8")))
    for check_id, case in CASES:
        assert check_id in given_cases
        assert not case or case in given_cases


def test_words_of_a_form_are_unambiguous() -> None:
    for labelled in (ANNEX4.groups, ANNEX4.columns, ANNEX4.fields):
        seen: dict[str, str] = {}
        for item in labelled:
            for word in item.words:
                assert seen.setdefault(word, item.id) == item.id


def test_no_word_means_both_none_and_nothing() -> None:
    words = RULES.words
    assert not texts("", words.zero) & texts("", words.blank) - {""}


def test_each_stage_s_letters_have_a_template() -> None:
    for stage in RULES.reminders.stages:
        for folder in filter(None, (stage.letter, stage.office)):
            assert (ROOT / "templates" / folder / "subject.txt").exists()


def test_the_targets_are_those_of_the_notice() -> None:
    first, second = RULES.targets.targets
    assert (first.until.isoformat(), first.all, first.groups) == (
        "2017-12-31",
        50,
        {"above_scale": 100, "high_risk": 100},
    )
    assert (second.until.isoformat(), second.all, set(second.groups.values())) == ("2018-12-31", 100, {100})


def codes_in(*folders: str) -> set[str]:
    """Every string constant in the modules of some rooms."""
    found: set[str] = set()
    for folder in folders:
        for path in (ROOT / "bot" / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def test_every_reason_that_is_required_is_one_that_the_code_gives() -> None:
    # "locked" waits for the office's locking of a period; "unanswered" kinds are put together from two parts
    given_codes = codes_in("mail", "reading", "deciding", "jobs", "preview") | {"locked"}
    for codes in REASONS.values():
        for code in codes:
            assert code in given_codes or code.removesuffix("_unanswered") in given_codes, code


def test_a_kind_of_file_that_cannot_be_read_has_a_sentence() -> None:
    kinds = {"xlsx", "xls", "ods", "docx", "doc", "html", "csv", "pdf", "image", "other"}
    readable = {"xlsx", "xls", "ods", "docx", "html", "csv"}
    assert kinds - readable <= set(RULES.reasons.unreadable)


def test_sentences_are_whole() -> None:
    for code, sentence in RULES.reasons.unreadable.items():
        assert sentence.endswith("。"), code


def test_months_and_weeks_in_words() -> None:
    assert RULES.words.month_text("2017-06") == "2017年6月"
    assert RULES.words.month_text("2017-12") == "2017年12月"
    assert RULES.words.week_text(date(2018, 12, 31)) == "2019年第1周"


# Which words speak of a form.


@pytest.mark.parametrize(
    "text", ["附件4", "附件４", "附 件 4.xlsx", "附件四", "报送《附件4》", "标准化达标情况表", "6月达标月报"]
)
def test_spoken_of(text: str) -> None:
    assert ANNEX4.spoken_of_in(text)


@pytest.mark.parametrize("text", ["", "附件", "附件2", "附件3、5", "4", "会议通知", "安全生产"])
def test_not_spoken_of(text: str) -> None:
    assert not ANNEX4.spoken_of_in(text)


# even


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("填 报 单 位：", "填报单位"),
        ("Ａ１（家）", "a1家"),
        ("填报单位（盖章）", "填报单位盖章"),
        ("“五图”，街道。", "五图街道"),
        ("１２", "12"),
        ("\u200b五\ufeff图", "五图"),
    ],
)
def test_texts_that_look_alike_are_even(one: str, other: str) -> None:
    assert even(one) == even(other)


@given(st.text(max_size=30))
def test_evening_out_twice_changes_nothing_more(text: str) -> None:
    once = even(text)
    assert even(once) == once or not text.isascii()  # some letters fold to others that NFKC changes again


def test_evening_out_does_not_confuse_different_words() -> None:
    assert len({even(t) for t in ("一级", "二级", "三级", "其他", "其它", "合计", "总计")}) == 7


# What an editor breaks.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "rules", tmp_path / "rules"))


def broken(folder: Path, file: str, old: str, new: str) -> str:
    """The complaint after one change to one file: it names the file, and is one line."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rules(folder)
    complaint = str(caught.value)
    assert file in complaint
    assert "\n" not in complaint
    return complaint


BREAKS = {
    "a misspelt key": ("annex4.toml", 'severity = "error"', 'severty = "error"', "checks.0.severty: no such key"),
    "a key that is missing": ("annex4.toml", 'title = "生', 'titel = "生', "titel: no such key"),
    "an unknown check": ("annex4.toml", 'id = "jump"', 'id = "leap"', "checks.6.id"),
    "an unknown case": ("annex4.toml", 'case = "future"', 'case = "futur"', "checks.14"),
    "an unknown severity": ("annex4.toml", 'severity = "warning"', 'severity = "mild"', "severity"),
    "a name that nobody fills in": ("annex4.toml", "{stated}", "{statet}", "{statet} is not filled in here"),
    "a bracket too many": ("annex4.toml", "“{label}”一栏没有", "“{label”一栏没有", "checks.0"),
    "a check twice": ("annex4.toml", 'id = "total"\nseverity', 'id = "subtotal"\nseverity', "checks: an id stands"),
    "a group twice": ("annex4.toml", 'id = "high_risk"', 'id = "above_scale"', "groups: an id stands twice"),
    "nobody owes it": ("annex4.toml", 'by = ["town", "department"]', "by = []", "owed.by"),
    "an unknown kind of unit": ("annex4.toml", 'by = ["town", ', 'by = ["towns", ', "owed.by.0"),
    "a day that no month has": ("annex4.toml", "day = 5", "day = 32", "owed.day"),
    "a report that opens when it is late": ("annex4.toml", "months_after = 1", "months_after = 0", "open on day 25"),
    "numbers without a name": ("annex4.toml", 'values = ["数量", ', "values = [] # ", "headings.values"),
    "a factor that means nothing": ("annex4.toml", "factor = 3.0", "factor = 1.0", "checks.6.factor"),
    "no word for a sum": ("annex4.toml", 'subtotals = ["合计", "小计"]', "subtotals = []", "headings.subtotals"),
    "an id that is no name": ("annex4.toml", 'id = "annex4"', 'id = "附件4"', "id"),
    "a file not called as its form": ("annex4.toml", 'id = "annex4"', 'id = "annex5"', "id: expected 'annex4'"),
    "no TOML": ("words.toml", "zero = [", "zero = ", "words.toml"),
    "a month that nobody fills in": ("words.toml", "{month}", "{monat}", "month: {monat} is not filled in here"),
    "a sentence that is missing": ("reasons.toml", "damaged = ", "# damaged = ", "unreadable.damaged: this sen"),
    "an empty sentence": ("reasons.toml", 'capped = "当日', 'capped = "" # "', "attention.capped"),
    "a unit of two names": ("units.toml", 'aliases = ["五图", ', 'aliases = ["朱刘", ', "means both 朱刘街道"),
    "a group of nobody": ("units.toml", 'lead = "公安局"', 'lead = "公安厅"', "which is no unit"),
    "hours that never are": ("reminders.toml", 'to = "17:30"', 'to = "08:00"', "hours"),
    "stages out of order": ("reminders.toml", "working_days = 7", "working_days = 2", "the order in which"),
    "a stage on no day": ("reminders.toml", "working_days = 0", "working_days = 1", "working_days"),
    "to press who is not late": ("reminders.toml", "working_days = 3", 'working_days = 3\nto = "lead"', "is not late"),
    "two letters to one on one day": ("reminders.toml", "working_days = 7", "working_days = 3", "each day once"),
    "a target of no form": ("targets.toml", 'form = "annex4"', 'form = "annex7"', "annex7"),
    "more than all": ("targets.toml", "all = 50", "all = 500", "targets.0.all"),
    "a day of no month": ("calendar.toml", "years = []", "[[years]]\nyear = 1\nholidays = [2027-02-30]", "line"),
    "no day": ("calendar.toml", "years = []", '[[years]]\nyear = 2027\nholidays = ["x"]', "years.0.holidays.0"),
    "a list without units": ("liaisons.toml", 'id = "unit"\nlabel = "单位"', 'id = "units"\nlabel = "单位"', "row"),
    "the base of no form": ("annex3.toml", 'base_of = "annex4"', 'base_of = "annex5"', "base_of"),
    "a check of another kind": ("annex3.toml", 'case = "empty"', 'case = ""', "checks"),
    "owed once by no day": ("plan.toml", "on = 2017-06-05", "day = 5", "owed"),
    "owed by the month on a day": ("annex4.toml", "day = 5", "on = 2017-06-05", "owed"),
    "two tables of one name": ("annex2.toml", 'id = "high_risk"', 'id = "above_scale"', "groups"),
    "the same thing by no column": ("annex2.toml", 'identity = "name"', 'identity = "names"', "identity"),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_file_is_one_line_that_names_it(case: str, folder: Path) -> None:
    file, old, new, expected = BREAKS[case]
    assert expected in broken(folder, file, old, new)


def test_all_faults_of_all_files_are_told_at_once_with_their_lines(folder: Path) -> None:
    # given a misspelt key and a wrong value in one file, and a file that is no TOML
    form, words, units = (folder / name for name in ("annex4.toml", "words.toml", "units.toml"))
    text = form.read_text(encoding="utf-8")
    text = text.replace('severity = "error"', 'severty = "error"', 1).replace("factor = 3.0", "factor = 1.0", 1)
    form.write_text(text, encoding="utf-8")
    words.write_text(words.read_text(encoding="utf-8").replace("zero = [", "zero = ", 1), encoding="utf-8")
    units.write_text(units.read_text(encoding="utf-8").replace('lead = "公安局"', 'lead = "公安厅"'), encoding="utf-8")
    # when
    with pytest.raises(ConfigError) as caught:
        load_rules(folder)
    # then each is a line of its own, with the line of the file
    told = str(caught.value).splitlines()

    def place(path: Path, what: str) -> str:
        return f"{path}:{1 + path.read_text(encoding='utf-8').splitlines().index(what)}"

    assert len(told) == 4
    assert told[0].startswith(f"{units}: ") and "公安厅" in told[0]
    assert told[1].startswith(f"{words}: ") and "line" in told[1]
    assert told[2] == place(form, 'severty = "error"') + ": checks.0.severty: no such key"
    assert told[3].startswith(place(form, "factor = 1.0") + ": checks.6.factor: ")


@pytest.mark.parametrize(
    ("path", "line"),
    [(("a",), 1), (("t", "b"), 4), (("t", "c", "d"), 7), (("list", 1, "x"), 14), (("list", 1, "none"), 13),
     (("list", 0, "sub", "y"), 12), (("none",), 0)],
)  # fmt: skip
def test_the_line_of_a_key(path: tuple[str | int, ...], line: int) -> None:
    written = ["a = 1", "", "[t]", 'b = """', "c = 2", '"""', "c.d = 2", "", "[[list]]", "x = 1"]
    written += ["[list.sub]", "y = 2", "[[list]]", "x = 3"]
    assert line_of("\n".join(written), path) == line


def test_a_missing_file_and_a_missing_folder(folder: Path) -> None:
    (folder / "words.toml").unlink()
    with pytest.raises(ConfigError, match=r"words\.toml: no such file"):
        load_rules(folder)
    with pytest.raises(ConfigError, match=r"nowhere: no such folder \(paths\.rules\)"):
        load_rules(folder / "nowhere")


def test_a_file_in_another_encoding_is_told(folder: Path) -> None:
    (folder / "words.toml").write_bytes((folder / "words.toml").read_text(encoding="utf-8").encode("gbk"))
    with pytest.raises(ConfigError, match=r"words\.toml"):
        load_rules(folder)


def test_a_file_with_a_byte_order_mark_is_read(folder: Path) -> None:
    """Windows' editor writes one."""
    path = folder / "words.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_rules(folder).words == RULES.words


def test_one_form_names_the_liaisons(folder: Path) -> None:
    path = folder / "liaisons.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("appoints = true", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="appoints"):
        load_rules(folder)


def test_another_form_is_another_file(folder: Path) -> None:
    text = (folder / "annex4.toml").read_text(encoding="utf-8")
    (folder / "annex9.toml").write_text(text.replace('id = "annex4"', 'id = "annex9"', 1), encoding="utf-8")
    assert set(load_rules(folder).forms) == {*RULES.forms, "annex9"}


def test_a_copy_whose_id_was_not_changed_does_not_replace_the_first(folder: Path) -> None:
    shutil.copy(folder / "annex4.toml", folder / "annex9.toml")
    with pytest.raises(ConfigError, match=r"annex9\.toml: id: expected 'annex9'"):
        load_rules(folder)


def test_what_is_not_toml_is_left_alone(folder: Path) -> None:
    (folder / "annex4.toml.bak").write_text("x", encoding="utf-8")
    (folder / "~$annex4.xlsx").write_text("x", encoding="utf-8")
    assert set(load_rules(folder).forms) == set(RULES.forms)


# allow_names, Words.printed


@pytest.mark.parametrize("template", ["", "x", "{label}", "{{label}}", "{label!r}", "{label:>5}", "{place}{label}"])
def test_allowed_names(template: str) -> None:
    assert allow_names(template, ("label", "place")) == template


@pytest.mark.parametrize("template", ["{x}", "{}", "{0}", "{label.x}", "{label[0]}", "{label", "label}", "{ label}"])
def test_names_that_nobody_fills_in(template: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        allow_names(template, ("label",))


def test_what_stands_in_place_of_an_empty_month() -> None:
    assert RULES.words.printed == {"年", "月"}
    padded = Words.model_validate({**RULES.words.model_dump(), "month": "{year}-{month:02d}月"})
    assert padded.printed == {"-", "月"}


def test_a_form_of_one_group_and_one_column_is_a_form() -> None:
    small = ANNEX4.model_dump(by_alias=True)
    small["groups"], small["columns"] = small["groups"][:1], small["columns"][:1]
    assert FormRule.model_validate(small).label_of("above_scale", "level_1") == "规模以上企业·一级"
