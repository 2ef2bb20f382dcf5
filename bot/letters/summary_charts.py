"""The charts of the summary workbook: Excel's own, over the cells of its sheets."""

from typing import Any

from bot.letters.cells import clean
from bot.letters.ledger import COUNT, Ledger
from bot.letters.summary_words import SummaryWords

REACHED, TARGET = "B3261E", "9AA5B1"  # the red of the bulletin's head, and a grey that steps back


def by_category(sheet: Ledger, words: SummaryWords, first: int, last: int, *, with_rates: bool) -> None:
    """Each category's rate beside its target; where no rate is known, what was reached. Below the list."""
    from openpyxl.chart import Reference

    ws = sheet.sheet
    chart = _bars(words.rate_chart if with_rates else words.reached_chart, 22, 10.5)
    for column, colour in ((4, REACHED), (5, TARGET)) if with_rates else ((2, REACHED),):
        chart.add_data(Reference(ws, min_col=column, min_row=first - 1, max_row=last), titles_from_data=True)
        _paint(chart.series[-1], colour)
    chart.set_categories(Reference(ws, min_col=1, min_row=first, max_row=last))
    chart.y_axis.number_format = "0%" if with_rates else COUNT
    if not with_rates:
        chart.legend = None
    ws.add_chart(chart, f"A{sheet.row + 2}")


def by_unit(on: Ledger, of: Ledger, words: SummaryWords, first: int, last: int) -> None:
    """The totals of some units, in the order of the list ``of``, on a page of their own."""
    from openpyxl.chart import Reference

    chart = _bars(words.total_chart, 26, 13)
    chart.add_data(Reference(of.sheet, min_col=4, min_row=first - 1, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(of.sheet, min_col=3, min_row=first, max_row=last))
    _paint(chart.series[0], REACHED)
    chart.legend = None
    chart.y_axis.number_format = COUNT
    _name_every_one(chart.x_axis)
    on.sheet.add_chart(chart, f"A{on.row + 1}")


def _bars(title: str, width: float, height: float) -> Any:
    """Upright bars with their values, so many centimetres wide and high."""
    from openpyxl.chart import BarChart
    from openpyxl.chart.label import DataLabelList

    chart: Any = BarChart()
    chart.type, chart.title, chart.gapWidth = "col", clean(title), 60
    chart.width, chart.height = width, height
    chart.dataLabels = DataLabelList()
    chart.dataLabels.showVal = True
    for name in ("showSerName", "showCatName", "showLegendKey", "showPercent"):
        setattr(chart.dataLabels, name, False)
    chart.x_axis.delete = chart.y_axis.delete = False  # absent means "deleted" to newer programs
    chart.y_axis.scaling.min = 0
    return chart


def _name_every_one(axis: Any) -> None:
    """Each bar's name, small and upright: of fifty a program would otherwise leave out every second one."""
    from openpyxl.chart.text import RichText
    from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties

    small = ParagraphProperties(defRPr=CharacterProperties(sz=800))
    upright = RichTextProperties(rot=-5400000, vert="horz")  # 60,000ths of a degree
    axis.txPr = RichText(bodyPr=upright, p=[Paragraph(pPr=small, endParaRPr=CharacterProperties())])
    axis.tickLblSkip = 1


def _paint(series: Any, colour: str) -> None:
    series.graphicalProperties.solidFill = colour
    series.graphicalProperties.line.solidFill = colour
