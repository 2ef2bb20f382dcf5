"""Mends the XML of .xlsx sheets before a reader lays them out: far cells are cut out, formulas shown.

One value that a hand left in XFD1048576 makes a dense reader ask for gigabytes; the form stands elsewhere. A
formula that no program ever calculated has no value, and for a reader its cell is blank: it is written as its
text, so that it does not look as if nothing were there. Runs in the guarded process only.
"""

import io
import re
import zipfile

from bot.reading.precheck import FAR

STRAYS = 1_000  # far values of one file; a sheet that is full of them is no sheet with a stray cell
_TAG = re.compile(rb"<((?:\w+:)?c)\b")
# Cells may leave out where they stand; then the row says it. Few programs write so.
_PLACELESS = (b"<c>", b"<c s=", b"<c t=", b":c>", b":c s=", b":c t=")
_FAR_ROW = re.compile(rb"""<((?:\w+:)?row)\b(?=[^<>]*?\br\s*=\s*["']\d{5,}["'])[^<>]*+(?<!/)>""")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is|f)\b")
# A cell with a formula and no value, or an empty one.
_UNCALCULATED = re.compile(
    rb"<((?:\w+:)?)c\b([^<>]*+)>\s*+<\1f\b(?:[^<>/]|/(?!>))*+(?:/>|>([^<]*+)</\1f\s*+>)"
    rb"\s*+(?:<\1v\s*+/>|<\1v\s*+>\s*+</\1v\s*+>)?\s*+</\1c\s*+>"
)
_TYPE = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")


def mended(data: bytes) -> tuple[bytes | None, bool]:
    """The workbook with mended sheets, and whether something was cut out; None when there are too many far
    values. Raises what zipfile raises on damage; looks only at members that ``precheck`` has let pass."""
    changed: dict[str, bytes] = {}
    budget, cut = STRAYS, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            even = name.replace("\\", "/").lower()
            if not even.startswith("xl/worksheets/") or not even.endswith(".xml"):
                continue
            xml = archive.read(name)
            near, strays = _without_far(xml)
            budget -= strays
            if budget < 0:
                return None, True
            cut = cut or bool(strays)
            shown = _UNCALCULATED.sub(_shown, near) if b"<f" in near or b":f" in near else near
            if shown is not xml and shown != xml:
                changed[name] = shown
        return (rewritten(archive, changed) if changed else data), cut


def _without_far(xml: bytes) -> tuple[bytes, int]:
    """The sheet without the values from row 10,000 or column AAA on, and how many there were. Empty cells that
    only carry a style stay: they cost a reader nothing, and a million of them is common."""
    near, strays = _cut(xml, FAR, _TAG)
    if any(mark in near for mark in _PLACELESS):
        near, more = _cut(near, _FAR_ROW, _FAR_ROW)
        strays += more
    return near, strays


def _cut(xml: bytes, far: re.Pattern[bytes], tag: re.Pattern[bytes]) -> tuple[bytes, int]:
    """The XML without the elements that begin where ``far`` is found and hold values, and how many values."""
    kept: list[bytes] = []
    position = values = 0
    for found in far.finditer(xml):
        opened = tag.match(xml, found.start())
        assert opened  # FAR begins with such a tag, too
        end = xml.find(closing := b"</" + opened[1] + b">", found.end())
        if end < 0:
            return xml, STRAYS + 1  # its end is not to be found: give the file up, before a reader lays it out
        if found.start() < position:
            continue
        inside = len(_VALUE.findall(xml, opened.end(), end))
        if inside:
            kept.append(xml[position : found.start()])
            position = end + len(closing)
            values += 1
        if values > STRAYS:
            break
    return (b"".join([*kept, xml[position:]]), values) if kept else (xml, 0)


def _shown(cell: re.Match[bytes]) -> bytes:
    prefix, attributes, formula = cell[1], cell[2], cell[3] or b"..."  # a shared formula stands in another cell
    kind = _TYPE.search(attributes)
    if kind and kind[1] == b"str":
        return cell[0]  # calculated: it is an empty text
    p, bare = prefix, _TYPE.sub(b"", attributes)
    return b'<%bc%b t="inlineStr"><%bis><%bt>=%b</%bt></%bis></%bc>' % (p, bare, p, p, formula, p, p, p)


def rewritten(archive: zipfile.ZipFile, changed: dict[str, bytes]) -> bytes:
    """The workbook with other bytes in some of its members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for info in archive.infolist():
            copy = zipfile.ZipInfo("x")
            copy.filename = info.filename  # behind the back of ZipInfo, which mends separators
            new.writestr(copy, changed[info.filename] if info.filename in changed else archive.read(info))
    return out.getvalue()
