"""Reports in the mail's own text, beside older mail that is quoted."""

from tests.books import official
from tests.cases import parts
from tests.cases.parts import head, single, text, word
from tests.cases.registry import case
from tests.papers import html_table, report_html, texts_and_table

# What the older mail reported: other numbers that add up, so that a mistaken reading would show.
OLD = report_html(official((0, 1, 4, 1, 1, 0, 2, 0, 0, 1, 10, 7), sums=(6, 3, 18), total=27))
REPLY = "回复：【报送提醒】附件4（截至2017年6月）请于7月5日前报送 [K7M3Q2TD]"


def _reply(html: str, number: int) -> bytes:
    return single(head(word(REPLY), number=number), text(html, kind="html"))


@case(77, "table-in-the-body")
def _() -> bytes:
    """The table pasted into the mail, what stands around it typed as lines; both renderings, as programs send them."""
    above, rows, merges, below = texts_and_table()
    lines = "".join(f"<div>{line}</div>" for line in ("您好，现将报表发给您：", *above))
    html = f"<div>{lines}{html_table(rows, merges)}<div>{below[0]}</div></div>"
    both = parts.parts((), text("您好，现将报表发给您：\n"), text(html, kind="html"), kind=b"alternative")
    return b"\r\n".join(head()) + b"\r\n" + both


@case(78, "table-above-a-quoted-one")
def _() -> bytes:
    """NetEase puts the older mail below, in a blockquote."""
    introduction = '<br>At 2017-07-01 09:00:00, "安委会办公室" &lt;clawhbgs@163.com&gt; wrote:<br>'
    quoted = f'<blockquote id="isReplyContent" style="border-left:#ccc 1px solid"><p>上月：</p>{OLD}</blockquote>'
    return _reply(f"<div>现报上6月份报表：</div>{report_html()}{introduction}{quoted}", 78)


@case(79, "table-below-a-quoted-one")
def _() -> bytes:
    """An answer written below what it answers."""
    attribution = "<div>在2017年7月1日 09:00，安委会办公室 &lt;clawhbgs@163.com&gt; 写道：</div>"
    quoted = f'<div class="gmail_quote">{attribution}<blockquote>{OLD}</blockquote></div>'
    return _reply(f"{quoted}<div>现报上6月份报表：</div>{report_html()}", 79)


@case(80, "only-a-quoted-table")
def _() -> bytes:
    """QQ's rule, and below it last month's mail: it reports nothing."""
    rule = "<div>------------------&nbsp;原始邮件&nbsp;------------------</div>"
    from_ = '<div style="background:#efefef;"><div><b>发件人:</b>&nbsp;"李明"</div></div>'
    return _reply(f"<div>收到，谢谢！</div><div>&nbsp;</div>{rule}{from_}<div>{OLD}</div>", 80)


@case(81, "columns-in-plain-text")
def _() -> bytes:
    """Copied from a sheet into a mail without HTML: tabs between the cells."""
    rows = "\r\n".join("\t".join("" if cell is None else str(cell) for cell in row) for row in official())
    return single(head(), text(f"您好：\r\n{rows}\r\n"))
