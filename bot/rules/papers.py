"""A document that is owed as it is: a plan, a summary. Nobody reads numbers out of it."""

from bot.rules.forms import FormRule, Headings, Labelled

NO_TABLE = Headings(groups="", columns="", values=("-",), subtotals=("-",), total=("-",))


class PaperRule(FormRule):
    """One file rules/<form>.toml with ``kind = "paper"``: known by its ``keywords`` in the name of a file or in the
    subject, or because it answers the letter that asked for it. It has no table."""

    headings: Headings = NO_TABLE
    groups: tuple[Labelled, ...] = ()
    columns: tuple[Labelled, ...] = ()
