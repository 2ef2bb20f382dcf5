"""The workbook that a unit gets to fill in: of a form of numbers, or of rows; a document has none."""

from sqlalchemy import Connection

from bot.jobs.parts import Bot
from bot.letters.rowbooks import register
from bot.letters.workbook_words import file_name
from bot.letters.workbooks import XLSX, prefilled
from bot.model.deciding import Accepted, LetterFile, Obligation
from bot.model.people import Liaison
from bot.record import versions
from bot.rules.rows import RowsRule


def workbook_for(
    bot: Bot, conn: Connection, owed: Obligation, earlier: Accepted | None, person: Liaison
) -> LetterFile | None:
    """Filled with unit and month, who reports, and what is known: the numbers of the ``earlier`` report, or the rows
    on record."""
    rule, words = bot.rules.forms[owed.form], bot.workbook_words
    if rule.kind == "paper":
        return None
    name = file_name(rule, words, owed.unit, owed.period)
    if isinstance(rule, RowsRule):
        current = versions.accepted(conn, owed.form, owed.unit, owed.period)
        content = current.content if current else []
        data = register(rule, words, unit=owed.unit, content=content, reporter=person.name, phone=person.mobile)
    else:
        data = prefilled(
            rule,
            words,
            unit=owed.unit,
            period=owed.period,
            numbers=earlier.numbers if earlier else None,
            reporter=person.name,
            phone=person.mobile,
        )
    return LetterFile(name, data, XLSX)
