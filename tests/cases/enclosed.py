"""Reports in something else: archives, winmail.dat, mails in mails, and files that are only a link."""

import struct
import zlib

from tests.books import official
from tests.cases import parts
from tests.cases.made import made
from tests.cases.parts import TWO_POSTS, attached, form, head, report, single, text, word
from tests.cases.registry import case
from tests.test_mail_packed import TNEF_BODY, rar5, tnef, tnef_file

DEEPER_THAN_OPENED = 6  # mails in a mail


@case(82, "rar-and-7z")
def _() -> bytes:
    """A person for two units: one stored in a RAR 5, one compressed by bsdtar."""
    rar = rar5(("6月/首阳山附件4.xlsx", form(official(unit="首阳山旅游度假区"))))
    return parts.parts(
        head(sender=TWO_POSTS),
        text("请查收。"),
        attached(rar, word("首阳山.rar"), b"application/x-rar-compressed"),
        attached(made("bsdtar.7z"), word("高崖.7z")),
    )


@case(83, "winmail-dat")
def _() -> bytes:
    """Outlook's rich text: the workbook is in a file that nobody can open."""
    packed = tnef(TNEF_BODY, tnef_file(b"FUJIAN~1.XLS", form(), long="五图街道附件4.xlsx"))
    return parts.parts(head(), text("请查收。"), attached(packed, b"winmail.dat", b"application/ms-tnef"))


@case(84, "nested-too-deep")
def _() -> bytes:
    """Forwarded as a file again and again; beyond the fifth mail nobody looks."""
    mail = report(form(), header=head(word("附件4"), "张三 <zhang@else.example>", 900))
    for number in range(1, DEEPER_THAN_OPENED + 1):
        subject = word("转发：" * number + "附件4")
        sender = parts.LIAISON if number == DEEPER_THAN_OPENED else "张三 <zhang@else.example>"
        header = head(subject, sender, 900 + number)
        file = attached(mail, word(f"转发{number}.eml"))
        mail = parts.parts(header, text("转发。"), file, boundary=b"----=_Part_%d" % number)
    return mail


def _locked_zip(name: str, data: bytes, password: bytes) -> bytes:
    """A zip with one stored member behind a password (APPNOTE 6.1: traditional PKWARE encryption)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def locked(byte: int) -> int:
        mask = keys[2] & 0xFFFF | 2
        update(byte)
        return byte ^ (mask * (mask ^ 1) >> 8) & 0xFF

    for byte in password:
        update(byte)
    checksum = zlib.crc32(data)
    body = bytes(locked(byte) for byte in bytes(11) + bytes([checksum >> 24]) + data)
    written = name.encode("gbk")
    sizes = struct.pack("<IIIHH", checksum, len(body), len(data), len(written), 0)
    common = struct.pack("<HHHHH", 20, 1, 0, 0x5000, 0x4AE3) + sizes
    local = b"PK\x03\x04" + common + written + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + written
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


@case(85, "zip-behind-a-password")
def _() -> bytes:
    return report(_locked_zip("五图街道附件4.xlsx", form(), b"1234"), "附件4.zip", words="请查收，密码1234。")


@case(86, "link-to-a-large-attachment-at-qq")
def _() -> bytes:
    """Name, size, and the expiry as milliseconds in an attribute."""
    html = (
        '<div>附件4已发，请查收。</div><div id="QQMailBigAttach"><div>从QQ邮箱发来的超大附件</div>'
        '<span class="qqmailbgattach" expiretime="1501606140000" '
        'downloadlink="http://mail.qq.com/cgi-bin/ftnExs_download?k=1&amp;code=2">'
        "<a>五图街道附件4.xlsx</a><span>(30.5M, )</span></span></div>"
    )
    return single(head(), text(html, "gb18030", "html"))


@case(87, "link-to-a-cloud-drive")
def _() -> bytes:
    """A share of a cloud drive in plain text, with the day on which it ends."""
    words = (
        "您好，附件4太大，请从网盘下载：\r\n五图街道附件4.xlsx (25.3MB, 2017年7月10日到期)\r\n"
        "链接: https://pan.baidu.com/s/1AbCdEfGh 提取码: 8x2k\r\n"
    )
    return single(head(), text(words))
