"""Body text, visible text of HTML, and the sender's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.body import own_words, part_text, visible_text
from bot.mail.mime import Budget, parse

OWN = "五图街道6月数据见附件。\n请查收。"

QUOTATIONS = {
    "netease_old": "在2017年7月3日 10:00，clawhbgs写道：\n请于7月5日前报送",
    "netease_spaced": '在 2017-07-03 10:00:00，"安委会办公室" <clawhbgs@163.com> 写道：\n\n请报送',
    "netease_english": "At 2017-07-03 10:00:00, clawhbgs@163.com wrote:\n>请报送",
    "netease_master": "---- 回复的原邮件 ----\n| 发件人 | 安委办 |\n请报送",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "安委办";\n请报送',
    "qq_english": "------------------ Original ------------------\nFrom: x\n请报送",
    "outlook_rule": "-----Original Message-----\nFrom: x\n请报送",
    "outlook_chinese": "-----邮件原件-----\n发件人: 安委办 [mailto:a@b.c]\n发送时间: 2017年7月3日\n收件人: x\n请报送",
    "outlook_new": "________________________________\n发件人：安委办\n日期：2017年7月3日\n主题：催报\n请报送",
    "from_block": "From: office\nSent: Monday\nTo: x\n请报送",
    "gmail": "On Mon, Jul 3, 2017 at 10:00 AM 安委办 <clawhbgs@163.com> wrote:\n> 请报送",
    "gmail_two_lines": "On Mon, Jul 3, 2017 at 10:00 AM clawhbgs\n<clawhbgs@163.com> wrote:\n> 请报送",
    "gmail_chinese": "安委办 于2017年7月3日周一 10:00写道：\n> 请报送",
    "marks": "> 请报送\n> 谢谢",
    "forwarded": "-------- 转发邮件信息 --------\n发件人：x\n请报送",
    "signature": "-- \n李明\n请报送",
}


@pytest.mark.parametrize("form", QUOTATIONS)
def test_quoted_mail_and_signatures_are_left_out(form: str) -> None:
    words = own_words(f"{OWN}\n\n{QUOTATIONS[form]}\n")
    assert words.startswith(OWN)
    assert "请报送" not in words


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        "发件人：李明，电话6221234\n数据见附件",  # no head of a mail follows
        "在2017年6月我们完成了3家",
        "On 3 July we finished.\nMore words.",
        "— — —\n没有变化",
        "-5 家是笔误",
        "日期：7月3日\n主题：报表",
    ],
)
def test_words_that_only_look_like_a_quotation_stay(text: str) -> None:
    assert own_words(text) == text


def test_an_answer_below_the_quotation_is_kept() -> None:
    text = "On Mon, Jul 3, 2017 at 10:00 AM office <a@b.c> wrote:\n> 是否确认？\n\n确认。"
    assert own_words(text) == "确认。"


def test_the_line_of_a_telephone_is_dropped() -> None:
    assert own_words("同意\n\n发自我的iPhone") == "同意"


@pytest.mark.parametrize(
    "line",
    [
        "发自WPS邮箱客户端",
        "发自网易邮箱大师",
        "发自 Windows 10 版邮件应用",
        "发自HUAWEI手机",
        "来自 Outlook for Android",
        "发自新浪邮箱",
    ],
)
def test_the_line_of_a_program_is_nobody_s_word(line: str) -> None:
    assert own_words(f"同意\n\n{line}") == "同意"
    assert own_words(f"{line}，请查收") == f"{line}，请查收"  # a sentence goes on


@pytest.mark.parametrize(
    "rule", ["-----邮件原件-----", "-----原始郵件-----", "-------- 原始信息 --------", "---转发的邮件信息---"]
)
def test_more_rules_above_a_quoted_mail(rule: str) -> None:
    assert own_words(f"无变化\n\n{rule}\n发件人: 县安委会办公室\n请报送") == "无变化"


def test_html_is_laid_out_as_people_see_it() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body><p>您好，</p><script>x()</script>"
        "<div>数据<b>如下</b>：<br>一级&nbsp;3家</div><span style='display: none'>hidden</span><!-- c -->尾"
        "<style>x</style>巴<table><tr><td>一级</td><td>3</td></tr></table></body></html>"
    )
    assert visible_text(html) == "您好，\n\n数据如下：\n一级 3家\n尾巴\n\n\t一级\t3"


@pytest.mark.parametrize("html", ["", "   ", "<!---->", "\0", "<", "<?xml version='1.0' encoding='gbk'?>"])
def test_html_without_text_is_empty(html: str) -> None:
    assert visible_text(html).strip("<") == ""


def test_html_with_an_xml_declaration_is_read() -> None:
    assert visible_text("<?xml version='1.0' encoding='gb2312'?><html><body>附件</body></html>") == "附件"


@given(st.text(alphabet="<>/abtdrpe \n&;=\"'!-—中\0", max_size=200))
def test_any_html_gives_text(html: str) -> None:
    text = visible_text(html)
    assert "\0" not in text


@given(st.text(alphabet="On >:-发件人：写道wrote原始邮件\n 2017年月日", max_size=200))
def test_own_words_are_never_more_than_the_text(text: str) -> None:
    lines = [line.strip() for line in text.split("\n")]
    assert {line.strip() for line in own_words(text).split("\n")} <= {*lines, ""}


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (b"Content-Type: text/plain; charset=gb2312", "鄌郚镇".encode("gb18030"), "鄌郚镇"),
        (b"Content-Type: text/plain; charset=utf-8", "鄌郚镇".encode("gb18030"), "鄌郚镇"),  # the label lies
        (b"Content-Type: text/plain", "鄌郚镇".encode(), "鄌郚镇"),
        (b'Content-Type: text/plain; charset="utf-8\0"', "鄌郚镇".encode(), "鄌郚镇"),
        (b"Content-Transfer-Encoding: BASE64 ", b"6YSM6YOa6ZWH", "鄌郚镇"),
        (b"Content-Transfer-Encoding: base64 (x)", b"6YSM6YOa6ZWH", "鄌郚镇"),
        (b"Content-Transfer-Encoding: nonsense", b"a\0b\x07c\r\nd", "abc\nd"),
        (b"Content-Transfer-Encoding: quoted-printable", b"=E9=84=8C=\r\n=E9=83=9A", "鄌郚"),
    ],
)
def test_a_text_part_is_decoded_and_clean(head: bytes, body: bytes, text: str) -> None:
    assert part_text(parse(head + b"\r\n\r\n" + body, Budget())) == text


def test_many_blank_lines_before_more_text_cost_nothing() -> None:
    """As below an Excel range whose rows are empty. Each blank line once doubled the time."""
    gap = "\n" * 20_000 + "\xa0 \n----\n" * 20_000
    assert own_words(f"您好：{gap}请查收。{gap}") == f"您好：{gap}请查收。".replace("\xa0 \n", "\n")
    page = visible_text("您好：<table>" + "<tr><td>&nbsp;</td></tr>" * 2_000 + "</table><p>请查收。</p>")
    assert [line for line in own_words(page).split("\n") if line.strip()] == ["您好：", "请查收。"]
