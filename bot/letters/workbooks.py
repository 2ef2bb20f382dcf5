"""The workbook that a unit fills in: the official layout of a form (Annex 4), built from its rule.

Made for the person at the other end: only what is to be filled in can be selected, Tab walks through it, the
sums compute themselves, it prints on one page. The sums have no cached values, as openpyxl does not compute:
programs do when they open the file, and the bot's reader adds up by itself.
"""

import io
import zlib
from typing import TYPE_CHECKING, Any, cast

from bot.letters.blank import Blank
from bot.letters.cells import clean, sheet_title
from bot.letters.sheets import one_page, protect
from bot.letters.workbook_words import WorkbookWords
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# Counts up when the layout of ``blank`` changes. The form's own words show in the stamp by themselves.
LAYOUT = 1
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STAMP = "annex4-bot-form"


def version(rule: FormRule) -> str:
    """The stamp of a workbook made now: form, layout, and a sum over the words on the paper."""
    words = [rule.title, *(label.label for label in (*rule.groups, *rule.columns, *rule.fields)), *rule.notes]
    return f"{rule.id}/{LAYOUT}/{zlib.crc32(chr(10).join(words).encode()):08x}"


def prefilled(
    rule: FormRule,
    words: WorkbookWords,
    *,
    unit: str,
    period: str,
    numbers: Numbers | None,
    reporter: str = "",
    phone: str = "",
) -> bytes:
    """An .xlsx with the unit and the month (``2017-06``) filled in, and what is known: last numbers, who, phone.

    A number that ``numbers`` does not hold leaves its cell empty. ValueError if ``period`` is none.
    Numbers, day, name and phone can be changed; the rest is protected, without a password.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = cast("Worksheet", book.create_sheet(sheet_title(rule.name)))
    blank = Blank(rule, words, sheet)
    blank.heading(period)
    blank.fields("above", {"unit": unit})
    start = blank.table(numbers or {})
    blank.fields("below", {"reporter": reporter, "phone": phone})
    blank.notes()
    one_page(sheet, blank.row, blank.width)
    protect(sheet, start)
    return saved(book, rule)


def saved(book: Any, rule: FormRule) -> bytes:
    """The bytes of a workbook of a form: stamped, and computed by whichever program opens it."""
    from openpyxl.packaging.custom import StringProperty

    book.custom_doc_props.append(StringProperty(name=STAMP, value=version(rule)))
    book.properties.title = clean(rule.title)
    book.properties.creator = ""
    book.calculation.fullCalcOnLoad = True
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
