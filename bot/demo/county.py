"""The people of the story: they read the letters that they really received, and write mails as people do."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.demo import letterbox, writing
from bot.demo.acts import Act
from bot.demo.desk import Desk
from bot.demo.filling import fill_in, mend
from bot.demo.letterbox import OutOfPlot
from bot.demo.story import Story
from bot.demo.writing import File, Received, Written
from bot.rules.policy import Rules

if TYPE_CHECKING:
    from bot.demo.servers import PostOffice


@dataclass(frozen=True, slots=True)
class Posting:
    """A mail on its way to the bot."""

    sender: str
    subject: str
    data: bytes
    folder: str


class County:
    """Everybody who writes to the office. Remembers each person's last mail, and nothing else."""

    def __init__(self, story: Story, rules: Rules, office: "PostOffice") -> None:
        self.story, self.words, self.office = story, story.words, office
        self.desk = Desk(story, rules)
        self._last: dict[str, tuple[Posting, tuple[File, ...]]] = {}
        self._count = 0

    def posting(self, act: Act, at: datetime) -> Posting:
        """The mail that an act makes, dated ``at`` (aware). OutOfPlot if its author cannot write it."""
        if act.does == "redelivers":
            return replace(self._last_of(act)[0], folder=act.folder)
        written = self._written(act, at)
        data = writing.vouched_for(writing.mail(written, self._way(act, self.words.charset)), written.address)
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
            case "decides":
                letter, number = letterbox.about(self.office, own, act.about)
                return self._answering(replace(draft, text=act.text.format(number=number)), act, own, letter)
            case "auto_replies":
                letter = letterbox.last(self.office, own)
                subject = self.words.auto_subject.format(subject=letter.subject)
                return replace(draft, subject=subject, text=self.words.auto_text, answers=letter, by_machine=True)
            case "repeats":
                return self._with_files(draft, act, own, self._last_of(act)[1])
            case "fills" | "mends":
                return self._with_their_workbook(draft, act, own)
        return self._with_files(draft, act, own, (self.desk.file(act, at.date()),))

    def _with_their_workbook(self, draft: Written, act: Act, own: str) -> Written:
        """The workbook that a letter brought, filled in or mended, as a reply to that letter."""
        letter, file = letterbox.workbook(self.office, own, self.desk.units[act.who].name)
        if act.does == "mends":
            done = mend(file.data)
        else:
            done = fill_in(file.data, self.desk.rule, self.desk.counts(act), draft.at.date())
        return self._with_files(draft, act, own, (File(file.name, done),), letter)

    def _with_files(
        self, draft: Written, act: Act, own: str, files: tuple[File, ...], letter: Received | None = None
    ) -> Written:
        """A report: with a subject of its own, or as a reply to ``letter``, or to the last one."""
        values = {"unit": self.desk.units[act.who].name, "month": self.desk.month(act)}
        once = act.does in ("plans", "registers", "lists", "mends")
        own_words = (self.words.once,) if once else self.words.with_file
        text = act.text or self._way(act, own_words).format(**values)
        draft = replace(draft, text=text, files=files)
        if letter or act.answers:
            return self._answering(draft, act, own, letter)
        signature = self.words.signature.format(name=draft.name, mobile=self._mobile(act))
        subject = files[0].name.rpartition(".")[0] if once else self.words.subject.format(**values)
        return replace(draft, subject=act.subject or subject, text=f"{text}\n\n{signature}\n")

    def _mobile(self, act: Act) -> str:
        person = self.story.person(act.who)
        return person.mobile if person else ""

    def _answering(self, draft: Written, act: Act, own: str, letter: Received | None = None) -> Written:
        """The draft as a reply, with the letter quoted below it."""
        letter = letter or letterbox.last(self.office, own)
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

    def _last_of(self, act: Act) -> tuple[Posting, tuple[File, ...]]:
        if act.who not in self._last:
            raise OutOfPlot(f"{act.who} has sent nothing yet")
        return self._last[act.who]

    def _way(self, act: Act, ways: tuple[str, ...]) -> str:
        """One of several ways to write, always the same for a person."""
        return ways[writing.hash_of(act.who) % len(ways)]
