"""Large attachments that are only a link: found, named, with size and expiry, never followed."""

import pytest

from bot.mail.links import large_attachments
from bot.model.mail import Refused
from tests.books import RULES
from tests.test_mail_unwrap import HEAD, file, mail, opened, words

NETEASE_LINK = (
    '<div id="divNeteaseBigAttach"><div>从网易163邮箱发来的超大附件</div><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc"><span>附件4（五图）.xlsx</span></a>'
    '<span>(80.96M, 2026年8月17日 0:49 到期)</span><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc">下载</a></div>'
)
NETEASE_DETAIL = "80.96M, 2026年8月17日 0:49 到期"


def _qq(expires: str, words: str = "", name: str = "报表.rar") -> str:
    return (
        f'<div id="QQMailBigAttach"><hr><span class="qqmailbgattach" expiretime={expires} '
        f'downloadlink="http://mail.qq.com/cgi-bin/ftnExs_download?k=1"><a>{name}</a>{words}</span></div>'
    )


@pytest.mark.parametrize(
    ("html", "names"),
    [
        (NETEASE_LINK, ["附件4（五图）.xlsx"]),
        ('<a href="http://fs.163.com/fs/display/?p=X-NETEASE-HUGE-ATTACHMENT&file=abc">下载</a>', ["fs.163.com"]),
        ('<a href="https://u.163.com/AbC">u.163.com</a>', ["u.163.com"]),
        ('<a href="https://dashi.163.com/html/cloud-attachment-download/?key=1">报表.zip</a>', ["报表.zip"]),
        ('<a href="https://edisk.qiye.163.com/api/biz/attachment/download?identity=1">x</a>', ["edisk.qiye.163.com"]),
        (_qq('"1"'), ["报表.rar"]),
        (
            '<a href="https://wx.mail.qq.com/ftn/download?func=3&k=1">a.xls</a>'
            '<a href="https://wx.mail.qq.com/ftn/download?func=3&k=2">b.xls</a>',
            ["a.xls", "b.xls"],
        ),
        ('<a href="https://download.cloud.189.cn/v5/x">x</a>', ["download.cloud.189.cn"]),
        ('<div id="QQMailBigAttach">报表.xlsx (30M)</div>', ["报表.xlsx"]),
        ('<div class="foxmail_hugeattachment"><p>报表.xls</p></div>', ["报表.xls"]),
        ('<a href="https://mail.163.com/">网易邮箱</a><a href="https://www.qq.com/a.xlsx">x</a>', []),
    ],
)  # fmt: skip
def test_a_large_attachment_is_a_link_that_is_named_and_not_followed(html: str, names: list[str]) -> None:
    found = opened(mail(words(html.encode(), b"html")))
    assert [(r.name, r.code, r.kind) for r in found.refused] == [(name, "link", "link") for name in names]


@pytest.mark.parametrize(
    "link",
    [
        "https://pan.baidu.com/s/1AbCdEf?pwd=1234",
        "https://www.aliyundrive.com/s/AbC",
        "https://www.alipan.com/s/AbC",
        "https://cloud.189.cn/t/AbC",
        "https://cloud.189.cn/web/share?code=AbC",
        "https://caiyun.139.com/m/i?1A5",
        "https://yun.139.com/shareweb/#/w/i/2n",
        "https://pan.quark.cn/s/ab12",
        "https://share.weiyun.com/AbC",
        "https://drive.weixin.qq.com/s?k=A",
        "https://docs.qq.com/sheet/DAbC",
        "https://www.kdocs.cn/l/cAbC",
        "https://www.123pan.com/s/AbC.html",
    ],
)
def test_a_cloud_drive_is_a_link_too(link: str) -> None:
    (refused,) = large_attachments(f"附件4.xlsx 请下载：{link}，谢谢", "", False, RULES.links.shared)
    assert refused == Refused("附件4.xlsx", "link", "link")


@pytest.mark.parametrize(
    "link", ["https://pan.baidu.com/", "https://docs.qq.com/", "https://cloud.189.cn/", "https://www.139.com/m/i"]
)
def test_the_front_page_of_a_drive_is_no_file(link: str) -> None:
    assert large_attachments(f"欢迎使用 {link} 附件4.xlsx", "", False, RULES.links.shared) == []


@pytest.mark.parametrize(
    ("html", "detail"),
    [
        pytest.param(NETEASE_LINK, NETEASE_DETAIL, id="NetEase"),
        pytest.param(
            NETEASE_LINK.replace("(80.96M, ", "（80.96 MB，").replace("到期)", "到期）"),
            "80.96 MB，2026年8月17日 0:49 到期",
            id="full-width",
        ),
        pytest.param(
            _qq('"1502899200000"', "<span>(30.5M, )</span>"), "30.5M, 2017-08-17 00:00", id="QQ, milliseconds"
        ),
        pytest.param(_qq("1502899200", " 30.5M"), "30.5M, 2017-08-17 00:00", id="QQ, seconds"),
        pytest.param(_qq('"2017年8月17日 0:49"', "(30.5M)"), "30.5M, 2017年8月17日 0:49", id="QQ, text"),
        pytest.param(_qq('"-1"', "(30.5M, 无限期)"), "30.5M, 无限期", id="QQ, never"),
        pytest.param(_qq('"99999999999999999999"'), "", id="QQ, nonsense"),
        pytest.param(
            '<a href="https://u.163.com/AbC">附件4.xlsx</a><p>12.5 MB</p><p>有效期至：2026-08-17</p>',
            "12.5 MB, 有效期至：2026-08-17",
            id="apart",
        ),
        pytest.param(
            '附件4.xlsx (80.96M, 2026年8月17日 0:49 到期) <a href="https://u.163.com/AbC">下载</a>',
            NETEASE_DETAIL,
            id="before",
        ),
        pytest.param(
            '<div id="QQMailBigAttach">报表.xlsx (30M, 2026年8月17日 到期)</div>',
            "30M, 2026年8月17日 到期",
            id="no link",
        ),
        pytest.param('<a href="https://u.163.com/AbC">附件4.xlsx</a>', "", id="nothing"),
        pytest.param('<a href="https://u.163.com/AbC">附件4.xlsx</a><p>共5户，规模M2</p>', "", id="other words"),
    ],
)
def test_size_and_expiry_are_kept_as_they_are_written(html: str, detail: str) -> None:
    (refused,) = large_attachments("", html, False)
    assert refused.detail == detail


def test_each_of_two_links_has_its_own_detail() -> None:
    html = (
        '<a href="https://wx.mail.qq.com/ftn/download?k=1">a.xls</a> (1.5M, 8月1日 到期)'
        '<a href="https://wx.mail.qq.com/ftn/download?k=2">b.xls</a> (2.5M, 8月2日 到期)'
    )
    assert [(r.name, r.detail) for r in large_attachments("", html, False)] == [
        ("a.xls", "1.5M, 8月1日 到期"),
        ("b.xls", "2.5M, 8月2日 到期"),
    ]


def test_a_detail_is_one_short_clean_line() -> None:
    (refused,) = large_attachments(
        "", '<a href="https://u.163.com/A">a.xls</a>(5M,\r\n\x00<b>x</b> ' + "到期" * 500, False
    )
    assert refused.detail.isprintable()
    assert len(refused.detail) <= 120


def test_a_link_in_plain_text() -> None:
    text = f"从网易163邮箱发来的超大附件\n附件4.xlsx ({NETEASE_DETAIL})\n下载：https://u.163.com/AbC\n"
    assert opened(mail(words(text.encode()))).refused == (Refused("附件4.xlsx", "link", "link", NETEASE_DETAIL),)


def test_a_quoted_link_counts_only_when_the_mail_has_no_file() -> None:
    html = words(f"<p>已改发普通附件</p><blockquote>{NETEASE_LINK}</blockquote>".encode(), b"html")
    assert opened(mail(html, file())).refused == ()
    assert [r.code for r in opened(mail(html)).refused] == ["link"]


def test_a_link_in_a_forwarded_mail_is_found() -> None:
    forwarded = (
        b"Content-Type: message/rfc822\r\n\r\n" + b"\r\n".join(HEAD) + b"\r\n" + words(NETEASE_LINK.encode(), b"html")
    )
    assert [r.name for r in opened(mail(forwarded)).refused] == ["附件4（五图）.xlsx"]


def test_a_file_on_another_server_is_a_link_too() -> None:
    part = (
        b"Content-Type: message/external-body; access-type=URL; name=a.xls\r\n\r\nContent-Type: application/x\r\n\r\n"
    )
    assert opened(mail(part)).refused == (Refused("a.xls", "link", "link"),)
