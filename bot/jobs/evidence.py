"""What a question is about, as files for the letter that asks it: an attachment that waits, a letter that is held.

What strangers send comes as values, and not as code: of a workbook a copy with its values alone, of a document what can
do no more than show itself; all else is named, and kept. A liaison's PC may be broken into: his files are no exception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.letters.values import values_book
from bot.letters.workbook_words import safe_name
from bot.letters.workbooks import XLSX
from bot.model.deciding import LetterFile
from bot.model.mail import Attachment
from bot.reading.active import is_active
from bot.record import correspondence, reports
from bot.record.questions import ABOUT_LETTERS

EACH, ALL = 3 << 20, 8 << 20  # bytes; what is larger lies in the mailbox, and is named
# The one ending by which each kind is passed on: a stranger's report.hta may hold a table as well as a script.
SHEETS = frozenset({"xlsx", "xls", "ods", "csv", "html"})
ENDINGS = {"docx": ("docx",), "odt": ("odt",), "pdf": ("pdf",), "doc": ("doc", "wps", "rtf")}
PICTURES = ("jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "heic", "webp")
COMMAND = "python -m bot explain {mail} --files DIR"
OCTETS, MAIL = "application/octet-stream", "message/rfc822"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Files for a letter; and of which questions the file is a copy (``values``) or is missing (``withheld``), with
    the command that writes out what came."""

    files: tuple[LetterFile, ...]
    originals: dict[int, dict[str, str]]


def evidence(bot: Bot, conn: Connection, rows: Sequence[Row[Any]], mails: Mapping[int, Opened]) -> Evidence:
    """The files of all questions, each named by its number; ``mails`` are those that they are about, opened."""
    found: list[LetterFile] = []
    originals: dict[int, dict[str, str]] = {}
    room = ALL
    for row in rows:
        file, how = _file(bot, conn, row, mails)
        if file is not None and len(file.data) > min(EACH, room):
            file, how = None, "withheld" if how else ""
        if file is not None:
            found.append(file)
            room -= len(file.data)
        if how:
            originals[row.id] = {"how": how, "command": COMMAND.format(mail=row.mail_id)}
    return Evidence(tuple(found), originals)


def _file(bot: Bot, conn: Connection, row: Row[Any], mails: Mapping[int, Opened]) -> tuple[LetterFile | None, str]:
    if row.report_id is not None and row.mail_id is not None:
        return _attachment(bot, conn, row, mails.get(row.mail_id))
    if row.kind in ABOUT_LETTERS and row.letter_key is not None:
        mime = correspondence.bytes_of(conn, row.letter_key)
        return (LetterFile(f"{row.id}.eml", mime, OCTETS) if mime else None), ""
    return None, ""


def _attachment(bot: Bot, conn: Connection, row: Row[Any], opened: Opened | None) -> tuple[LetterFile | None, str]:
    """The attachment in which the report stood; nothing for one in the mail's own text."""
    report = reports.open_question(conn, row.report_id)
    if report is None:
        return None, ""
    if opened is None:
        return None, "withheld"
    came = next((a for a in opened.mail.attachments if a.name == report.document), None)
    return _passed(bot, row.id, came) if came else (None, "")


def _passed(bot: Bot, number: int, came: Attachment) -> tuple[LetterFile | None, str]:
    opened = bot.reader.look(came.data)
    stem, dot, ending = came.name.rpartition(".")
    name = f"{number}-{stem if dot else came.name}"
    if opened.kind in SHEETS:
        grids = (*opened.grids, *opened.hidden)
        return (LetterFile(safe_name(f"{name}.xlsx"), values_book(grids), XLSX) if grids else None), (
            "values" if grids else "withheld"
        )
    if is_active(came.data, opened.kind):
        return None, "withheld"
    fitting = PICTURES if opened.kind == "image" else ENDINGS[opened.kind]
    if ending.lower() not in fitting:
        name = f"{name}_.{'png' if opened.kind == 'image' else fitting[0]}"
    else:
        name = f"{name}.{ending}"
    return LetterFile(safe_name(name), came.data, OCTETS), ""
