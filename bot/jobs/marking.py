"""Puts the marked-up workbooks of returned reports, and of drafts to confirm, into the letter about them."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.deciding.decide import CONFIRM
from bot.jobs.attached import attached
from bot.jobs.parts import Bot
from bot.letters.marked import marked
from bot.letters.rowbooks import marked_register
from bot.letters.workbook_words import file_name
from bot.letters.workbooks import XLSX
from bot.model.deciding import LetterDraft, LetterFile, Ruling
from bot.rules.rows import RowsRule


def with_marked(
    bot: Bot, conn: Connection, draft: LetterDraft, rulings: tuple[Ruling, ...], now: datetime
) -> LetterDraft:
    """The letter with one workbook for each returned report or draft; as it is when there is none."""
    back = [r for r in rulings if _goes_back(bot, r)]
    tried = (attached(bot, conn, now, r.judged.document, partial(_file, bot, r)) for r in back)
    files = tuple(file for file in tried if file is not None)
    if not files:
        return draft
    names = [f.name for f in files]
    return replace(draft, files=(*draft.files, *files), context={**draft.context, "marked": names})


def _goes_back(bot: Bot, ruling: Ruling) -> bool:
    """A document has no cells to mark, and an empty form nothing to mend."""
    wrong = ruling.outcome == "returned" or ruling.why == CONFIRM
    return wrong and bool(ruling.about) and bot.rules.forms[ruling.judged.form.form].kind != "paper"


def _file(bot: Bot, ruling: Ruling) -> LetterFile:
    judged = ruling.judged
    rule = bot.rules.forms[judged.form.form]
    unit = judged.unit or ruling.sender_unit or rule.title
    name = file_name(rule, bot.workbook_words, unit, ruling.about, returned=True)
    if isinstance(rule, RowsRule):
        return LetterFile(name, marked_register(rule, bot.workbook_words, judged), XLSX)
    return LetterFile(name, marked(rule, bot.workbook_words, judged, ruling.about), XLSX)
