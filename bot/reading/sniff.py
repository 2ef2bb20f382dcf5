"""What a file is, by its bytes alone: never by its name or its declared type.

Pure Python over the bytes (zipfile, olefile), so hostile bytes can cost it time and memory, but no more:
the guarded process calls it first. It does not tell whether the file can be read.
"""

import io
import re
import zipfile

import olefile

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
RTF = b"{\\rtf"
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif"}
IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
# Beginnings of BIFF2 to BIFF5 sheets that stand without an OLE container around them.
BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
PARTS = {b"xl/": "xl/workbook.xml", b"xl\\": "xl/workbook.xml", b"word/": "word/document.xml"}
# What [Content_Types].xml says of the main part, whatever that is called.
_MAIN_TYPES = ((re.compile(rb"(?i)(?:spreadsheetml|ms-excel)[.\w-]{0,60}\.main\+xml"), "xlsx"),
               (re.compile(rb"(?i)(?:wordprocessingml|ms-word)[.\w-]{0,60}\.main\+xml"), "docx"))  # fmt: skip
ODF_TYPES = (
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
)
# The same in one piece of XML (.fods, .fodt).
_FLAT = re.compile(
    r"<office:document\b[^<>]{0,6000}office:mimetype=[\"']application/vnd\.oasis\.opendocument\.(spreadsheet|text)"
)
HEAD = 4096  # bytes of a text that are looked at for markup
SAMPLE = 1 << 16  # bytes of a text that must be decodable
_MARKUP = re.compile(
    r"<(!doctype html|html|head|body|table)\b|<\?xml(?:(?!<\?xml).){0,2000}<([\w.]+:)?workbook\b"
    r"|\A(?:[a-z][a-z-]{0,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){0,12}mime-version:",
    re.S,
)
# Word's own XML: all parts in one file (2007 and later), and the format of Word 2003.
_WORD_XML = re.compile(
    r"<([\w.]+:)?(?:package\b[^<>]{0,2000}office/2006/xmlpackage|worddocument\b[^<>]{0,3000}word/2003/wordml)"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def kind_of(data: bytes) -> str:
    """One of xlsx, xls, ods, docx, doc, odt, html, csv, pdf, image, other.

    xlsm and xlsb are ``xlsx``, et is ``xls``, wps and RTF are ``doc``, Word's XML is ``docx``; SpreadsheetML 2003 and
    .mht, which Excel also writes under the name .xls, are ``html``. Archives, TNEF, a password-protected package, a
    text without separators and what nobody knows are ``other``. Never raises on content.
    """
    if data.startswith(ZIP):
        return _in_zip(data)
    if data.startswith(OLE):
        return _in_ole(data)
    return plain_kind(data)


def plain_kind(data: bytes) -> str:
    """The same for everything that is no container; a zip or an OLE file is ``other``. Looks at the head only."""
    if data.startswith((ZIP, OLE, b"PK")):
        return "other"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if _is_image(data):
        return "image"
    if data.startswith(BARE_BIFF):
        return "xls"
    if data.startswith(RTF):
        return "doc"
    return _in_text(data)


def is_encrypted_package(data: bytes) -> bool:
    """Whether the bytes are an OOXML file behind a password ([MS-OFFCRYPTO] 2.3: stream EncryptedPackage)."""
    return data.startswith(OLE) and "encryptedpackage" in _streams(data)


def _is_image(data: bytes) -> bool:
    if data.startswith(IMAGES):
        return True
    if data[4:8] == b"ftyp":
        return data[8:12] in HEIF_BRANDS
    return (data[:4] == b"RIFF" and data[8:12] == b"WEBP") or (data[:2] == b"BM" and data[6:10] == bytes(4))


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Some writers put backslashes into member names (facts of the format: readers accept them).
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            if "content.xml" in names and "mimetype" in names:
                with archive.open("mimetype") as member:
                    said = member.read(200).strip()
                return next((kind for type_, kind in ODF_TYPES if said.startswith(type_)), "other")
            if not names & set(PARTS.values()) and "[content_types].xml" in names:
                with archive.open("[Content_Types].xml") as member:
                    said = member.read(HEAD * 16)
                return next((kind for main, kind in _MAIN_TYPES if main.search(said)), "other")
    except Exception:
        # A zip cut short by a mail server (BadZipFile), a mimetype behind a password (RuntimeError),
        # an unknown compression (NotImplementedError): the names still stand in the local headers.
        names = {whole for part, whole in PARTS.items() if part in data}
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        return "xlsx"
    return "docx" if "word/document.xml" in names else "other"


def _in_ole(data: bytes) -> str:
    names = _streams(data)
    if "encryptedpackage" in names:
        return "other"
    if names & {"workbook", "book"}:
        return "xls"
    return "doc" if "worddocument" in names else "other"


def _streams(data: bytes) -> set[str]:
    """The names of the streams at the top of an OLE file, in lower case."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return {path[0].lower() for path in ole.listdir() if len(path) == 1}
    except Exception:
        # A file cut short makes olefile raise OSError, IndexError or struct.error: look for the
        # directory entries themselves, whose names are UTF-16.
        wanted = ("Workbook", "WordDocument", "EncryptedPackage")
        return {name.lower() for name in wanted if name.encode("utf-16-le") in data}


def _in_text(data: bytes) -> str:
    text = _decoded(data[:SAMPLE])
    if text is None or _CONTROL.search(text):
        return "other"
    head = text[:HEAD].lstrip("\ufeff \t\r\n").lower()
    if flat := _FLAT.search(text[: 2 * HEAD]):
        return "ods" if flat[1] == "spreadsheet" else "odt"
    if _WORD_XML.search(head):
        return "docx"
    if _MARKUP.search(head):
        return "html"
    return "csv" if any(mark in line for line in head.splitlines()[:20] for mark in ",\t;") else "other"


def _decoded(sample: bytes) -> str | None:
    """The sample as text, or None. Its last character may be cut in two."""
    encodings = ("utf-16",) if sample.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        for cut in range(4):
            try:
                return sample[: len(sample) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
    return None
