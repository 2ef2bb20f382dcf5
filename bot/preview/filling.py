"""A sample as it is written in cases/*.toml -> the values of a template, with the words of this installation.

    { like = "form", version = 2 }             the part of that name, with other values
    "@none"                                    no value
    "@form.title", "@reasons.waiting.locked"   what the rules say
    { make = "fill", sentence = "@checks.total", … }    a sentence of the rules, filled in
    { make = "table", counts = [[…]] }         numbers under the labels of the form
    { make = "share", reached = 8, base = 10 } a distance to a target, with rate and pace

The form is the one that rules/targets.toml names. What these rules do not have (a check, a third category) is left out
of the list that it stands in.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from bot.deciding.formwords import form_words
from bot.deciding.guiding import guide
from bot.deciding.rounding import shown_rate
from bot.letters.workbook_words import WorkbookWords
from bot.rules.policy import Rules

NONE = "@none"
UNTIL, MONTHS_LEFT = date(2017, 12, 31), 6  # the samples tell of June 2017


class Lacking(Exception):
    """These rules have nothing of that name."""


class Filler:
    """Fills the samples of one installation. ``parts`` are what several samples have in common."""

    def __init__(self, parts: Mapping[str, Any], rules: Rules, words: WorkbookWords, zone: ZoneInfo) -> None:
        self._parts, self._rules, self._words, self._zone = parts, rules, words, zone
        self._form = rules.matrices[rules.targets.form]
        self._makers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "fill": self._filled,
            "table": self._table,
            "share": self._share,
        }

    def fill(self, value: Any) -> Any:
        """The value with everything in it resolved. ``Lacking`` names what these rules do not have."""
        if isinstance(value, dict):
            whole = self._whole(value)
            maker = whole.pop("make", None)
            filled = {key: self.fill(item) for key, item in whole.items()}
            return self._makers[maker](filled) if maker else filled
        if isinstance(value, list):
            return [item for item in map(self._or_lacking, value) if item is not Lacking]
        if isinstance(value, datetime):
            return value.replace(tzinfo=self._zone)
        if isinstance(value, str) and value.startswith("@"):
            return self._named(value[1:])
        return value

    def _or_lacking(self, value: Any) -> Any:
        try:
            return self.fill(value)
        except Lacking:
            return Lacking

    def _whole(self, value: dict[str, Any]) -> dict[str, Any]:
        """A table with the part that it is like, and the part that that is like."""
        if "like" not in value:
            return dict(value)
        return {**self._whole(self._parts[value["like"]]), **{k: v for k, v in value.items() if k != "like"}}

    def _named(self, name: str) -> Any:
        if f"@{name}" == NONE:
            return None
        first, *rest = name.split(".")
        try:
            match first:
                case "form":
                    return self._of_form(*rest)
                case "guide":
                    return guide(self._rules)
                case "whole":
                    return self._rules.targets.label
                case "checks":
                    return self._check(*rest)
                case "commands" if rest[0] != "answers":
                    rule = self._rules.commands.rule(rest[0])
                    return rule.words[0] if rest[1] == "word" else getattr(rule, rest[1])
                case "workbook":
                    return getattr(self._words, rest[0])
            found: Any = getattr(self._rules, first)
            for step in rest:
                found = found[step] if isinstance(found, Mapping) else getattr(found, step)
        except (LookupError, AttributeError) as error:
            raise Lacking(name) from error
        return found

    def _of_form(self, what: str, *place: str) -> Any:
        """Of the form: ``title``, ``name``, ``words``, ``groups``, ``columns``; a category (``group.0``), a cell
        (``cell.0.2``), a sum (``sum.0``)."""
        form, at = self._form, [int(n) for n in place]
        match what:
            case "words":
                return form_words(form.id, self._rules)
            case "groups" | "columns":
                return [part.label for part in getattr(form, what)]
            case "group":
                return form.groups[at[0]].label
            case "cell":
                return form.label_of(form.groups[at[0]].id, form.columns[at[1]].id)
            case "sum":
                return f"{form.groups[at[0]].label}·{form.headings.subtotals[0]}"
        return getattr(form, what)

    def _check(self, id_: str, case: str = "") -> str:
        found = self._form.check(id_, case)
        if found is None:
            raise Lacking(id_)
        return found.message

    def _filled(self, values: dict[str, Any]) -> str:
        return str(values.pop("sentence")).format(**{"place": "", **values})

    def _table(self, values: dict[str, Any]) -> dict[str, Any]:
        columns = [column.label for column in self._form.columns]
        stated = values.get("stated", [None] * len(values["counts"]))
        groups = [
            {"label": group.label, "counts": _as_long(counts, len(columns)), "subtotal": subtotal, "stated": wrong}
            for group, counts, subtotal, wrong in zip(
                self._form.groups, values["counts"], values["subtotals"], stated, strict=False
            )  # as many as all have
        ]
        return {"columns": columns, "groups": groups, "total": values["total"], "stated": None}

    def _share(self, values: dict[str, Any]) -> dict[str, Any]:
        plain: dict[str, Any] = {"base": None, "target": None, "gap": None, "growth": None, "newcomers": 0, "first": 0}
        plain |= {"over": None, "lag": None, **values}
        targeted, gap, over = plain["target"] is not None, plain["gap"], plain["over"]
        reached, words = over["reached"] if over and over["reached"] else plain["reached"], self._rules.targets.pace
        return {
            **plain,
            "rate": shown_rate(Fraction(reached, plain["base"]), plain["target"]) if plain["base"] else None,
            "lag_word": getattr(words.words, plain["lag"]) if words and plain["lag"] else None,
            "until": UNTIL if targeted else None,
            "months_left": MONTHS_LEFT if targeted else None,
            "pace": None if gap is None else -(-gap // MONTHS_LEFT),
        }


def _as_long(counts: list[Any], length: int) -> list[Any]:
    return (counts + [0] * length)[:length]
