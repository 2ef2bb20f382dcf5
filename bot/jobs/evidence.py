"""What a question is about, as files for the letter that asks it: an attachment that waits, a letter that is held."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from bot.jobs.parts import Bot
from bot.letters.workbook_words import safe_name
from bot.model.deciding import LetterFile
from bot.record import archive, correspondence, reports
from bot.record.questions import ABOUT_LETTERS

EACH, ALL = 3 << 20, 8 << 20  # bytes; what is larger lies in the mailbox, and is named
# What opens in a program that only shows it, or asks before it does more. A stranger's report.hta holds a table as well
# as a script, and comes to the office from an address that it trusts.
OFFICE_FILES = {"xlsx", "xls", "xlsm", "et", "ett", "ods", "docx", "doc", "odt", "wps", "rtf", "pdf", "ofd", "csv"} | {
    "txt"
}
SHOWN = OFFICE_FILES | {"jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "heic"}
OCTETS, MAIL = "application/octet-stream", "message/rfc822"


def evidence(bot: Bot, conn: Connection, rows: Sequence[Row[Any]]) -> tuple[LetterFile, ...]:
    """The files of all questions, as they came, each named by its number."""
    found: list[LetterFile] = []
    room = ALL
    for row in rows:
        for file in _files(bot, conn, row):
            if len(file.data) <= min(EACH, room):
                found.append(file)
                room -= len(file.data)
    return tuple(found)


def _files(bot: Bot, conn: Connection, row: Row[Any]) -> Iterator[LetterFile]:
    if row.report_id is not None and row.mail_id is not None:
        yield from _attachment(bot, conn, row)
    elif row.kind in ABOUT_LETTERS and row.letter_key is not None:
        mime = correspondence.bytes_of(conn, row.letter_key)
        if mime:
            yield LetterFile(f"{row.id}.eml", mime, OCTETS)


def _attachment(bot: Bot, conn: Connection, row: Row[Any]) -> Iterator[LetterFile]:
    """The attachment in which the report stood; nothing for one in the mail's own text."""
    report = reports.open_question(conn, row.report_id)
    raw = archive.raw_of(conn, row.mail_id)
    if report is None or raw is None:
        return
    mail = bot.unwrapped(raw)
    for attachment in mail.attachments:
        if attachment.name == report.document:
            yield LetterFile(safe_name(f"{row.id}-{_inert(attachment.name)}"), attachment.data, OCTETS)
            return


def _inert(name: str) -> str:
    """The name, by which no double click starts anything."""
    _, dot, ending = name.rpartition(".")
    return name if not dot or ending.lower() in SHOWN else f"{name}_"
