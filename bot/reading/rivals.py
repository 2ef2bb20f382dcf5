"""What the numbers of a form could also be: other sets of numbers on the paper, and marks on their own cells. Pure.

A form with a rival is to be confirmed by its sender. Which set is the form's, ``labels`` decides; here its choice
becomes one rival for each number that would be another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.model.forms import Count, Form, Other, Rival, RivalKind, Written
from bot.reading.labels import About, Choice, Line, choose
from bot.reading.written import day, month
from bot.rules.base import even
from bot.rules.forms import FormRule
from bot.rules.words import Words

NAMED = 3  # parts of a unit that are named to its liaison


@dataclass(frozen=True)
class Side:
    """A form, and the labels that stand over it: several on one sheet, or in one file, may be the same one."""

    form: Form
    labels: tuple[str, ...]


def about(fields: Mapping[str, Written], rule: FormRule, words: Words) -> About:
    """What a form says of itself. Its year is that of its month, else the one in which that month was last over when
    it was filled in."""
    written = {id_: text.text for id_, text in fields.items()}
    year, number = month(written.get("period", ""))
    filled = day(written.get("filled_on", ""), None)
    if year is None and number is not None and filled is not None:
        year = filled.year - (number > filled.month)
    return About(words.lines, rule.cumulative, year, number, written.get("unit", ""))


def of_choice(choice: Choice) -> tuple[Rival, ...]:
    """Every number of the chosen set that would be another one in another set that no label told apart; of parts of the
    unit one, for all of them."""
    line = choice.line
    if choice.parts:
        return (_of_parts((line, *choice.rivals)),)
    others = [other for other in choice.rivals if not _is_explained(other, line)]
    found: list[Rival] = []
    for part, taken in line.counts.items():
        read = Other(taken.written, taken.place, line.name)
        there = tuple(
            Other(said.written, said.place, other.name, said.mark == "hidden")
            for other in others
            if (said := other.counts.get(part)) and said.doubt != "blank" and said.value != taken.value
        )
        if there:
            found.append(Rival(("count", *part), "line", read, there))
        elif choice.contradicted and taken.doubt != "blank":
            found.append(Rival(("count", *part), "label", read))
    return tuple(found)


def _of_parts(lines: Sequence[Line]) -> Rival:
    """The names of the parts, and what they add up to."""
    groups = dict.fromkeys(group for group, _ in lines[0].counts)
    sums = {part: sum(line.value(part) or 0 for line in lines) for part in lines[0].counts}
    others = (Other("、".join(str(n) for (g, _), n in sums.items() if g == group), "", group) for group in groups)
    place = next(iter(lines[0].counts.values())).place
    return Rival(
        (), "parts", Other(str(len(lines)), place, "、".join(line.name for line in lines[:NAMED])), tuple(others)
    )


def settled(form: Form) -> Form:
    """The form with what the marks on its own cells make doubtful. A sum that was not computed states nothing, and one
    that could be another states what its numbers add up to, or is asked."""
    cells = {(group, id_): count for group, row in form.counts.items() for id_, count in row.items()}
    found = list(form.rivals)
    if any(rival.kind == "parts" for rival in found):
        blank = {g: {c: Count(None, "", n.place, "parts") for c, n in row.items()} for g, row in form.counts.items()}
        return replace(form, counts=blank, confidence="confirm")
    marked = (_of_mark(("count", *part), count) for part, count in cells.items())
    found += [rival for rival in marked if rival]
    subtotals = dict(form.subtotals)
    for group, stated in form.subtotals.items():
        added = sum(c.value or 0 for c in form.counts.get(group, {}).values())
        subtotals[group], rival = _sum(("subtotal", group), stated, added)
        found += [rival] if rival else []
    total = form.total
    if total:
        total, rival = _sum(("total",), total, sum(c.value or 0 for c in cells.values()))
        found += [rival] if rival else []
    confidence = "confirm" if found else form.confidence
    return replace(form, subtotals=subtotals, total=total, rivals=tuple(found), confidence=confidence)


def of_sheet(form: Form) -> Form:
    """The form with the month that the sheet's name says, where its own is blank."""
    written = form.fields.get("period")
    if month(written.text if written else "")[1] is not None or month(form.place)[1] is None or form.place.isdecimal():
        return form
    return replace(form, fields={**form.fields, "period": Written(form.place, written.place if written else "")})


def one_of_each(sides: Sequence[Side], rule: FormRule, words: Words) -> tuple[Form, ...]:
    """The forms, those that name the same unit (or its parts) and month as one: the one that a label decides for, else
    the first one, with the others' numbers as rivals. Blank ones stay as they are; one of another month that nobody
    sees is none."""
    taken: list[list[Side]] = []
    for side in sides:
        same = next((those for those in taken if all(_is_same(one.form, side.form, words) for one in those)), None)
        if same is None:
            taken.append([side])
        else:
            same.append(side)
    seen = [those for those in taken if not all(_line(side.form, ()).is_hidden for side in those)]
    return tuple(_one(those, rule, words) for those in seen or taken)


def _one(sides: Sequence[Side], rule: FormRule, words: Words) -> Form:
    if len(sides) == 1:
        return sides[0].form
    fields: dict[str, Written] = {}
    for side in sides:
        fields = {**side.form.fields, **{id_: text for id_, text in fields.items() if text.text}}
    sides = [_named_by_part(side, words) for side in sides]
    whole = [text for side in sides if (text := side.form.fields.get("unit")) and not words.lines.is_part(text.text)]
    said = {**fields, "unit": whole[0] if whole else Written("", "")}
    shared = set(sides[0].labels).intersection(*(side.labels for side in sides[1:]))
    lines = [_line(side.form, tuple(label for label in side.labels if label not in shared)) for side in sides]
    choice = choose(lines, about(said, rule, words))
    form = next(side.form for side, line in zip(sides, lines, strict=True) if line is choice.line)
    own = {**said, **{id_: text for id_, text in form.fields.items() if text.text}}
    more = [rival for rival in of_choice(choice) if rival.target not in {known.target for known in form.rivals}]
    found = (*form.rivals, *more)
    form = replace(form, fields=own, rivals=found, confidence="confirm" if found else form.confidence)
    return settled(form) if choice.parts else form


def _line(form: Form, labels: tuple[str, ...]) -> Line:
    counts = {(group, id_): count for group, row in form.counts.items() for id_, count in row.items()}
    return Line(labels, counts)


def _named_by_part(side: Side, words: Words) -> Side:
    """A part of the unit may be named where the unit is to be named."""
    unit = _text(side.form, "unit")
    return replace(side, labels=(*side.labels, unit)) if words.lines.is_part(unit) else side


def _is_same(one: Form, other: Form, words: Words) -> bool:
    """Whether two forms with numbers are of one unit and month, as far as they say it."""
    if not (_is_filled(one) and _is_filled(other)):
        return False
    named = (text for form in (one, other) if (text := _text(form, "unit")))
    units = {even(text) for text in named if not words.lines.is_part(text)}
    months = [month(_text(form, "period")) for form in (one, other)]
    return len(units) < 2 and all(None in pair or pair[0] == pair[1] for pair in zip(*months, strict=True))


def _text(form: Form, id_: str) -> str:
    return form.fields[id_].text if id_ in form.fields else ""


def _is_filled(form: Form) -> bool:
    return any(count.doubt != "blank" for row in form.counts.values() for count in row.values())


def _is_explained(other: Line, line: Line) -> bool:
    """Whether a set without a label is what the numbers of the other add up to: by group, by column, or in all."""
    if other.labels:
        return False
    sums: dict[str, int] = {}
    for (group, id_), count in line.counts.items():
        for key in (f"group {group}", f"column {id_}", "total"):
            sums[key] = sums.get(key, 0) + (count.value or 0)
    filled = {part: c.value for part, c in other.counts.items() if c.doubt != "blank"}
    groups = [sums.get(f"group {group}") for group, _ in filled]
    columns = [sums.get(f"column {id_}") for _, id_ in filled]
    return list(filled.values()) in (groups, columns, [sums.get("total")])


def _of_mark(target: tuple[str, ...], read: Count) -> Rival | None:
    """What the mark on a cell makes of its number; nothing, where both readings are the same number."""
    if read.mark is None or (read.mark in ("struck", "raised", "covered") and not _differs(read)):
        return None
    if read.doubt == "blank" and not _digits(read.other):
        return None
    if read.mark == "hidden" and read.value == 0 and not _digits(read.other).strip("0"):
        return None  # a 0 that is not shown is as good as the nothing that is seen
    others = (Other(read.other, read.place),) if read.other and read.mark != "uncomputed" else ()
    kind: RivalKind = "concealed" if read.mark == "hidden" and others else read.mark
    return Rival(target, kind, Other(read.written, read.place), others)


def _differs(read: Count) -> bool:
    if not read.other:
        return True  # nobody can tell it
    digits = _digits(read.other)
    return digits != _digits(read.written) if digits or read.doubt != "blank" else False


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isnumeric())


def _sum(target: tuple[str, ...], stated: Count, added: int) -> tuple[Count, Rival | None]:
    if stated.mark is None or stated.value == added:
        return stated, None
    blank = Count(None, stated.written, stated.place, "blank")
    return blank, None if stated.mark in ("uncomputed", "hidden") else _of_mark(target, stated)
