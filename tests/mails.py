"""Mails as liaisons, strangers and machines send them: raw bytes with CRLF, as a server stores them."""

import zlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from tests.books import MERGES, official, xlsx

PROVIDER = "mx.demo.test"  # as tests.bots.config_file has it
BOOK = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def mail(
    sender: str,
    subject: str = "报送附件4",
    *files: tuple[str, bytes],
    text: str = "请查收。",
    message_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A mail with files. The Message-ID is made from sender and subject unless given; "" leaves it out."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, "bot@demo.test", subject
    message["Date"] = "Mon, 03 Jul 2017 10:00:00 +0800"
    if message_id != "":
        message["Message-ID"] = message_id or f"<{zlib.crc32(repr((sender, subject, text)).encode())}@town.test>"
    for name, value in {**vouched(sender), **(headers or {})}.items():
        message[name] = value
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype=BOOK, filename=name)
    return message.as_bytes()


def vouched(sender: str) -> dict[str, str]:
    """What the provider of the tests says of whoever sends from his own mailbox; a test of others says it otherwise."""
    return {"Authentication-Results": f"{PROVIDER}; spf=pass smtp.mailfrom={parseaddr(sender)[1]}"}


def book(unit: str = "五图街道办事处", month: int | str = 6, *, total: int = 32, extra: int = 0) -> bytes:
    """The official workbook of a unit; ``extra`` is added to one of its numbers and to the sums. ``month`` may
    have its year: ``2017年6``."""
    counts = [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7 + extra]
    rows = official(counts, sums=(8, 4, 20 + extra), total=total + extra, unit=unit, period=f"（截至  {month} 月）")
    return xlsx((rows, MERGES))


def report(sender: str, unit: str = "五图街道办事处", month: int | str = 6, *, total: int = 32, extra: int = 0,
           subject: str = "报送附件4", headers: dict[str, str] | None = None) -> bytes:  # fmt: skip
    """A mail with one workbook. Another ``total`` than 32 is a wrong sum."""
    data = book(unit, month, total=total, extra=extra)
    return mail(sender, subject, ("附件4.xlsx", data), headers=headers)


# How six programs quote the letter that is answered, below what is written.
def netease(own: str, letter: str) -> str:
    return f"{own}\n\n\n在 2017-07-04 09:00:00，“县安委会办公室” <bot@demo.test> 写道：\n\n{letter}"


def qq(own: str, letter: str) -> str:
    return f'{own}\n\n\n------------------ 原始邮件 ------------------\n发件人: "县安委会办公室";\n{letter}'


def foxmail(own: str, letter: str) -> str:
    head = "发件人： 县安委会办公室\n发送时间： 2017-07-04 09:00\n收件人： 李明\n主题： 报送提醒"
    return f"{own}\n\n\n\n李明\n \n{head}\n{letter}"


def outlook(own: str, letter: str) -> str:
    head = "-----邮件原件-----\n发件人: 县安委会办公室 [mailto:bot@demo.test]\n发送时间: 2017年7月4日"
    return f"{own}\n\n{head}\n\n{letter}"


def iphone(own: str, letter: str) -> str:
    quoted = "\n".join(f"> {line}" for line in letter.splitlines())
    return f"{own}\n\n发自我的iPhone\n\n> 在 2017年7月4日，上午9:00，县安委会办公室 <bot@demo.test> 写道：\n{quoted}"


def wps(own: str, letter: str) -> str:
    return f"{own}\n\n发自WPS邮箱客户端\n\n---原始邮件---\n发件人：“县安委会办公室”<bot@demo.test>\n{letter}"


CLIENTS = (netease, qq, foxmail, outlook, iphone, wps)


# How they hand a mail on, below what is written.
def forwarded_by_netease(own: str, letter: str) -> str:
    head = '发件人："王芳" <w@a.test>\n发送日期：2017-07-04 09:00:00\n收件人：a\n主题：事'
    return f"{own}\n\n\n-------- 转发邮件信息 --------\n{head}\n\n{letter}"


def forwarded_by_iphone(own: str, letter: str) -> str:
    head = "发件人: 王芳 <w@a.test>\n日期: 2017年7月4日 GMT+8 09:00\n收件人: a\n主题: 事"
    return f"{own}\n\n发自我的iPhone\n\n以下是转发的邮件：\n\n{head}\n\n{letter}"


def forwarded_in_english(own: str, letter: str) -> str:
    head = "From: w <w@a.test>\nDate: Tue, Jul 4, 2017\nSubject: x\nTo: <a@a.test>"
    return f"{own}\n\n---------- Forwarded message ---------\n{head}\n\n\n{letter}"


FORWARDS = (forwarded_by_netease, qq, foxmail, outlook, forwarded_by_iphone, forwarded_in_english)
