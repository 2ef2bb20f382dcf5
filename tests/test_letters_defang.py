"""What somebody wrote never becomes a link in a letter of ours, and what the office wrote stays as it is."""

import re
from dataclasses import replace

import pytest

from bot.letters.defang import defang
from bot.letters.render import Renderer
from tests.letters.cases import CASES
from tests.letters.page import Page
from tests.letters.values import OFFICE, SENDER
from tests.letters_golden import TEMPLATES, words_of
from tests.test_letters_outside import SAY_NOTHING, poisoned

RENDERER = Renderer(TEMPLATES, OFFICE, SENDER)
# What clients make links of. The first: any scheme, www. (NetEase, QQ, Outlook), a share (Outlook); the second: a name
# whose ending is one of the domains that telephones know.
LINK = re.compile(r"(?i)\b(?!hxxps?:)[a-z][a-z0-9+-]+:[/\\]{2}|\bwww\.|(?<!\\)\\\\(?=\w)")
SITE = re.compile(r"(?i)(?<![@\w.-])[\w-]+(?:\.[\w-]+)*\.(?:com|cn|net|top|xyz|zip)(?![\w@])")
POISON = r"核对 https://evil.example.com/登录?a=1 或 www.evil.top、evil.cn/x、\\evil\share、login.zip"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://evil.cn/a.html", "hxxp://evil[.]cn/a.html"),
        ("HTTPS://Evil.com", "HxxPS://Evil[.]com"),
        ("ftp://evil.com", "ftp[:]//evil[.]com"),
        ("weixin://dl/x", "weixin[:]//dl/x"),
        (r"file:\\evil\x", r"file[:][\\]evil\x"),
        (r"\\evil\share\a.xlsx", r"[\\]evil\share\a.xlsx"),
        ("见www.evil.cn。", "见www[.]evil[.]cn。"),
        ("www.evil.com.xlsx", "www[.]evil[.]com[.]xlsx"),
        ("请登录evil.com后填报", "请登录evil[.]com后填报"),
        ("evil.com后www.b.cn", "evil[.]com后www[.]b[.]cn"),
        ("evil.com.", "evil[.]com."),
        ("报送.com", "报送[.]com"),
        ("报送.中国", "报送[.]中国"),
        ("a@evil.com/path", "a@evil[.]com/path"),
        ("1.2.3.4:8080/x", "1[.]2[.]3[.]4:8080/x"),
        ("login.zip", "login[.]zip"),
        ("evil.com-登录", "evil[.]com-登录"),
        ("xn--fiqs8s.xn--fiqs8s", "xn--fiqs8s[.]xn--fiqs8s"),
    ],
)
def test_an_address_of_the_web_is_no_link_any_more(written: str, shown: str) -> None:
    assert defang(written) == shown
    assert defang(shown) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        *(
            "附件4.xlsx",
            "附件4.et",
            "6月.zip",
            "达标情况2017.6.30.xls",
            "附件4.生产经营单位达标情况表.docx",
            "scan.JPG",
        ),
        *("liu-1983@mail.example", "zhang.san@163.com", "刘洋 <liu@evil.com>", "a.b+c@x.cn，电话0536-6221234"),
        *("1.5家", "一.基本情况", "2.中国石化", "2017.06.30", "共32家。", "9:30", "比例1:2", "A.B公司", "C:\\报表"),
    ],
)
def test_files_addresses_of_mail_and_numbers_stay_as_they_are(harmless: str) -> None:
    assert defang(harmless) == harmless


@pytest.mark.parametrize("case", [case for case in CASES if case not in SAY_NOTHING])
def test_no_letter_makes_a_link_of_what_somebody_wrote(case: str) -> None:
    # given a letter in which every text names sites
    words = words_of(RENDERER, replace(CASES[case], context=poisoned(CASES[case].context, POISON)))
    # then they can be read in its text and in HTML, and no client makes a link of one
    for text in (words["subject.txt"], words["body.txt"], Page(words["body.html"]).text):
        if CASES[case].letter != "relayed":
            assert not LINK.search(text) and not SITE.search(text), text
    assert "hxxps://evil[.]example[.]com" in "".join(words["body.txt"].split())


def test_what_the_office_says_keeps_its_link() -> None:
    case = CASES["relayed_one"]
    says = {"office_says": "请登录 https://www.changle.gov.cn/ 查看", "original_subject": "见 https://evil.cn"}
    words = words_of(RENDERER, replace(case, context={**case.context, **says}))
    for part in ("body.txt", "body.html"):
        assert "https://www.changle.gov.cn/" in words[part]
        assert "https://evil" not in words[part]
