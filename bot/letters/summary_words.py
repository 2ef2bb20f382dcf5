"""templates/summary.toml: the words of the county's summary workbook."""

from typing import Annotated

from pydantic import AfterValidator, Field

from bot.rules.base import Rule, allow_names

Word = Annotated[str, Field(min_length=1)]


class SummaryWords(Rule):
    """Titles, names of sheets, headings, charts and fonts; states and remarks stand in rules/bulletin.toml."""

    title: Word
    growth_title: Word
    targets_title: Word
    ranking_title: Word
    changes_title: Word
    period_line: Annotated[str, AfterValidator(lambda text: allow_names(text, ("month",)))]
    growth_line: Annotated[str, AfterValidator(lambda text: allow_names(text, ("month", "before")))]
    draft_line: str
    released_line: Annotated[str, AfterValidator(lambda text: allow_names(text, ("day",)))]
    sheet_summary: Word
    sheet_growth: Word
    sheet_targets: Word
    sheet_ranking: Word
    sheet_chart: Word
    sheet_changes: Word
    number: Word
    unit: Word
    kind: Word
    subtotal: Word
    total: Word
    state: Word
    before: Word
    now: Word
    change: Word
    category: Word
    reached: Word
    base: Word
    rate: Word
    target: Word
    until: Word
    gap: Word
    rank: Word
    ranked_by: Word
    group: Word
    period: Word
    change_kind: Word
    announced: Word
    in_force: Word
    county: Word
    beside: Annotated[str, AfterValidator(lambda text: allow_names(text, ("kind",)))]
    apart: Word
    lag: Word
    rated: Word
    rated_reached: Word
    base_note: str
    rate_chart: Word
    reached_chart: Word
    total_chart: Word
    date_format: Word
    title_font: Word
    text_font: Word
