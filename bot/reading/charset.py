"""Bytes of a text file -> text: byte order mark, strict UTF-8, then gb18030. Nothing is guessed from frequencies.

What a file says of itself is not looked at: GBK is almost never valid UTF-8, and programs that write GBK under the
label UTF-8, or the other way round, are common.
"""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(data: bytes, whole: bool = True) -> str:
    """The text of the bytes. UnicodeDecodeError when they are none. Without ``whole`` the last character may be cut."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, whole)
    try:
        return _strict(data, "utf-8", whole)
    except UnicodeDecodeError:
        return _strict(data, "gb18030", whole)


def _strict(data: bytes, encoding: str, whole: bool) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
