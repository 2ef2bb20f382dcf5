"""First look at a file's bytes, as far as unwrapping needs it: a mail, a picture, an extension for a nameless part."""

import re

_EXTENSIONS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".ole"),
    (b"%PDF", ".pdf"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"{\\rtf", ".rtf"),
    (b"\x78\x9f\x3e\x22", ".tnef"),
)
_PICTURES = frozenset({".jpg", ".png", ".gif", ".bmp"})
_HEADER = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:From [^\r\n]*\r?\n)?[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]")
_FIELD_OF_MAIL = re.compile(rb"(?i)(?:\A|\n)(?:from|received|return-path|message-id|subject|to):")
_LOOK = 16_384


def extension(data: bytes) -> str:
    """A file extension with its dot, by the first bytes; empty when they say nothing."""
    if data.startswith(b"PK\x03\x04"):
        head = data[:_LOOK]
        return ".xlsx" if b"xl/" in head or b"xl\\" in head else ".docx" if b"word/" in head else ".zip"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return ".bmp"
    return next((ext for magic, ext in _EXTENSIONS if data.startswith(magic)), "")


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as those of a picture."""
    return extension(data) in _PICTURES


def is_binary(data: bytes) -> bool:
    """Whether a part that calls itself text is a file after all."""
    return extension(data) not in ("", ".rtf")


def has_header(data: bytes) -> bool:
    """Whether the bytes begin as a part of a mail: with a field of its header, or the blank line behind none."""
    return bool(_HEADER.match(data[:_LOOK])) or data.startswith((b"\r\n", b"\n"))


def is_mail(name: str, data: bytes) -> bool:
    """Whether a file is a saved mail: by its first lines, whatever it is called.

    A web archive of Excel or Word (.mht) begins like a mail and is a document.
    """
    if name.lower().endswith((".mht", ".mhtml")) or not _HEADER.match(data[:_LOOK]):
        return False
    head = re.split(rb"\r?\n\r?\n", data[:_LOOK], maxsplit=1)[0]
    fields = {m.strip().lower() for m in _FIELD_OF_MAIL.findall(head)}
    return len(fields) >= (1 if name.lower().endswith(".eml") else 3)
