"""The words of a mail: decoded bodies, visible text of HTML, and what the sender himself wrote."""

import re
from typing import Any

from bot.mail import marks
from bot.mail.charsets import clean_text, decode
from bot.mail.mime import Part

HTML_LIMIT = 1_000_000  # characters of HTML that are laid out as text
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "textarea"})
_BREAKS = frozenset(
    {"br", "p", "div", "tr", "li", "ul", "ol", "dl", "dt", "dd", "table", "hr", "pre", "blockquote"}
) | {*("h1", "h2", "h3", "h4", "h5", "h6", "tbody", "thead", "section", "article", "center", "form")}
_VOID = frozenset({"br", "hr"})  # one break, not one before and one behind
_CELLS = frozenset({"td", "th"})
_HIDDEN = re.compile(r"(?i)display\s*:\s*none")
_BLANKS = re.compile(r"[ \r\f\v\u00a0]+")
_RULED = re.compile(r"\A[\s_=-]*+\Z")  # a line of blanks or dashes
_SIGNATURE = re.compile(r"^--\s*$")  # RFC 3676, 4.3; many programs drop the blank


def part_text(part: Part) -> str:
    """The clean text of a text part, in the charset that it claims or, if that is wrong, another."""
    return clean_text(decode(part.data(), part.parameters("content-type").get("charset")))


def visible_text(html: str) -> str:
    """What a reader sees of an HTML body, a line a block, a tab between cells; empty when lxml gives up."""
    from lxml import etree
    from lxml import html as lxml_html

    if not html.strip():
        return ""
    try:
        # Bytes, because lxml refuses a str that begins with an XML encoding declaration.
        parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True)
        root = lxml_html.document_fromstring(
            html[:HTML_LIMIT].replace("\0", "").encode("utf-8", "replace"), parser=parser
        )
        text = "".join(_pieces(root))
    except (etree.LxmlError, ValueError, AssertionError):  # "<!---->" alone: ParserError, Document is empty
        return ""
    lines = (_BLANKS.sub(" ", line).strip(" ") for line in text.split("\n"))
    return clean_text(re.sub(r"\n{3,}", "\n\n", "\n".join(lines))).strip()


def _pieces(root: Any) -> list[str]:
    """The text in document order. A loop, not a recursion: elements nest as deep as the sender likes."""
    from lxml import etree

    out: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        seen = isinstance(element.tag, str)
        if event == "start":
            if element.tag in _UNSEEN or _HIDDEN.search(element.get("style") or ""):
                walk.skip_subtree()
                continue
            out.append(_before(element.tag) + _flat(element))
        else:
            ends_line = seen and element.tag in _BREAKS and element.tag not in _VOID
            out.append(("\n" if ends_line else "") + (element.tail or "").replace("\n", " "))
    return out


def _before(tag: str) -> str:
    return "\n" if tag in _BREAKS else "\t" if tag in _CELLS else ""


def _flat(element: Any) -> str:
    text = element.text or ""
    return text if element.tag == "pre" else text.replace("\n", " ")


def own_words(text: str) -> str:
    """``text`` without quoted earlier mail and without signature.

    An answer below its quotation is kept too. Where nothing marks a quotation, everything is the sender's.
    """
    lines = text.split("\n")
    kept: list[str] = []
    skip = 0
    for number, line in enumerate(lines):
        bare = line.strip()
        if skip:
            skip -= 1
        elif bare.startswith((">", "＞")) or marks.DEVICE_LINE.match(bare):
            continue
        elif length := _introduction(lines, number):
            if not _quoted_with_marks(lines, number + length):
                break
            skip = length - 1
        elif _SIGNATURE.match(bare) or _ends_here(lines, number):
            break
        else:
            kept.append(line.rstrip())
    while len(kept) > 1 and _RULED.match(kept[-1]):
        kept.pop()
    return "\n".join(kept).strip()


def _introduction(lines: list[str], number: int) -> int:
    """How many lines an "On … wrote:" takes that begins here; 0 for none."""
    first = lines[number].strip()[:400]
    if marks.QUOTE_INTRODUCTION.match(first):
        return 1
    if marks.QUOTE_BEGINNING.match(first) and number + 1 < len(lines):
        return 2 if marks.QUOTE_INTRODUCTION.match(f"{first} {lines[number + 1].strip()[:400]}") else 0
    return 0


def _quoted_with_marks(lines: list[str], number: int) -> bool:
    following = next((line.strip() for line in lines[number:] if line.strip()), "")
    return following.startswith((">", "＞"))


def _ends_here(lines: list[str], number: int) -> bool:
    """A rule such as "-----Original Message-----", or the head of a quoted mail (sender, then another field)."""
    line = lines[number].strip()[:400]
    if marks.QUOTE_RULE.match(line):
        return True
    return bool(marks.QUOTE_FROM.match(line)) and any(
        marks.QUOTE_FIELD.match(following) for following in lines[number + 1 : number + 5]
    )
