"""Large attachments that are only a link (NetEase, QQ, Exmail, 189): found, named, never followed."""

import re
from html import unescape
from urllib.parse import unquote, urlsplit

from bot.mail import marks
from bot.mail.body import own_words, visible_text
from bot.mail.names import clean_name
from bot.model.mail import Refused

_LINK = re.compile(
    r"(?i)https?://(?:"
    r"mail\.(?:163|126|yeah|qiye\.163)\.(?:com|net)/large-attachment-download/"
    r"|u\.163\.com/"
    r"|fs\.163\.com/fs/display/"
    r"|dashi\.163\.com/html/cloud-attachment-download"
    r"|edisk\.qiye\.163\.com/api/biz/attachment/download"
    r"|(?:[a-z0-9-]+\.)?(?:mail|exmail)\.qq\.com/(?:cgi-bin/ftnExs_download|ftn/download)"
    r"|download\.cloud\.189\.cn"
    r")[^\s\"'<>，。；）]{0,2000}"
)
_QUICK = ("163.com/", ".qq.com/", "cloud.189.cn", "126.com/large", "yeah.net/large", ".qq.com:", "bigattach")
# A container that only large attachments have, for one whose link has an unknown form.
_CONTAINER = re.compile(
    r"(?i)\b(?:id|class)=[\"']?[^\"'>]{0,100}(?:divNeteaseBigAttach|bigattach-mailmaster|QQMailBigAttach|qqmailbgattach)"
)
_FILE = re.compile(
    r"(?i)([^\s<>\"'/\\:：|*?=&;]{1,100}\.(?:xlsx?|xlsm|et|ett|csv|ods|docx?|wps|rtf|pdf|ofd|zip|rar|7z|jpe?g|png|heic|eml))(?![a-z0-9])"
)
_NEARBY = 1200  # characters of markup around a link in which its file name stands
_LINKS = 20
_LOOKED_AT = 2_000_000  # characters of a body


def large_attachments(text: str, html: str, own_part_only: bool) -> list[Refused]:
    """One Refused a link, named by its file where the mail tells it, else by the host.

    ``own_part_only`` leaves out quoted mail: a sender who has attached the file by now has answered that link.
    """
    text, html = text[:_LOOKED_AT], html[:_LOOKED_AT]
    if own_part_only:
        text = own_words(text)
        quote = marks.HTML_QUOTE.search(html)
        html = html[: quote.start()] if quote else html
    found = _linked(html) or _linked(text)
    if not found and (container := _CONTAINER.search(html)):
        words = visible_text(html[container.start() :][:20_000])
        file = _FILE.search(words)
        found = {"": file[1] if file else "bigattach"}
    return [Refused(clean_name(name), "link", "link") for name in found.values()]


def _linked(body: str) -> dict[str, str]:
    """Link -> name, in the order of the mail."""
    lowered = body.lower()
    if not any(word in lowered for word in _QUICK):
        return {}
    found: dict[str, str] = {}
    end = 0
    for match in _LINK.finditer(body):
        link = unescape(match[0])
        name = _name_near(body, match.start(), match.end(), end)
        host = urlsplit_host(link)
        # The same link stands behind the name and behind the button: the better name wins.
        if found.get(link, host) == host:
            found[link] = name or host
        end = match.end()
        if len(found) >= _LINKS:
            break
    return found


def _name_near(body: str, start: int, end: int, previous: int) -> str:
    """The file name in the link itself, else after it in its element, else the last one before it."""
    inside = _FILE.search(unquote(unescape(body[start:end])))
    if inside:
        return inside[1]
    following = _LINK.split(body[end : end + _NEARBY], maxsplit=1)[0]
    label = following.split("</a", 1)[0] if "<" in following else ""
    before = body[max(previous, start - _NEARBY) : start]
    for piece in (label, before, following):
        names = _FILE.findall(unescape(re.sub(r"<[^>]{0,2000}>", " ", piece)))
        if names:
            return str(names[-1] if piece is before else names[0])
    return ""


def urlsplit_host(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:  # "https://u.163.com/[": Invalid IPv6 URL on some hosts
        return ""
