r"""Addresses of the web in what people wrote, broken so that no mail client makes a link of them: hxxp, [.] for a dot.

Clients make links by themselves, in plain text too: NetEase and Outlook where a scheme or ``www.`` stands, Outlook
also of ``\\host\share`` (which sends a Windows password there), phones of every ``name.ending``. The letter that
quotes a stranger comes from the office, and a link in it would pass for the office's own. Left alone: addresses of
mail, which the office copies into its orders, and names of files. Pure; what is broken already stays as it is.
"""

import re

# Endings of files that the bot reads or names.
_TABLES = {"xlsx", "xlsm", "xlsb", "xls", "ett", "et", "csv", "ods"}
_PAPERS = {"docx", "docm", "doc", "wps", "rtf", "txt", "pdf", "ofd", "htm", "html", "eml", "msg", "ics"}
_PICTURES = {"jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "heic"}
_FILES = _TABLES | _PAPERS | _PICTURES | {"zip", "rar", "xml", "toml", "json", "log"}
# Of these the domains exist as well. Three ASCII letters before them may be one; 附件4.et and 6月.zip are files.
_DOMAINS_TOO = {"et", "zip"}
# Endings of domains in Chinese, as DNS writes them: China, company, network, site, government, welfare, shop, ...
_CHINESE_ENDINGS = {
    *("xn--fiqs8s", "xn--fiqz9s", "xn--55qx5d", "xn--io0a7i", "xn--ses554g", "xn--zfr164b", "xn--55qw42g"),
    *("xn--czru2d", "xn--3bst00m", "xn--3ds443g", "xn--fiq228c5hs", "xn--czr694b", "xn--kput3i", "xn--vhquv"),
    *("xn--6frz82g", "xn--6qq986b3xl", "xn--hxt814e", "xn--czrs0t", "xn--vuq861b", "xn--j6w193g", "xn--kprw13d"),
}
_SCHEME = re.compile(r"(?i)(?<![a-z0-9+-])(?!hxxps?:)([a-z][a-z0-9+-]{1,20}):(?=[/\\]{2})")
_SHARE = re.compile(r"(?<!\\)\\\\(?=\w)")
# Labels of any letters, then an ending. Of a label in Chinese its last letter is enough: words have no blanks there.
_CHAIN = re.compile(
    r"(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]+|[^\W\x00-\x7f])(?:\.[\w-]+){0,5}"
    r"\.(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24}|[^\W\d_\x00-\x7f]{2,4}(?!\w)|\d{1,3}(?=[:/]))(?![A-Za-z0-9])"
)
_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_MAIL_BEFORE = re.compile(r"[A-Za-z0-9!#$%&'*+=^_`{|}~.-]@\Z")
_MAIL_BEHIND = re.compile(r"[A-Za-z0-9!$%&'*+=^_`{|}~.-]{0,64}@\w")
_PATH_BEHIND = re.compile(r"[/?#]|:\d")
_NAME_BEFORE = re.compile(r"[A-Za-z0-9-]{3}")


def defang(text: str) -> str:
    """The text with every address of the web in it broken, and nothing else changed."""
    text = _SHARE.sub(r"[\\\\]", _SCHEME.sub(_other_scheme, text)) if ":" in text or "\\" in text else text
    return _CHAIN.sub(_other_dots, text) if "." in text else text


def _other_scheme(match: re.Match[str]) -> str:
    scheme = match[1]
    if scheme.lower() in {"http", "https"}:
        return scheme[0] + "xx" + scheme[3:] + ":"
    return scheme + "[:]"


def _other_dots(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    is_host = _MAIL_BEFORE.search(text[max(0, start - 2) : start]) and not _PATH_BEHIND.match(text, end)
    return match[0] if is_host or _MAIL_BEHIND.match(text, end) else _broken(match[0])


def _broken(chain: str) -> str:
    """Its dots in brackets, if it can be the name of a site; of a file's name the part before its ending."""
    name, _, ending = chain.rpartition(".")
    if not name:
        return chain
    if name.lower().startswith("www.") or name.lower() == "www":
        return chain.replace(".", "[.]")
    lowered = ending.lower()
    if lowered in _FILES and not (lowered in _DOMAINS_TOO and _NAME_BEFORE.fullmatch(name[-3:])):
        return f"{_broken(name)}.{ending}"
    return chain.replace(".", "[.]") if _ends_a_site(chain, lowered) else chain


def _ends_a_site(chain: str, ending: str) -> bool:
    if ending.isdigit():
        return bool(_NUMBERS.fullmatch(chain))
    if ending.isascii():
        return ending.startswith("xn--") or (ending.isalpha() and len(ending) > 1)
    return _as_in_dns(ending) in _CHINESE_ENDINGS


def _as_in_dns(label: str) -> str:
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return ""
