"""Large attachments that are only a link (NetEase, QQ, Exmail, 189, cloud drives): found, named, never followed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from html import unescape
from urllib.parse import unquote, urlsplit

from bot.mail import marks
from bot.mail.body import own_words, visible_text
from bot.mail.charsets import clean_line
from bot.mail.names import clean_name
from bot.model.mail import Refused

# What mail providers make of a large attachment; drives and online documents stand in rules/links.toml.
_PROVIDERS = (
    r"mail\.(?:163|126|yeah|qiye\.163)\.(?:com|net)/large-attachment-download/"
    r"|u\.163\.com/"
    r"|fs\.163\.com/fs/display/"
    r"|dashi\.163\.com/html/cloud-attachment-download"
    r"|edisk\.qiye\.163\.com/api/biz/attachment/download"
    r"|(?:[a-z0-9-]+\.)?(?:mail|exmail)\.qq\.com/(?:cgi-bin/ftnExs_download|ftn/download)"
    r"|download\.cloud\.189\.cn"
)
_REST = r"[^\s\"'<>，。；）]{0,2000}"
_QUICK = (*("163.com/", ".qq.com/", "cloud.189.cn", "126.com/large", "yeah.net/large", ".qq.com:", "bigattach"),)
# A container that only large attachments have, for one whose link has an unknown form.
_CONTAINERS = (
    *("divneteasebigattach", "bigattach-mailmaster", "qqmailbigattach", "qqmailbgattach"),
    *("foxmail_hugeattachment", "foxmailclientbigattach"),
)
_CONTAINER = re.compile(rf"(?i){'|'.join(_CONTAINERS)}")
_ATTRIBUTE = re.compile(r"(?i)\b(?:id|class)=[\"']?[^\"'>]{0,100}+\Z")
# What the providers write beside the name: "(80.96M, 2026年8月17日 0:49 到期)", or size and expiry apart.
_SIZE = r"\d{1,5}(?:\.\d{1,3})?\s?(?:[KMGT]i?B?|bytes)(?![A-Za-z0-9])"
_BRACKET = re.compile(rf"(?i)[(（]\s*({_SIZE}[^()（）<>]{{0,60}})[)）]")
_LONE_SIZE = re.compile(rf"(?i)(?<![A-Za-z0-9.]){_SIZE}")
_EXPIRY = re.compile(
    r"(?i)(?:(?<![^\s,，;；()（）<>])[^\s,，;；()（）<>]{0,20} ?[^\s,，;；()（）<>]{0,20})?"
    r"(?:到期|过期|有效|无限期|expire)[^\n,，;；()（）<>]{0,30}"
)
_EXPIRE_TIME = re.compile(r"(?i)\bexpiretime\s*=\s*(?:\"([^\"<>]{1,60})\"|'([^'<>]{1,60})'|(\d{1,15}))")
_BEIJING = timezone(timedelta(hours=8))  # the providers' clocks, wherever this program runs
_NO_NAME = re.compile(r"[\s<>\"'/\\:：|*?=&;]")
_ENDING = re.compile(
    r"(?i)\.(?:xlsx?|xlsm|et|ett|csv|ods|docx?|wps|rtf|pdf|ofd|zip|rar|7z|jpe?g|png|heic|eml)(?![a-z0-9])"
)
_STEM = 100  # characters before the ending
_NEARBY = 1200  # characters of markup around a link in which its file name stands
_SIGNED = re.compile(r"(?m)^--[ \t\r]{0,4}$")  # RFC 3676, 4.3
_LINKS = 20
_DETAIL = 120  # characters
_LOOKED_AT = 2_000_000  # characters of a body


def large_attachments(text: str, html: str, own_part_only: bool, shared: tuple[str, ...] = ()) -> list[Refused]:
    """One Refused a link, named by its file where the mail tells it, else by the host; ``detail`` is the size
    and the expiry that stand beside it.

    ``own_part_only`` leaves out quoted mail: a sender who has attached the file by now has answered that link.
    ``shared`` are hosts with the beginning of a path, where people share files; ``*`` is any part of a host.
    """
    text, html = _unsigned(text[:_LOOKED_AT]), html[:_LOOKED_AT]
    quick = (*_QUICK, *map(_quick, shared))
    if not (_has(html, "://", quick) or _has(html, "attach", _CONTAINERS) or _has(text, "://", quick)):
        return []
    link = _pattern(shared)
    if own_part_only:
        text = own_words(text)
        quote = marks.HTML_QUOTE.search(html)
        html = html[: quote.start()] if quote else html
    found = _linked(html, link) or _linked(text, link)
    if not found and (start := _container(html)) is not None:
        part = html[start:][:20_000]
        words = visible_text(part)
        found = {"": (next(_files(words), "bigattach"), _detail(words, part))}
    return [Refused(clean_name(name), "link", "link", detail) for name, detail in found.values()]


@lru_cache(maxsize=8)
def _pattern(shared: tuple[str, ...]) -> re.Pattern[str]:
    # A front page is no file: something must follow what is written in the rules.
    places = [re.escape(place).replace(r"\*", r"[a-z0-9.-]{1,60}") + r"(?=[A-Za-z0-9?=&/#])" for place in shared]
    return re.compile(rf"(?i)https?://(?:{'|'.join((_PROVIDERS, *places))}){_REST}")


def _quick(place: str) -> str:
    """The part of a place that must stand in a body as it is."""
    return max(place.lower().split("*"), key=len)


def _unsigned(text: str) -> str:
    """The text without a signature that is marked as one: the pages that are named there are no files."""
    return _SIGNED.split(text, maxsplit=1)[0]


def _has(body: str, of_all: str, words: tuple[str, ...]) -> bool:
    """Whether it is worth looking: a pattern costs a hundred times as much as a word. ``of_all`` stands beside each."""
    lowered = body.lower()
    return of_all in lowered and any(word in lowered for word in words)


def _container(html: str) -> int | None:
    """Where the container of large attachments begins; None where there is none."""
    for word in _CONTAINER.finditer(html):
        before = max(0, word.start() - 110)  # the name of the attribute, and 100 characters of its value
        if attribute := _ATTRIBUTE.search(html[before : word.start()]):
            return before + attribute.start()
    return None


def _files(text: str) -> Iterator[str]:
    """The names of files in a text; of a name with two endings the whole."""
    begun, name = 0, ""
    for ending in _ENDING.finditer(text):
        stem = _NO_NAME.split(text[max(begun, ending.start() - _STEM) : ending.start()])[-1]
        start = ending.start() - len(stem)
        if name and start > begun:
            yield name
        begun, name = (start, text[start : ending.end()]) if stem else (begun, name)
    if name:
        yield name


def _linked(body: str, links: re.Pattern[str]) -> dict[str, tuple[str, str]]:
    """Link -> name and detail, in the order of the mail."""
    found: dict[str, tuple[str, str]] = {}
    end = 0
    for match in links.finditer(body):
        link = unescape(match[0])
        name = _name_near(body, match.start(), match.end(), end, links)
        host = _host(link)
        # The same link stands behind the name and behind the button: the better name wins.
        known, detail = found.get(link, (host, ""))
        detail = detail or _detail_near(body, match.start(), match.end(), end, links)
        found[link] = (name or host if known == host else known, detail)
        end = match.end()
        if len(found) >= _LINKS:
            break
    return found


def _detail_near(body: str, start: int, end: int, previous: int, links: re.Pattern[str]) -> str:
    """Size and expiry of a link: in its own element, behind it, else before it."""
    following = links.split(body[end : end + _NEARBY], maxsplit=1)[0]
    before = body[max(previous, start - _NEARBY) : start]
    element = ""
    if before.rfind("<") > before.rfind(">"):  # an attribute: the tag is no words
        before, _, opening = before.rpartition("<")
        closing, _, following = following.partition(">")
        element = opening + closing
    return _detail(_words(following), element) or _detail(_words(before), "")


def _detail(words: str, markup: str) -> str:
    """What ``words`` tell of size and expiry, as they are written; QQ's time from the attribute in ``markup``."""
    bracket = _BRACKET.search(words)
    size = bracket[1] if bracket else found[0] if (found := _LONE_SIZE.search(words)) else ""
    if bracket and _EXPIRY.search(size):
        return _one_line(size)
    told = _EXPIRY.search(words)
    return _one_line(size, _expire_time(markup) or (told[0] if told else ""))


def _one_line(*parts: str) -> str:
    return clean_line(", ".join(bare for part in parts if (bare := part.strip(" \t\r\n,，"))))[:_DETAIL]


def _expire_time(markup: str) -> str:
    """QQ's attribute: seconds or milliseconds since 1970, or already a text; empty for neither."""
    match = _EXPIRE_TIME.search(markup)
    value = next((group for group in match.groups() if group), "") if match else ""
    if not value.isdecimal():
        return unescape(value) if any(char.isdigit() for char in value) else ""
    seconds = int(value) / (1000 if len(value) > 11 else 1)
    if not 1e9 < seconds < 1e10:  # 2001 to 2286; 0 and -1 say that it never expires
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M")


def _words(markup: str) -> str:
    return unescape(re.sub(r"<[^<>]{0,2000}>", " ", markup))


def _name_near(body: str, start: int, end: int, previous: int, links: re.Pattern[str]) -> str:
    """The file name in the link itself, else after it in its element, else the last one before it."""
    if inside := next(_files(unquote(unescape(body[start:end]))), ""):
        return inside
    following = links.split(body[end : end + _NEARBY], maxsplit=1)[0]
    label = following.split("</a", 1)[0] if "<" in following else ""
    before = body[max(previous, start - _NEARBY) : start]
    for piece in (label, before, following):
        if names := list(_files(_words(piece))):
            return names[-1] if piece is before else names[0]
    return ""


def _host(link: str) -> str:
    """The host of a link; empty where there is none."""
    try:
        return urlsplit(link).hostname or ""
    except ValueError:  # "https://u.163.com/[": Invalid IPv6 URL on some hosts
        return ""
