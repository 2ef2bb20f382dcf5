"""The files that people make by themselves: a report in their own workbook, a plan, registers, a list of liaisons."""

from datetime import date

from bot.demo import papers, writing
from bot.demo.acts import Act
from bot.demo.letterbox import OutOfPlot
from bot.demo.liaisons import filled
from bot.demo.story import Person, Story
from bot.demo.writing import File
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules
from bot.rules.units import Unit


def numbers_of(rule: FormRule, counts: tuple[int, ...]) -> Numbers:
    """The counts of a form, group by group, under their ids. ValueError if there are too few or too many."""
    cells = [(g.id, c.id) for g in rule.groups for c in rule.columns]
    numbers: Numbers = {g.id: {} for g in rule.groups}
    for (group, column), count in zip(cells, counts, strict=True):
        numbers[group][column] = count
    return numbers


class Desk:
    """Makes each person's files, always the same ones for the same act and day."""

    def __init__(self, story: Story, rules: Rules) -> None:
        self.story, self.words, self.rules = story, story.words, rules
        self.units = {u.id: u for u in rules.units.units}
        self.rule = rules.forms[rules.targets.form]

    def file(self, act: Act, day: date) -> File:
        """What the act sends. OutOfPlot if its author has nothing to report."""
        person, unit = self._person(act), self.units[act.who]
        match act.does:
            case "plans":
                lines = [line.format(unit=unit.name) for line in self.words.plan]
                return File(self.words.plan_name.format(unit=unit.name), papers.document(lines))
            case "registers":
                return File(self.words.registers_name.format(unit=unit.name), self._registers(act, person, unit, day))
            case "lists":
                known = {"unit": unit.name, "name": person.name, "mobile": person.mobile, "email": ""}
                return File(self.words.list_name.format(unit=unit.name), papers.listed(self.rules.roster, known))
        return self._report(act, person, unit, day)

    def counts(self, act: Act) -> tuple[int, ...]:
        """The numbers that an act reports: its own, else its person's."""
        return act.numbers or self._person(act).numbers

    def month(self, act: Act) -> str:
        """The month as an act writes it."""
        return act.month or self.words.month.format(month=int(self.story.period[5:]))

    def _report(self, act: Act, person: Person, unit: Unit, day: date) -> File:
        data = filled(
            self.rule,
            act.written or unit.full_name or unit.name,
            self.month(act),
            self._date(day),
            numbers_of(self.rule, self.counts(act)),
            person.name,
            person.mobile,
            wrong_total=act.total,
            style=act.style,
            letterhead=tuple(line.format(unit=unit.name, month=self.month(act)) for line in self.words.letterhead),
            measure=self.words.measure,
        )
        name = self.words.file.format(unit=unit.name, month=self.month(act))
        file = File(name, data[: len(data) // 2] if act.does == "spoils" else data)
        return writing.packed(file, act.packed) if act.packed else file

    def _registers(self, act: Act, person: Person, unit: Unit, day: date) -> bytes:
        """A sheet for each register, with as many enterprises as the unit has of each sort."""
        fields = {"unit": unit.name, "filled_on": self._date(day), "reporter": person.name, "phone": person.mobile}
        counts = dict(zip([g.id for g in self.rule.groups], person.base, strict=True))
        place = min(unit.names, key=len)
        sheets = []
        for rule in self.rules.registers.values():
            if rule.base_of == self.rule.id:
                tables = [list(self.story.enterprises.rows(g.id, place, counts[g.id])) for g in rule.groups]
                sheets.append((rule, tables))
        if act.twice:
            first = sheets[0][1][0]
            first.append(first[act.twice - 1])
        return papers.registers(sheets, fields)

    def _date(self, day: date) -> str:
        return self.words.date.format(year=day.year, month=day.month, day=day.day)

    def _person(self, act: Act) -> Person:
        person = self.story.person(act.who)
        if person is None:
            raise OutOfPlot(f"{act.who} has nothing to report")
        return person
