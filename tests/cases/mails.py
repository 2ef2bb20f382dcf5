"""How the mail of each case was made. ``python -m tests.case_files make`` writes them; the bytes are committed."""

from bot.model.forms import Cell
from tests import books
from tests.books import COUNTS, MERGES, official
from tests.cases import parts
from tests.cases.parts import (
    TWO_POSTS,
    Formula,
    attached,
    form,
    head,
    netease,
    report,
    single,
    text,
    with_changes,
    word,
)
from tests.cases.registry import case

STRANGER = "某人 <someone@stranger.example>"
# The sums of the official layout as formulas, by row and column from 0.
FORMULAS = {
    (7, 1): Formula("SUM(B7:E7)"),
    (7, 5): Formula("SUM(F7:I7)"),
    (7, 9): Formula("SUM(J7:M7)"),
    (8, 1): Formula("SUM(B7:M7)"),
}


# How files and names come.


@case(1, "official-workbook")
def _() -> bytes:
    """The usual mail at NetEase: octet-stream in base64, a GBK encoded word for a file name, SPF passed."""
    received, id_, results = netease()
    return report(form(), header=[received, *head(), id_, results])


@case(2, "raw-gbk-names")
def _() -> bytes:
    """Subject and file name as raw GBK bytes, as old web mail wrote them."""
    return parts.parts(
        head("五图街道6月份附件4".encode("gbk")),
        text("请查收。", "gbk"),
        attached(form(), "附件4（五图街道）.xlsx".encode("gbk"), b"application/x-msexcel"),
    )


@case(3, "rfc2231-pieces")
def _() -> bytes:
    """A name in RFC 2231 pieces, split in the middle of a character."""
    octets = "".join(f"%{byte:02X}" for byte in "五图街道达标情况表.xlsx".encode("gb18030"))
    cut = 27  # after nine bytes, %XX each: an odd number
    name = (
        b"attachment;\r\n filename*0*=gb18030''" + octets[:cut].encode() + b";\r\n filename*1*=" + octets[cut:].encode()
    )
    return parts.parts(head(), text("请查收。"), attached(form(), disposition=name))


@case(4, "no-file-name")
def _() -> bytes:
    """A part without any name, and a subject that says nothing."""
    return parts.parts(head(word("材料")), text("请查收。"), attached(form()))


@case(5, "split-character")
def _() -> bytes:
    """Two encoded words that split a character of the subject and of the file name between them."""

    def two_words(words: str) -> bytes:
        octets = words.encode("gbk")
        middle = 5  # inside the third character
        pieces = (octets[:middle], octets[middle:])
        return b"\r\n ".join(b"=?GB2312?B?" + parts.base64_lines(p).strip() + b"?=" for p in pieces)

    name = two_words("五图街道附件4.xlsx")
    return parts.parts(head(two_words("五图街道报送附件4")), text("请查收。"), attached(form(), name))


@case(6, "xls")
def _() -> bytes:
    """A binary workbook of Excel 97."""
    return report(books.xls(official(), MERGES), "附件4.xls")


@case(7, "et-of-wps")
def _() -> bytes:
    """WPS's own name and type for the same bytes."""
    file = attached(books.xls(official(), MERGES), word("附件4.et"), b"application/wps-office.et")
    return parts.parts(head(), text("请查收。"), file)


@case(8, "zip-with-gbk-names")
def _() -> bytes:
    """A zip as Chinese programs make it: the workbook in a folder, names in GBK without the flag of UTF-8."""
    packed = parts.archive([("6月/五图街道附件4.xlsx", form())], "gbk")
    return report(packed, "附件4.zip")


@case(9, "forwarded-as-mail")
def _() -> bytes:
    """The mail with the workbook forwarded as message/rfc822: the forwarder is the sender."""
    inner = report(form(), header=head(word("附件4"), "张三 <zhang@else.example>", 900))
    outer = b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + inner
    return parts.parts(head(word("转发：附件4")), text("转发。"), outer, boundary=b"----=_Outer")


@case(10, "eml-as-octets")
def _() -> bytes:
    """The same as a saved .eml of type octet-stream, with the workbook in a zip in it."""
    packed = parts.archive([("附件4.xlsx", form())])
    inner = report(packed, "附件4.zip", header=head(word("附件4"), "张三 <zhang@else.example>", 900))
    return report(inner, "原邮件.eml", words="见附件中的邮件。")


@case(11, "two-units-in-a-mail")
def _() -> bytes:
    """One person for two units, two workbooks."""
    one, other = (form(official(unit=name)) for name in ("首阳山旅游度假区", "高崖水库库区管委会"))
    return parts.parts(
        head(sender=TWO_POSTS), text("请查收。"), attached(one, word("首阳山.xlsx")), attached(other, word("高崖.xlsx"))
    )


@case(12, "two-units-in-a-workbook")
def _() -> bytes:
    """The same on two sheets of one workbook, the second one with a wrong sum."""
    one, other = official(unit="首阳山旅游度假区"), official(unit="高崖水库", sums=(8, 4, 21))
    book = parts.workbook(("首阳山", one, MERGES), ("高崖", other, MERGES))
    return report(book, "附件4.xlsx", head(sender=TWO_POSTS))


# What is wrong in the form.


@case(13, "wrong-sum")
def _() -> bytes:
    return report(form(official(sums=(8, 5, 20))))


@case(14, "wrong-total")
def _() -> bytes:
    return report(form(official(total=33)))


@case(15, "no-number-in-words")
def _() -> bytes:
    """A guess, a fraction and a negative number in three cells, and one left blank that the sum counts."""
    counts: list[Cell] = list(COUNTS)
    counts[1], counts[2], counts[6], counts[11] = "约2", 5.5, -3, None
    return report(form(official(counts)))


@case(16, "month-before-the-campaign")
def _() -> bytes:
    return report(form(official(period="（截至  5 月）")))


@case(17, "future-month")
def _() -> bytes:
    return report(form(official(period="（截至  7 月）")))


@case(18, "december-in-january")
def _() -> bytes:
    """No year anywhere but in the day of filling in, which is in January."""
    rows = official(period="（截至 12 月）")
    rows[2][7] = "填报时间：1月4日"
    return report(form(rows), "附件4.xlsx", head(word("报送附件4")))


@case(19, "no-month")
def _() -> bytes:
    """The month left as the paper form has it."""
    return report(form(official(period="（截至   月）")))


@case(20, "no-unit")
def _() -> bytes:
    return report(form(official(unit="")))


@case(21, "unknown-unit")
def _() -> bytes:
    return report(form(official(unit="五图镇")))


@case(22, "last-month-s-file")
def _() -> bytes:
    """August: June's file sent again with new numbers, its heading left as it was."""
    rows = official((0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 9), sums=(8, 4, 22), total=34)
    return report(form(rows), "五图街道附件4.xlsx")


@case(23, "notice-number-in-subject")
def _() -> bytes:
    """A year later, under the notice's own number: its 2017 is not the year of the report."""
    rows = official()
    rows[2] = rows[2][:7]
    return report(form(rows), "附件4.xlsx", head(word("关于乐安字〔2017〕13号附件4的报送")))


# Who sends.


@case(24, "other-unit-s-form")
def _() -> bytes:
    return report(form(official(unit="乔官镇人民政府")))


@case(25, "unknown-sender")
def _() -> bytes:
    return report(form(official(total=33)), header=head(sender=STRANGER))


@case(26, "two-from-headers")
def _() -> bytes:
    return report(form(), header=[*head(), b"From: someone@stranger.example"])


@case(27, "address-as-a-name")
def _() -> bytes:
    """An unquoted address before the real one: readers disagree about who it is."""
    return report(form(), header=head(sender=b"li@wutu.example <someone@stranger.example>"))


@case(28, "quoted-address-as-a-name")
def _() -> bytes:
    """The same in quotes is plain: a stranger with an odd name."""
    return report(form(), header=head(sender=b'"li@wutu.example" <someone@stranger.example>'))


FORGED = b"spf=pass smtp.mail=li@wutu.example; dkim=pass header.i=@wutu.example"
FAILED = b"spf=fail smtp.mail=li@wutu.example; dkim=none"


@case(29, "forged-result-above")
def _() -> bytes:
    """A planted Authentication-Results stands above the provider's own, which says that SPF failed."""
    received, id_, results = netease(FAILED)
    forged = b"Authentication-Results: mx40; " + FORGED
    return report(form(), header=[received, forged, *head(), id_, results])


@case(30, "forged-result-below")
def _() -> bytes:
    """A planted one below it, with a machine's name of the sender's own."""
    received, id_, results = netease(FAILED)
    forged = b"Authentication-Results: mx.wutu.example; " + FORGED
    return report(form(), header=[received, *head(), id_, results, forged])


@case(31, "sent-by-another-domain")
def _() -> bytes:
    """SPF passed, for a domain that has nothing to do with From."""
    received, id_, results = netease(b"spf=pass smtp.mail=bulk@spam.example; dkim=none")
    return report(form(), header=[received, *head(), id_, results])


@case(32, "answer-to-another-unit-s-letter")
def _() -> bytes:
    """A known liaison who answers a reminder that went to another unit."""
    return report(form(), header=head(word("回复：【报送提醒】K7M3Q2TD"), number=32))


# Machines.


@case(33, "auto-reply-of-qq")
def _() -> bytes:
    """QQ marks its automatic replies in its own way, and not as RFC 3834 asks."""
    marks = b"X-QQ-AUTO-REPLY: true", b"In-Reply-To: <a@163.com>"
    header = head(word("自动回复:【报送提醒】附件4"), "李明 <10001@qq.com>", 33, *marks)
    return single(
        header, text("这是来自QQ邮箱的假期自动回复邮件。您好，我最近正在休假中，无法亲自回复您的邮件。", "gb18030")
    )


@case(34, "auto-reply-of-outlook")
def _() -> bytes:
    """With the form attached, and from a liaison: it is a machine's all the same."""
    marks = b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All"
    return report(form(), header=head(b"Automatic reply: " + word("附件4", "utf-8"), "li@wutu.example", 34, *marks))


@case(35, "bounce-of-netease")
def _() -> bytes:
    """NetEase returns a reminder of ours, the workbook that we had sent in it."""
    ours = report(form(), header=head(word("【报送提醒】附件4"), "clawhbgs@163.com", 36))
    status = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.163.com\r\n\r\n"
        b"Final-Recipient: rfc822; li@wutu.example\r\nAction: failed\r\nStatus: 5.0.0\r\n"
        b"Diagnostic-Code: smtp; 550 User not found: li@wutu.example\r\n"
    )
    header = [
        b"Return-Path: <>",
        *head(word("系统退信", "gb2312"), "Postmaster@163.com", 35, b"X-CM-Original-Message-ID: <0036@mail.example>"),
    ]
    words = text("抱歉，您的邮件被退回来了……\n收件人：li@wutu.example", "gb18030")
    original = b"Content-Type: message/rfc822\r\n\r\n" + ours
    return parts.parts(
        header, words, status, original, kind=b"report; report-type=delivery-status", boundary=b"----=_Report"
    )


@case(36, "mailing-list")
def _() -> bytes:
    marks = b"List-Unsubscribe: <https://list.example/u>", b"Precedence: bulk"
    return single(head(word("附件4填报说明会"), "培训 <news@list.example>", 36, *marks), text("诚邀参加。"))


@case(37, "our-own-mail")
def _() -> bytes:
    """Our reminder in our own inbox: a rule of the web mail copied it there."""
    header = head(
        word("【报送提醒】附件4"), "昌乐县安委会办公室 <clawhbgs@163.com>", 37, b"Auto-Submitted: auto-generated"
    )
    return report(form(), header=header)


# Files that are no report.


@case(38, "password")
def _() -> bytes:
    return report(parts.behind_password(form()))


@case(39, "cut-short")
def _() -> bytes:
    """The second half of the workbook is missing."""
    whole = form()
    return report(whole[: len(whole) // 2])


@case(40, "empty-file")
def _() -> bytes:
    return report(b"")


@case(41, "picture")
def _() -> bytes:
    """A photo of the table instead of the table; here it is white."""
    return report(parts.white_picture(64, 32), "附件4照片.png")


@case(42, "link-to-a-large-attachment")
def _() -> bytes:
    html = (
        '<div>附件4已发，请查收。</div><div id="divNeteaseBigAttach">从网易163邮箱发来的超大附件'
        '<a href="https://mail.163.com/large-attachment-download/index.html?p=X1&amp;file=F1">五图街道附件4.xlsx</a>'
        " (80.96M, 2017年8月2日 0:49 到期)</div>"
    )
    return single(head(), text(html, kind="html"))


@case(43, "bomb")
def _() -> bytes:
    """The workbook with one more member that unpacks to 64 MB, as its directory says."""
    return report(parts.announcing(form(), "xl/media/image1.emf", 64 << 20))


@case(44, "another-workbook")
def _() -> bytes:
    """A liaison's list of people, with no word about the form: left alone, and shown to the office."""
    book = parts.workbook(("Sheet1", [["单位", "姓名"], ["五图街道", "李明"]], ()))
    return report(book, "花名册.xlsx", head(word("花名册")))


@case(45, "good-and-damaged")
def _() -> bytes:
    good, broken = attached(form(), word("附件4.xlsx")), attached(form()[:900], word("附件4（盖章）.xlsx"))
    return parts.parts(head(), text("请查收。"), good, broken)


# No report at all.


@case(46, "thanks")
def _() -> bytes:
    return single(head(word("谢谢")), text("收到，谢谢！"))


@case(47, "thanks-for-a-receipt")
def _() -> bytes:
    """An answer to our receipt: the subject is ours, and announces no file."""
    words = "收到，谢谢！\n\n------ 原始邮件 ------\n发件人: 安委会办公室\n主题: 【已登记】五图街道附件4"
    subject = word("回复：【已登记】五图街道附件4（截至2017年6月） [K7M3Q2TD]")
    return single(head(subject, number=47), text(words))


@case(48, "announced-without-a-file")
def _() -> bytes:
    return single(head(word("五图街道")), text("附件4已发，请查收。"))


@case(49, "ordinary-office-mail")
def _() -> bytes:
    """A stranger's request with a Word file."""
    word_file = parts.archive([("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")])
    return report(word_file, "请示.docx", head(word("关于会议的请示"), STRANGER), "请审阅。")


# What people do in a workbook.


@case(50, "formulas-never-calculated")
def _() -> bytes:
    """The sums are formulas without a value: nothing is stated, and nothing is missing."""
    return report(form(with_changes(FORMULAS)))


@case(51, "numbers-as-texts")
def _() -> bytes:
    """Full-width digits, 家, numerals, a dash for none, spaces, and a sum in words."""
    counts = ("—", "２", "5家", "一", " 1 ", "无", "３ 家", "0", "零", "1", "十二", "共7家")
    return report(form(official(counts, sums=("8家", "４", "二十"), total="３２家")))


@case(52, "zeros-left-blank")
def _() -> bytes:
    counts = (None, 2, 5, 1, 1, None, 3, None, None, 1, 12, 7)
    return report(form(official(counts)))


@case(53, "empty-form")
def _() -> bytes:
    """The workbook that we sent, saved as it was: its formulas make zeros of nothing."""
    zeros = {place: Formula(formula.text, 0) for place, formula in FORMULAS.items()}
    return report(form(with_changes(zeros, official((None,) * 12))))


@case(54, "template-left-in-the-workbook")
def _() -> bytes:
    """A filled sheet, and behind it the empty one that it was copied from."""
    empty = official((None,) * 12, sums=(None, None, None), total=None, unit="", period="（截至   月）")
    return report(parts.workbook(("6月", official(), MERGES), ("空表", empty, MERGES)))


@case(55, "telephone-as-a-number")
def _() -> bytes:
    """A mobile number that was typed as a number, in a cell of its own, and a day that is a date."""
    rows = official()
    rows[9] = ["填报人", "李明", None, "联系电话", 13800138000]
    rows[2] = ["填报单位", "五图街道", None, None, None, None, None, "填报时间", "2017-07-03"]
    merges = [m for m in MERGES if m[0] not in (2, 9)]
    return report(parts.workbook(("附件4", rows, merges)))


@case(56, "same-report-twice-in-a-mail")
def _() -> bytes:
    return parts.parts(
        head(),
        text("请查收。"),
        attached(form(), word("附件4.xlsx")),
        attached(form(name="复件"), word("附件4 - 副本.xlsx")),
    )


@case(57, "two-reports-that-differ")
def _() -> bytes:
    other = official((1, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7), sums=(9, 4, 20), total=33)
    return parts.parts(
        head(), text("请查收。"), attached(form(), word("附件4.xlsx")), attached(form(other), word("附件4新.xlsx"))
    )


# What was reported before: see each given.toml.


@case(58, "recorded-already")
def _() -> bytes:
    return report(form())


@case(59, "correction-after-the-deadline")
def _() -> bytes:
    received, id_, results = netease()
    return report(form(), header=[received, *head(), id_, results])


@case(1200, "correction-that-nothing-proves")
def _() -> bytes:
    """The same, of which the provider says nothing: anybody can write this From."""
    return report(form())


@case(60, "decreased-and-jumped")
def _() -> bytes:
    """One category fell, one moved up inside, one grew beyond measure and beyond the register."""
    counts = (4, 3, 0, 0, 0, 0, 3, 0, 0, 1, 12, 20)
    return report(form(official(counts, sums=(7, 3, 33), total=43, period="（截至  7 月）")))


@case(61, "before-answering-began")
def _() -> bytes:
    return report(form(official(total=33)))


@case(62, "many-letters-today")
def _() -> bytes:
    return report(form())
