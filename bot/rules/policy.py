"""Everything in rules/ together."""

from functools import cached_property

from pydantic import Field

from bot.rules.assessment import Assessment
from bot.rules.base import Rule
from bot.rules.bounces import Bounces
from bot.rules.bulletin import BulletinRule
from bot.rules.commands import Commands
from bot.rules.forms import FormRule
from bot.rules.links import Links
from bot.rules.reasons import Reasons
from bot.rules.reminders import Reminders
from bot.rules.replies import Replies
from bot.rules.rows import RowsRule
from bot.rules.targets import Targets
from bot.rules.units import Units
from bot.rules.words import Words
from bot.rules.workdays import CalendarFile


class Rules(Rule):
    """Everything in rules/."""

    forms: dict[str, FormRule]
    units: Units
    words: Words
    reasons: Reasons
    reminders: Reminders
    replies: Replies
    bounces: Bounces
    links: Links
    commands: Commands
    targets: Targets
    calendar: CalendarFile
    assessment: Assessment
    bulletin: BulletinRule
    gone: dict[str, str] = Field(default_factory=dict)  # id -> name of the forms that the record alone still knows

    def form_name(self, id_: str) -> str:
        """What a form is called in letters, also one that is no more."""
        if id_ in self.forms:
            return self.forms[id_].name
        return self.words.form_gone.format(name=self.gone.get(id_, id_))

    @cached_property
    def matrices(self) -> dict[str, FormRule]:
        """The forms of numbers, which are owed by the month."""
        return {id_: rule for id_, rule in self.forms.items() if rule.kind == "matrix"}

    @cached_property
    def registers(self) -> dict[str, RowsRule]:
        """The forms of rows."""
        return {id_: rule for id_, rule in self.forms.items() if isinstance(rule, RowsRule)}

    @cached_property
    def papers(self) -> dict[str, FormRule]:
        """The documents that are owed as they are."""
        return {id_: rule for id_, rule in self.forms.items() if rule.kind == "paper"}

    @cached_property
    def asking(self) -> frozenset[str]:
        """The checks whose findings ask for a reason."""
        return frozenset(check.id for rule in self.forms.values() for check in rule.checks if check.asks_reason)

    @cached_property
    def roster(self) -> RowsRule:
        """The list of liaisons."""
        return next(rule for rule in self.registers.values() if rule.appoints)

    @property
    def bulletin_form(self) -> str:
        """The form that the bulletin is about."""
        return self.bulletin.form or self.targets.form
