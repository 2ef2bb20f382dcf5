"""Takes out of a file what names another one, before LibreOffice opens it: pictures and texts by their path, links to
programs, sheets by their address. What they showed when the file was saved stays.

It opens what RTF and .doc fields name while it converts (tried: INCLUDEPICTURE), whatever its settings say; a path of
another machine (\\\\host\\share) would send the user's password there on Windows. Where walls stand, this is the second
of two. Pure; never raises because of the content: what is no such file is left as it is.
"""

import io
import re
import zipfile
import zlib

from bot.reading.sniff import OLE, RTF, ZIP

# Every reader passes over a destination that it does not know and that is marked with \*. As long as before: data
# that follows is counted.
_RTF = re.compile(rb"\\(fldinst|template|mailmerge|objdata)(?![a-zA-Z])")
_LINKED = re.compile(rb"\\(?:objautlink|objlink|objsub|objicemb)(?![a-zA-Z])")
# The instruction of a field in a .doc, between its marks 0x13 and 0x14 or 0x15: in letters of two bytes, and of one.
_WIDE = re.compile(rb"\x13\0((?:(?![\0-\x1f]\0)[\0-\xff]{2}){6,600}?)(?=[\x14\x15]\0)", re.DOTALL)
_NARROW = re.compile(rb"\x13([^\0-\x1f]{6,600}?)(?=[\x14\x15])")
_WORD = re.compile(rb"[ \0]*[A-Za-z\0]*")  # what the field is called
_PATH = re.compile(rb"[:\\/]")
_RELATION = re.compile(
    rb"""<(?:\w+:)?Relationship\b(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>(?:\s*</(?:\w+:)?Relationship\s*>)?"""
)
_EXTERNAL = re.compile(rb"""\bTargetMode\s*=\s*["']External""", re.IGNORECASE)
# Of OpenDocument: what lies in the file itself has neither scheme nor root, and leads not out of it.
_HREF = re.compile(rb"""(\bxlink:href\s*=\s*)(["'])(?=/|[^"'<>]*(?::|\\|\.\.))[^"'<>]*\2""")
_DDE = re.compile(rb"""(\b(?:office|text|table):(?:dde-(?:application|topic|item))\s*=\s*)(["'])[^"'<>]*\2""")
_REMOTE = re.compile(rb"\b(?:WEBSERVICE|DDE)(?=\s*\()", re.IGNORECASE)  # the only functions that fetch


def without_links(data: bytes) -> bytes:
    """The same file, in which nothing names another one."""
    if data.startswith(RTF):
        return _rtf(data)
    if data.startswith(OLE):
        return _NARROW.sub(_blanked, _WIDE.sub(_blanked, data))
    return _package(data) if data.startswith(ZIP) else data


def _rtf(data: bytes) -> bytes:
    linked = bool(_LINKED.search(data))

    def unknown(found: re.Match[bytes]) -> bytes:
        word = found[1]
        return found[0] if word == b"objdata" and not linked else b"\\*\\" + b"x" * (len(word) - 2)

    return _RTF.sub(unknown, data)


def _blanked(found: re.Match[bytes]) -> bytes:
    """The field with its name, and blanks for what it names; as it is where it names nothing."""
    whole, inside = found[0], found[1]
    if not _PATH.search(inside):
        return whole
    wide = len(whole) - len(inside) == 2
    word = _WORD.match(inside)
    kept = word.end() if word else 0
    kept -= kept % 2 if wide else 0
    blank = b" \0" * ((len(inside) - kept) // 2) if wide else b" " * (len(inside) - kept)
    return whole[: len(whole) - len(inside)] + inside[:kept] + blank


def _package(data: bytes) -> bytes:
    """The package written anew if anything in it was changed. Its sizes were looked at before (``precheck``)."""
    made = io.BytesIO()
    changed = False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for member in old.infolist():
                part = old.read(member)
                clean = _part(member.filename.lower(), part)
                changed |= clean != part
                new.writestr(member.filename, clean, member.compress_type)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, OSError):
        return data
    return made.getvalue() if changed else data


def _part(name: str, part: bytes) -> bytes:
    if name.endswith(".rels"):
        return _RELATION.sub(lambda found: b"" if _EXTERNAL.search(found[0]) else found[0], part)
    if not name.endswith(".xml"):
        return part
    if name.startswith("xl/worksheets/"):
        return _REMOTE.sub(b"NA", part)
    return _DDE.sub(rb"\1\2\2", _HREF.sub(rb"\1\2\2", part)) if b"opendocument" in part[:4000] else part
