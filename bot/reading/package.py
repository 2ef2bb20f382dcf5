"""The parts of a Word, Excel or OpenDocument file, and the files and pictures that lie in it. Guarded process only.

A package is a zip, or flat: one XML with all parts in it, which Word 2003 and later save under the name .doc or .xml.
Sources: ECMA-376 part 2 (relationships), [MS-OLEDS] 2.3 (what an object's streams are called).
"""

import base64
import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

import olefile

from bot.reading import biff
from bot.reading.charset import decoded
from bot.reading.opened import ENCLOSED, ENCLOSED_BYTES
from bot.reading.sniff import IMAGES, ODF_TYPES, OLE, RTF, ZIP
from bot.reading.xmlfile import attribute, child, children, parsed

PICTURE = 10_240  # bytes; a smaller picture is a logo, or a line
METAFILES = (b"\x01\x00\x00\x00", b"\xd7\xcd\xc6\x9a")  # EMF and WMF, in which a table pasted as a picture lies
# Names stand uncompressed in a zip: without one of these nothing lies in it.
_SIGNS = (b"embeddings", b"media/", b"media\\", b"pictures/", b"object ", b"binarydata", b"afchunk", b"bindata")
_BINARY = re.compile(r"<office:binary-data>([A-Za-z0-9+/=\s]{1,8000000})</office:binary-data>")
_BIN_DATA = re.compile(rb"<w:binData\b[^<>]{0,300}>([A-Za-z0-9+/=\s]{1,8000000})</w:binData>")
_ENDS = ((IMAGES[1], b"IEND\xaeB\x60\x82"), (IMAGES[0], b"\xff\xd9"))  # PNG and JPEG
DRAWINGS, GOES_ON = 0x00EB, 0x003C  # [MS-XLS] 2.4.171: all pictures of an .xls, and what continues them
_MEDIA = ("word/media/", "xl/media/", "pictures/", "media/")


def of_flat(data: bytes, kind: str) -> bytes:
    """OpenDocument in one XML as the package that it is otherwise: the content knows the styles in it."""
    text = decoded(data)
    said = next(type_ for type_, name in ODF_TYPES if name == kind)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", said)
        declaration = text.find("?>") + 2 if text.lstrip("\ufeff \t\r\n").startswith("<?xml") else 0
        for number, found in enumerate(islice(_BINARY.finditer(text), ENCLOSED)):
            packed.writestr(f"Pictures/{number}", base64.b64decode(found[1]))
        packed.writestr("content.xml", '<?xml version="1.0" encoding="UTF-8"?>' + text[declaration:])
    return out.getvalue()


class Package:
    """Parts by their names, in lower case and with slashes, whatever the writer did."""

    def __init__(self, data: bytes) -> None:
        self._flat: dict[str, Any] = {}
        self._zip: zipfile.ZipFile | None = None
        if data.startswith(ZIP):
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self.names = {name.replace("\\", "/").lower(): name for name in self._zip.namelist()}
        else:
            self._flat = {attribute(part, "name"): part for part in children(parsed(decoded(data)), "part")}
            self.names = {name.lstrip("/").lower(): name for name in self._flat}

    def read(self, name: str) -> bytes:
        """The bytes of a part. KeyError if there is none; anything on damage."""
        if self._zip is not None:
            return self._zip.read(self.names[name])
        part = self._flat[self.names[name]]
        binary = child(part, "binaryData")
        if binary is not None:
            return base64.b64decode(binary.text or "")
        from lxml import etree

        inside = child(part, "xmlData")
        return b"".join(etree.tostring(element) for element in (inside if inside is not None else ()))

    def related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of a kind (the end of a relationship's type) that ``part`` refers to, by id; "" is the package."""
        folder, _, base = part.rpartition("/")
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self.names:
            return {}
        return {
            attribute(rel, "Id"): posixpath.normpath(posixpath.join("/", folder, attribute(rel, "Target")))[1:].lower()
            for rel in children(parsed(decoded(self.read(rels))), "Relationship")
            if attribute(rel, "Type").lower().endswith(f"/{kind.lower()}")
            and attribute(rel, "TargetMode") != "External"
        }

    def main(self, otherwise: str) -> str:
        """The part with the document itself: Word and Excel call it so, others may not."""
        try:
            targets = self.related("", "officeDocument").values()
        except Exception:  # XMLSyntaxError, ValueError: the usual name is tried
            targets = {}.values()
        return next((target for target in targets if target in self.names), otherwise)


def contents(data: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The files and the pictures inside, at most so many; none on damage."""
    lowered = data.lower()
    if data.startswith(OLE):
        return (), _drawn(data)
    if not any(sign in lowered for sign in _SIGNS):
        return (), ()
    try:
        room = ENCLOSED_BYTES
        files: list[bytes] = []
        pictures: list[bytes] = []
        for shelf, found in ((files, _files(package := _package(data))), (pictures, _pictures(package))):
            for inner in found:
                if len(shelf) < ENCLOSED and len(inner) <= room:
                    shelf.append(inner)
                    room -= len(inner)
    except MemoryError:
        raise
    except Exception:
        # BadZipFile, zlib.error, KeyError: the reader has said by now what is to be said of a damaged file.
        return (), ()
    return tuple(files), tuple(pictures)


def _package(data: bytes) -> Package:
    """The package, or what lies in the one element of Word 2003 as if it were one."""
    package = Package(data)
    if not package.names:
        found = [base64.b64decode(binary[1]) for binary in islice(_BIN_DATA.finditer(data), ENCLOSED)]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for number, inner in enumerate(found):
                archive.writestr(f"{'embeddings' if inner.startswith((OLE, ZIP)) else 'media'}/{number}", inner)
        return Package(out.getvalue())
    return package


def _drawn(data: bytes) -> tuple[bytes, ...]:
    """The pictures of an .xls: they stand one behind the other in records of their own."""
    try:
        _, stream = biff.stream_of(data)
    except Exception:
        return ()  # the reader has said by now what is to be said of a damaged file
    art, at, inside = bytearray(), 0, False
    while at + 4 <= len(stream) and len(art) <= ENCLOSED_BYTES:
        kind, length = struct.unpack_from("<HH", stream, at)
        inside = kind == DRAWINGS or (inside and kind == GOES_ON)
        if inside:
            art += stream[at + 4 : at + 4 + length]
        at += 4 + length
    found: list[bytes] = []
    for begin, end in _ENDS:
        start = art.find(begin)
        while start >= 0 and len(found) < ENCLOSED:
            following = art.find(begin, start + 4)
            last = art.rfind(end, start, following if following >= 0 else len(art))
            if last - start >= PICTURE:
                found.append(bytes(art[start : last + len(end)]))
            start = following
    return tuple(found)


def _files(package: Package) -> Iterator[bytes]:
    for name in sorted(package.names):
        if name.rpartition("/")[2].startswith("afchunk") and (rich := package.read(name)).startswith(RTF):
            yield rich  # a page or a Word file that is put in is read where it stands
        if "embeddings/" in name:
            inner = unboxed(package.read(name))
            if inner:
                yield inner
    yield from _objects(package)


def _objects(package: Package) -> Iterator[bytes]:
    """The objects of OpenDocument: each is a folder in the same zip, or an OLE file without an ending."""
    for name in sorted(package.names):
        folder, _, base = name.rpartition("/")
        if folder and base == "content.xml" and folder.startswith("object"):
            yield _repacked(package, f"{folder}/")
        elif not folder and name.startswith("object ") and (inner := unboxed(package.read(name))):
            yield inner


def _repacked(package: Package, folder: str) -> bytes:
    """The object's folder as a file of its own. Whether it is a sheet or a text, its content tells."""
    content = package.read(f"{folder}content.xml")
    kind = "spreadsheet" if b"office:spreadsheet" in content else "text"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        for name in package.names:
            if name.startswith(folder) and not name.endswith("/"):
                archive.writestr(name.removeprefix(folder), package.read(name))
    return out.getvalue()


def _pictures(package: Package) -> Iterator[bytes]:
    for name in sorted(package.names):
        if name.startswith(_MEDIA) and not name.endswith("/"):
            data = package.read(name)
            if len(data) >= PICTURE and data.startswith((*IMAGES, *METAFILES)):
                yield data


def unboxed(data: bytes) -> bytes | None:
    """The file in an embedded object: itself, or what its OLE streams hold; None for a drawing or an equation."""
    if not data.startswith(OLE):
        return data or None
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        names = {path[0].lower(): path[0] for path in ole.listdir() if len(path) == 1}
        for plain in ("package", "embeddedodf", "contents"):
            if plain in names:
                return bytes(ole.openstream(names[plain]).read())
        if "\x01ole10native" in names:
            return _native(ole.openstream(names["\x01ole10native"]).read())
        return data if names.keys() & {"workbook", "book", "worddocument"} else None


def _native(stream: bytes) -> bytes | None:
    """The file that was packed as an icon: size, flags, label, path, two more, its path again, size, bytes."""
    at = stream.index(b"\0", stream.index(b"\0", 6) + 1) + 1  # behind the label and the path
    at += 4
    length = int(struct.unpack_from("<I", stream, at)[0])  # of the second path
    at += 4 + length
    size = int(struct.unpack_from("<I", stream, at)[0])
    return bytes(stream[at + 4 : at + 4 + size]) or None
