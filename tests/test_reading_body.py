"""A form in the mail's own text: pasted tables, columns typed in plain text, and old mail quoted in every fashion."""

import random
from collections.abc import Iterator

import pytest

from bot.model.forms import Document, Form
from bot.model.mail import Mail
from bot.reading.guard import Reader
from bot.reading.mailbody import read_body
from bot.reading.opened import Opened
from tests.books import COUNTS, RULES, VALUES, official, texts_of, values_of
from tests.papers import LINE, html_table, mail, report_html, texts_and_table

OLD = report_html(official([n + 1 for n in COUNTS]))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _form(reader: Reader, given: Mail) -> Form:
    document = read_body(given, reader, RULES).document
    assert document is not None
    assert (document.name, document.kind, document.unreadable) == (RULES.words.body_name, "body", None)
    (form,) = document.forms
    assert form.confidence == "exact"
    return form


def _read(reader: Reader, html: str) -> Document | None:
    return read_body(mail(html=html, text="请查收"), reader, RULES).document


def test_a_pasted_table_with_its_labels_in_the_text(reader: Reader) -> None:
    above, rows, merges, below = texts_and_table()
    lines = "".join(f"<div>{text}</div>" for text in ("您好：", *above))
    html = f"<div>{lines}{html_table(rows, merges)}<p>{below[0]}</p><p>此致</p></div>"
    form = _form(reader, mail(html=html))
    assert values_of(form) == VALUES
    assert texts_of(form) == {
        "period": "6 月",
        "unit": "五图街道办事处",
        "filled_on": "2017年7月3日",
        "reporter": "李明",
        "phone": "0536-6221234",
    }
    assert form.counts["other"]["level_3"].place == "第4行第12列"  # a mail shows no addresses
    assert form.fields["unit"].place == ""


@pytest.mark.parametrize(
    "start",
    ["", "<!DOCTYPE html><html><head><meta charset=gb2312></head><body>", "<?xml version='1.0' encoding='gbk'?>"],
)
def test_however_the_page_begins(reader: Reader, start: str) -> None:
    assert values_of(_form(reader, mail(html=start + report_html()))) == VALUES


HEAD = (
    "<b>发件人:</b> 安委会办公室<br><b>发送时间:</b> 2017年7月1日 9:00<br><b>收件人:</b> 五图街道<br><b>主题:</b> 催报"
)
QUOTED = {
    "blockquote": f"<blockquote>{OLD}</blockquote>",
    "Gmail": f'<div class="gmail_quote"><div class="gmail_attr">2017年7月1日 写道：</div>{OLD}</div>',
    "NetEase": (
        '<div id="divNeteaseMailCard"></div><br>At 2017-07-01 09:00:00, "office" &lt;bot@demo.test&gt; wrote:<br> '
        f'<blockquote id="isReplyContent" style="border-left:#ccc 1px solid">{OLD}</blockquote>'
    ),
    "NetEase, a div": f'<div id="isReplyContent">{OLD}</div>',
    "NetEase master": (
        "<div>---- 回复的原邮件 ----</div><table><tr><td>发件人</td><td>bot@demo.test</td></tr>"
        f"<tr><td>日期</td><td>2017年7月1日</td></tr></table><div>{OLD}</div>"
    ),
    "QQ": (
        '<div>&nbsp;</div><div style="font-size: 12px;">------------------&nbsp;原始邮件&nbsp;------------------</div>'
        f'<div style="background:#efefef;"><div><b>发件人:</b>&nbsp;"office"</div></div><div>{OLD}</div>'
    ),
    "Outlook": (
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
        f"<p class=MsoNormal>{HEAD}</p></div><p>&nbsp;</p>{OLD}"
    ),
    "Outlook in English": (
        '<div style="border-top:solid #B5C4DF 1.0pt"><p><b>From:</b> a@b.c<br><b>Sent:</b> Monday<br><b>To:</b> d</p>'
        f"</div><div>{OLD}</div>"
    ),
    "OWA": f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>寄件者</b></div><div>{OLD}</div>',
    "Foxmail": f"<div>&nbsp;</div><hr><blockquote><div>{HEAD}</div>{OLD}</blockquote>",
    "introduced": f"<div>在 2017-07-01 09:00:00，安委会办公室 写道：</div><div>{OLD}</div>",
    "introduced in two lines": f"<div>On Sat, 1 Jul 2017 at 09:00, office</div><div>&lt;a@b.c&gt; wrote:</div>{OLD}",
    "within a frame": f"<table><tr><td><p>好</p><blockquote><div>{OLD}</div></blockquote></td></tr></table>",
}


@pytest.mark.parametrize("program", QUOTED)
def test_a_quoted_form_is_not_a_new_report(reader: Reader, program: str) -> None:
    assert _read(reader, f"<div>收到，谢谢</div>{QUOTED[program]}") is None


@pytest.mark.parametrize("program", QUOTED)
def test_the_own_form_above_a_quoted_one_counts(reader: Reader, program: str) -> None:
    assert values_of(_form(reader, mail(html=f"<div>现报上</div>{report_html()}{QUOTED[program]}"))) == VALUES


@pytest.mark.parametrize("program", ["blockquote", "Gmail", "NetEase", "NetEase, a div"])
def test_the_own_form_below_what_is_marked_as_quoted_counts(reader: Reader, program: str) -> None:
    assert values_of(_form(reader, mail(html=f"{QUOTED[program]}<div>现报上</div>{report_html()}"))) == VALUES


def test_the_unit_of_a_quoted_mail_is_not_taken_over(reader: Reader) -> None:
    _, rows, merges, _ = texts_and_table()
    html = f"{html_table(rows, merges)}<blockquote><p>填报单位：乔官镇</p><p>截至5月</p></blockquote>"
    form = _form(reader, mail(html=html))
    assert values_of(form) == VALUES
    assert texts_of(form) == {}


ROWS = [
    ["类别", "一级", "二级", "三级", "其他"],
    ["规模以上企业", "0", "2", "5", "1"],
    ["高危企业", "1", "0", "3", "0"],
    ["其他生产经营单位", "0", "1", "12", "7"],
]


def _typed(separator: str, edge: str = "") -> str:
    return "\n".join(edge + separator.join(row) + edge for row in ROWS)


RULED = "\n+------+----+\n".join(f"| {' | '.join(row)} |" for row in ROWS)
TEXTS = [_typed("\t"), _typed(" | "), _typed("|", "|"), _typed("｜"), _typed("│", "│"), RULED]


@pytest.mark.parametrize("table", TEXTS)
def test_columns_in_a_plain_text(reader: Reader, table: str) -> None:
    form = _form(reader, mail(text=f"您好，截至6月：\n{LINE}\n\n{table}\n\n填报人：李明"))
    assert values_of(form) == VALUES
    assert texts_of(form)["unit"] == "五图街道办事处"
    assert texts_of(form)["reporter"] == "李明"
    assert form.counts["other"]["level_3"].place == "第4行第4列"


@pytest.mark.parametrize("table", TEXTS[1:])
def test_columns_typed_in_a_page(reader: Reader, table: str) -> None:
    lines = "".join(f"<div>{line}</div>" for line in table.split("\n"))
    assert values_of(_form(reader, mail(html=f"<div>截至6月</div>{lines}"))) == VALUES


@pytest.mark.parametrize("table", TEXTS)
def test_columns_in_a_quoted_plain_text_are_not_a_new_report(reader: Reader, table: str) -> None:
    quoted = "\n".join(f"> {line}" for line in table.split("\n"))
    for text in (
        f"收到\n\n{quoted}",
        f"收到\n------------------ 原始邮件 ------------------\n{table}",
        f"收到\n发件人: a@b.c\n发送时间: 2017-07-01\n{table}",
        f"收到\nAt 2017-07-01 09:00:00, a@b.c wrote:\n{table}",
    ):
        assert read_body(mail(text=text), reader, RULES).document is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        (" ", "\n"),
        ("", "请查收附件4，谢谢。\n李明\t0536-6221234"),
        ("<p>请查收</p>", _typed("\t")),  # the page is what the writer wrote; its other version quotes worse
        ("<!---->", ""),
        ("\0<", "\0"),
        ("<table><tr><td>姓名</td></tr></table>", ""),
    ],
)
def test_bodies_without_a_form(reader: Reader, html: str, text: str) -> None:
    assert read_body(mail(html=html, text=text), reader, RULES).document is None


@pytest.mark.parametrize(
    "given",
    [
        mail(html="<table><tr><td>" * 50_000),
        mail(html="<blockquote>" * 50_000 + report_html()),
        mail(html="<p>|" * 100_000),
        mail(html="在 2017 年" * 200_000),
        mail(text="|" * 1_000_000),
        mail(text="\t\n" * 1_000_000),
        mail(text=("a\t" * 300 + "\n") * 1_000),
        mail(text="> " * 500_000),
        mail(text=" " * 999_999 + "x"),
        mail(html="<p>" + " " * 999_990 + "x"),
        mail(text="On 1\n" * 200_000),
    ],
)
def test_hostile_bodies_cost_little_and_the_next_is_read(reader: Reader, given: Mail) -> None:
    read_body(given, reader, RULES)
    assert values_of(_form(reader, mail(html=report_html()))) == VALUES


def test_a_body_that_cannot_be_read_is_no_document() -> None:
    class Ended:
        def read(self, data: bytes) -> Opened:
            return Opened("html", unreadable="timeout")

    assert read_body(mail(html=report_html()), Ended(), RULES).document is None


PIECES = (
    report_html(),
    *QUOTED.values(),
    "<table>",
    "</table>",
    "<tr>",
    "</div>",
    "<td colspan=9>",
    "写道：",
    "一级|",
    "&#0;",
)


def test_no_mixed_up_page_raises(reader: Reader) -> None:
    chance = random.Random(20170705)
    found = 0
    for _ in range(60):
        html = "".join(chance.choices(PIECES, k=chance.randrange(1, 8)))
        start = chance.randrange(len(html))
        html = html[:start] + html[start + chance.randrange(30) :]
        document = read_body(mail(html=html), reader, RULES).document
        assert document is None or document.forms
        found += document is not None
    assert 5 < found < 60


@pytest.mark.parametrize(
    ("cell", "mark", "other"),
    [("<s>3</s>5", "struck", "35"), ("5<sup>1</sup>", "raised", "51"), ("<s>1</s>5<s>7</s>", "struck", "157")],
)
@pytest.mark.parametrize("separator", [" | ", "｜", "\t"])
def test_columns_typed_in_a_page_keep_what_is_struck_out_in_them(
    cell: str, mark: str, other: str, separator: str, reader: Reader
) -> None:
    rows = [["类别", "一级", "二级", "三级", "其他"], ["规模以上企业", "0", "2", cell, "1"]]
    rows += [["高危企业", "1", "0", "3", "0"], ["其他生产经营单位", "0", "1", "12", "7"]]
    table = "\n".join(separator.join(row) for row in rows)
    text = f"生产经营单位安全生产标准化达标情况表（截至6月）\n填报单位：五图街道\n{table}\n填报人：李明"
    document = _read(reader, f"<pre>{text}</pre>")
    assert document is not None
    (form,) = document.forms
    assert (values_of(form), form.confidence) == (VALUES, "confirm")
    ((kind, said),) = [(rival.kind, rival.others[0].written) for rival in form.rivals]
    assert (kind, said) == (mark, other)
