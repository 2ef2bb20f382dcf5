"""The renderer: a fault of a template is told by file and line, and a letter carries what its draft says."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from bot.config import Office
from bot.errors import ConfigError
from bot.letters.render import Renderer
from bot.model.deciding import LetterDraft, LetterFile, Obligation
from tests.letters.cases import CASES, written_at
from tests.letters.values import DEADLINE, OFFICE, SENDER, TOKEN, XLSX, at
from tests.letters_golden import TEMPLATES, words_of

RENDERER = Renderer(TEMPLATES, OFFICE, SENDER)
PAYLOAD = "<img src=x onerror=alert(1)>{{7*7}}{% raise %}</table>"


def render(draft: LetterDraft, renderer: Renderer = RENDERER) -> Any:
    return renderer.render(draft, token=TOKEN, message_id="<a@b.example>", now=written_at(draft))


def folder(tmp_path: Path, **files: str) -> Path:
    """A folder of templates with the letter ``note`` alone; ``body_html`` and so on replace its parts."""
    root = tmp_path / "templates"
    shutil.copytree(TEMPLATES / "_base", root / "_base")
    note = root / "note"
    note.mkdir()
    for part in ("subject_txt", "body_txt", "body_html"):
        (note / part.replace("_", ".")).write_text(files.get(part, "好\n"), encoding="utf-8")
    return root


def note(**context: Any) -> LetterDraft:
    return LetterDraft("note:1", "note", "a@b.example", context)


def test_a_fault_names_file_and_line(tmp_path: Path) -> None:
    faults = {
        "{{ absent }}": "unknown name 'absent'",
        "{% if %}": "Expected an expression",
        "{{ 1 / 0 }}": "division by zero",
        "{{ 1 + none }}": "unsupported operand",
        "{{ 5|day }}": "expected a date",
        "{{ 'x'|nosuch }}": "nosuch",
        "{% include 'note/none.txt' %}": "none.txt",
        "{{ ''.__class__.__mro__ }}": "unsafe",
        "{% import '_base/macros.html' as m %}": "the endings differ",
    }
    for i, (fault, words) in enumerate(faults.items()):
        root = folder(tmp_path / str(i), body_txt=f"甲\n\n{fault}\n")
        with pytest.raises(ConfigError) as raised:
            render(note(), Renderer(root, OFFICE, SENDER))
        assert f"{root / 'note' / 'body.txt'}:3: " in str(raised.value)
        assert words in str(raised.value) and "\n" not in str(raised.value)


def test_html_takes_no_macro_of_plain_text(tmp_path: Path) -> None:
    # a macro compiled without escaping counts as safe where it is called: the attack would pass
    root = folder(tmp_path, body_html="{% import '_base/macros.txt' as m %}{{ m.heading(name) }}\n")
    with pytest.raises(ConfigError, match="the endings differ"):
        render(note(name=PAYLOAD), Renderer(root, OFFICE, SENDER))


def test_a_sentence_for_both_is_escaped_in_html_alone(tmp_path: Path) -> None:
    say = "{% import '_base/words.jinja' as w %}{{ w.quoted(name) }}\n"
    words = words_of(Renderer(folder(tmp_path, body_txt=say, body_html=say), OFFICE, SENDER), note(name="<b>&"))
    assert words["body.txt"] == "“<b>&”\n"
    assert words["body.html"] == "“&lt;b&gt;&amp;”\n"


@pytest.mark.parametrize("letter", ["nosuch", "_base", "../rules", "", "Receipt", "receipt/..", "note\n"])
def test_an_unknown_letter_is_a_config_error(letter: str) -> None:
    with pytest.raises(ConfigError, match="templates"):
        render(LetterDraft("k", letter, "a@b.example", {}))


def test_a_letter_without_one_of_its_parts_is_a_config_error(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "note" / "body.html").unlink()
    with pytest.raises(ConfigError, match=r"body\.html"):
        render(note(), Renderer(root, OFFICE, SENDER))


def test_a_template_that_is_not_utf_8_is_a_config_error(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "note" / "body.txt").write_bytes("您好".encode("gb18030"))
    with pytest.raises(ConfigError, match=r"body\.txt.*decode"):
        render(note(), Renderer(root, OFFICE, SENDER))


@pytest.mark.parametrize(
    ("formats", "words"),
    [
        ('month = "{year}"\n', "day: this key is missing"),
        ("month = 1\n", "month: this key is missing, or is no text"),
        ("month = {", "formats.toml"),
        *[
            (f'month = "{bad}"\nday = "x"\nfullday = "x"\nmoment = "x"\npercent = "x"\n', "a format")
            for bad in ("{jahr}", "{", "{}", "{year.x}")
        ],
        ('month = "x"\nday = "{hour.x}"\nfullday = "x"\nmoment = "x"\npercent = "x"\n', "a format"),
    ],
)
def test_broken_formats_are_told_at_the_start(tmp_path: Path, formats: str, words: str) -> None:
    root = folder(tmp_path)
    (root / "_base" / "formats.toml").write_text(formats, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        Renderer(root, OFFICE, SENDER)


def test_a_missing_folder_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such folder \(paths\.templates\)"):
        Renderer(tmp_path / "none", OFFICE, SENDER)


def test_check_finds_a_broken_template_before_a_letter_needs_it(tmp_path: Path) -> None:
    RENDERER.check()
    root = folder(tmp_path, body_html="甲\n{% for %}\n")
    with pytest.raises(ConfigError, match=r"note/body\.html:2: "):
        Renderer(root, OFFICE, SENDER).check()


def test_a_letter_carries_what_its_draft_says() -> None:
    owed = Obligation("五图街道", "annex4", "2017-06", DEADLINE)
    file = LetterFile("附件4 五图街道 2017年6月.xlsx", b"PK", XLSX)
    draft = replace(CASES["reminder_before_single"], held=True, obligations=(owed,), files=(file,))
    letter = render(draft)
    assert (letter.key, letter.letter, letter.to) == (draft.key, "reminder_before", "liming@wutu.example")
    assert (letter.held, letter.obligations, letter.token) == (True, (owed,), TOKEN)
    assert letter.message_id == "<a@b.example>"
    message = message_from_bytes(letter.mime, policy=policy.default)
    assert message["Subject"] == letter.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert [a.get_filename() for a in message.iter_attachments()] == ["附件4 五图街道 2017年6月.xlsx"]


def test_an_answer_is_an_answer_even_to_a_mail_without_message_id() -> None:
    message = message_from_bytes(render(replace(CASES["receipt_single"], reply_to=None)).mime, policy=policy.default)
    assert message["Auto-Submitted"] == "auto-replied"
    assert "In-Reply-To" not in message


def test_today_is_the_offices_day_whatever_zone_now_has() -> None:
    # given one moment, in London and in Beijing: June 30th there, July 1st here
    draft = CASES["alarm_login"]
    moments = [datetime(2017, 6, 30, 18, 0, tzinfo=UTC), datetime(2017, 7, 1, 2, 0, tzinfo=OFFICE.zone)]
    letters = [RENDERER.render(draft, token=TOKEN, message_id="<a@b>", now=now) for now in moments]
    # then it is the same letter, dated July 1st
    assert letters[0] == letters[1]
    assert "2017年7月1日" in RENDERER.words(draft, token=TOKEN, now=moments[0])[1]


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        RENDERER.words(CASES["alarm_login"], token=TOKEN, now=datetime(2017, 7, 1))  # noqa: DTZ001 - the bad input


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a plain address"):
        render(replace(CASES["alarm_login"], to="李明"))


def test_the_office_is_the_configured_one() -> None:
    other = Office(name="某县<安委会>", contact="张三", phone="110", timezone="America/Los_Angeles")
    words = Renderer(TEMPLATES, other, SENDER).words(CASES["alarm_login"], token=TOKEN, now=at(7, 3, 10, 0))
    assert "某县<安委会>" in words[1] and "某县&lt;安委会&gt;" in words[2]
    assert "2017年7月2日" in words[1]


def test_an_overdue_target_is_told_as_such() -> None:
    draft = CASES["digest_busy"]
    total = {**draft.context["total"], "until": date(2017, 6, 30)}
    words = words_of(RENDERER, replace(draft, context={**draft.context, "total": total}))
    assert "期限已过，仍差168家" in "".join(words["body.txt"].split())


def test_more_than_all_is_a_full_bar() -> None:
    draft = CASES["digest_busy"]
    total = {**draft.context["total"], "reached": 2900, "rate": 2.0, "gap": 0}
    html = words_of(RENDERER, replace(draft, context={**draft.context, "total": total}))["body.html"]
    assert 'width="100%" height="10"' in html and 'width="200%"' not in html and 'width="-' not in html
    assert "达标率200%" in html
