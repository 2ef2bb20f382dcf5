"""Puts the marked-up workbooks of returned reports, and of drafts to confirm, into the letter about them."""

from dataclasses import replace

from bot.deciding.decide import CONFIRM
from bot.jobs.parts import Bot
from bot.letters.marked import marked
from bot.letters.workbooks import XLSX, file_name
from bot.model.deciding import LetterDraft, LetterFile, Ruling


def with_marked(bot: Bot, draft: LetterDraft, rulings: tuple[Ruling, ...]) -> LetterDraft:
    """The letter with one workbook for each returned report or draft; as it is when there is none."""
    files = tuple(_file(bot, r) for r in rulings if (r.outcome == "returned" or r.why == CONFIRM) and r.about)
    if not files:
        return draft
    names = [f.name for f in files]
    return replace(draft, files=(*draft.files, *files), context={**draft.context, "marked": names})


def _file(bot: Bot, ruling: Ruling) -> LetterFile:
    judged = ruling.judged
    rule = bot.rules.forms[judged.form.form]
    unit = judged.unit or ruling.sender_unit or rule.title
    name = file_name(rule, bot.workbook_words, unit, ruling.about, returned=True)
    return LetterFile(name, marked(rule, bot.workbook_words, judged, ruling.about), XLSX)
