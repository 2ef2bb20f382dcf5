"""The people of the story: they read the letters that they really received, and write mails as people do."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from bot.demo import writing
from bot.demo.filling import fill_in
from bot.demo.liaisons import filled
from bot.demo.story import Act, Person, Story
from bot.demo.writing import File, Received, Written
from bot.errors import BotError
from bot.model.deciding import Numbers
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

if TYPE_CHECKING:
    from bot.demo.servers import PostOffice


class OutOfPlot(BotError):
    """The story asks somebody to do what he cannot: he has not received the letter that he is to answer."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A mail on its way to the bot."""

    sender: str
    subject: str
    data: bytes
    folder: str


def numbers_of(rule: FormRule, counts: tuple[int, ...]) -> Numbers:
    """The counts of a form, group by group, under their ids. ValueError if there are too few or too many."""
    cells = [(g.id, c.id) for g in rule.groups for c in rule.columns]
    numbers: Numbers = {g.id: {} for g in rule.groups}
    for (group, column), count in zip(cells, counts, strict=True):
        numbers[group][column] = count
    return numbers


class County:
    """Everybody who writes to the office. Remembers each person's last mail, and nothing else."""

    def __init__(self, story: Story, rules: Rules, office: "PostOffice") -> None:
        self.story, self.words, self.office = story, story.words, office
        self.units = {u.id: u for u in rules.units.units}
        self.rule = rules.forms[rules.targets.form]
        self._last: dict[str, tuple[Posting, tuple[File, ...]]] = {}
        self._count = 0

    def posting(self, act: Act, at: datetime) -> Posting:
        """The mail that an act makes, dated ``at`` (aware). OutOfPlot if its author cannot write it."""
        if act.does == "redelivers":
            return replace(self._last_of(act)[0], folder=act.folder)
        written = self._written(act, at)
        data = writing.mail(written, self._way(act, self.words.charset))
        posting = Posting(written.address, written.subject, data, act.folder)
        self._last[act.who] = (posting, written.files)
        return posting

    def _written(self, act: Act, at: datetime) -> Written:
        self._count += 1
        person = self.story.person(act.who)
        own = self.story.address_of(person) if person else self.story.address(act.who)
        address = self.story.address(act.sent_from) if act.sent_from else own
        draft = Written(
            person.name if person else "",
            address,
            self.office.username,
            act.subject,
            act.text,
            at,
            f"<{at:%Y%m%d%H%M}.{self._count}@{address.rpartition('@')[2]}>",
        )
        match act.does:
            case "writes":
                return self._answering(draft, act, own) if act.answers else draft
            case "auto_replies":
                letter = self._letter(own)
                subject = self.words.auto_subject.format(subject=letter.subject)
                return replace(draft, subject=subject, text=self.words.auto_text, answers=letter, by_machine=True)
            case "repeats":
                return self._with_files(draft, act, own, self._last_of(act)[1])
            case "fills":
                letter, file = self._workbook(act, own)
                done = fill_in(file.data, self.rule, self._counts(act), at.date())
                return self._with_files(draft, act, own, (File(file.name, done),), letter)
        return self._with_files(draft, act, own, (self._own_file(act, at.date()),))  # types, spoils

    def _with_files(
        self, draft: Written, act: Act, own: str, files: tuple[File, ...], letter: Received | None = None
    ) -> Written:
        """A report: with a subject of its own, or as a reply to ``letter``, or to the last one."""
        values = {"unit": self.units[act.who].name, "month": self._month(act)}
        text = act.text or self._way(act, self.words.with_file).format(**values)
        draft = replace(draft, text=text, files=files)
        if letter or act.answers:
            return self._answering(draft, act, own, letter)
        person = self._person(act)
        text = f"{text}\n\n{self.words.signature.format(name=person.name, mobile=person.mobile)}\n"
        return replace(draft, subject=act.subject or self.words.subject.format(**values), text=text)

    def _answering(self, draft: Written, act: Act, own: str, letter: Received | None = None) -> Written:
        """The draft as a reply, with the letter quoted below it."""
        letter = letter or self._letter(own)
        at = letter.at
        quotation = self.words.quotation.format(
            sender=self.story.office.sender,
            address=self.office.username,
            moment=self.words.moment.format(year=at.year, month=at.month, day=at.day, hour=at.hour, minute=at.minute),
            name=draft.name,
            to=own,
            subject=letter.subject,
            text=letter.text,
        )
        subject = self._way(act, self.words.reply) + letter.subject
        return replace(draft, subject=subject, text=f"{draft.text}\n\n{quotation}", answers=letter)

    def _letter(self, address: str) -> Received:
        """The last letter that arrived."""
        letters = self.office.letters_to(address)
        if not letters:
            raise OutOfPlot(f"{address} has received no letter")
        return writing.received(letters[-1])

    def _workbook(self, act: Act, address: str) -> tuple[Received, File]:
        """The unit's workbook, and the last letter that brought it."""
        unit = self.units[act.who].name
        for data in reversed(self.office.letters_to(address)):
            letter = writing.received(data)
            for file in letter.files:
                if unit in file.name:
                    return letter, file
        raise OutOfPlot(f"{address} has received no workbook of {act.who}")

    def _own_file(self, act: Act, day: date) -> File:
        person, unit = self._person(act), self.units[act.who]
        values = {"unit": unit.name, "month": self._month(act)}
        data = filled(
            self.rule,
            act.written or unit.full_name or unit.name,
            self._month(act),
            self.words.date.format(year=day.year, month=day.month, day=day.day),
            numbers_of(self.rule, self._counts(act)),
            person.name,
            person.mobile,
            wrong_total=act.total,
            style=act.style,
            letterhead=tuple(line.format(**values) for line in self.words.letterhead),
            measure=self.words.measure,
        )
        file = File(self.words.file.format(**values), data[: len(data) // 2] if act.does == "spoils" else data)
        return writing.packed(file, act.packed) if act.packed else file

    def _month(self, act: Act) -> str:
        return act.month or self.words.month.format(month=int(self.story.period[5:]))

    def _counts(self, act: Act) -> tuple[int, ...]:
        return act.numbers or self._person(act).numbers

    def _person(self, act: Act) -> Person:
        person = self.story.person(act.who)
        if person is None:
            raise OutOfPlot(f"{act.who} has nothing to report")
        return person

    def _last_of(self, act: Act) -> tuple[Posting, tuple[File, ...]]:
        if act.who not in self._last:
            raise OutOfPlot(f"{act.who} has sent nothing yet")
        return self._last[act.who]

    def _way(self, act: Act, ways: tuple[str, ...]) -> str:
        """One of several ways to write, always the same for a person."""
        return ways[writing.hash_of(act.who) % len(ways)]
