"""Large attachments that are only a link: found, named, never followed."""

import pytest

from bot.model.mail import Refused
from tests.test_mail_unwrap import HEAD, file, mail, opened, words

NETEASE_LINK = (
    '<div id="divNeteaseBigAttach"><div>从网易163邮箱发来的超大附件</div><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc"><span>附件4（五图）.xlsx</span></a>'
    '<span>(80.96M, 2026年8月17日 0:49 到期)</span><a href="https://mail.163.com/large-attachment-download/'
    'index.html?p=X-NETEASE-HUGE-ATTACHMENT&amp;file=abc">下载</a></div>'
)


@pytest.mark.parametrize(
    ("html", "names"),
    [
        (NETEASE_LINK, ["附件4（五图）.xlsx"]),
        ('<a href="http://fs.163.com/fs/display/?p=X-NETEASE-HUGE-ATTACHMENT&file=abc">下载</a>', ["fs.163.com"]),
        ('<a href="https://u.163.com/AbC">u.163.com</a>', ["u.163.com"]),
        ('<a href="https://dashi.163.com/html/cloud-attachment-download/?key=1">报表.zip</a>', ["报表.zip"]),
        ('<a href="https://edisk.qiye.163.com/api/biz/attachment/download?identity=1">x</a>', ["edisk.qiye.163.com"]),
        (
            '<div id="QQMailBigAttach"><span class="qqmailbgattach" expiretime="1" '
            'downloadlink="http://mail.qq.com/cgi-bin/ftnExs_download?k=1">报表.rar</span></div>',
            ["报表.rar"],
        ),
        (
            '<a href="https://wx.mail.qq.com/ftn/download?func=3&k=1">a.xls</a>'
            '<a href="https://wx.mail.qq.com/ftn/download?func=3&k=2">b.xls</a>',
            ["a.xls", "b.xls"],
        ),
        ('<a href="https://download.cloud.189.cn/v5/x">x</a>', ["download.cloud.189.cn"]),
        ('<div id="QQMailBigAttach">报表.xlsx (30M)</div>', ["报表.xlsx"]),
        ('<a href="https://mail.163.com/">网易邮箱</a><a href="https://www.qq.com/a.xlsx">x</a>', []),
    ],
)  # fmt: skip
def test_a_large_attachment_is_a_link_that_is_named_and_not_followed(html: str, names: list[str]) -> None:
    found = opened(mail(words(html.encode(), b"html")))
    assert list(found.refused) == [Refused(name, "link", "link") for name in names]


def test_a_link_in_plain_text() -> None:
    text = "从网易163邮箱发来的超大附件\n附件4.xlsx (80.96M, 2026年8月17日 0:49 到期)\n下载：https://u.163.com/AbC\n"
    assert opened(mail(words(text.encode()))).refused == (Refused("附件4.xlsx", "link", "link"),)


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
