"""demo-output/: every letter as .eml and .html, every mail that came, the files of both, and an index page.

The index is templates/demo/index.html, written by the same renderer as the letters: what people wrote is text there,
never markup, and keeps its lines, as it stands in an ``Entry``. Files are named by number; what a sender called his
file is shown, and never a path.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count, groupby
from pathlib import Path
from typing import Any

from bot.deciding.standing import Standing
from bot.demo.player import Step
from bot.demo.smtp_server import Posted
from bot.demo.story import Story
from bot.demo.telling import kind_of
from bot.letters.render import Renderer
from bot.mail.authentication import Provider
from bot.mail.body import own_words
from bot.mail.unwrap import unwrap
from bot.model.mail import RawMail

MARK = ".made-by-the-demo"
INDEX = "index.html"
_ENDING = re.compile(r"\.[A-Za-z]{2,4}\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: a letter (``kind`` as ``kind_of`` says) or a mail that came (``kind`` is the act).
    ``page`` is a letter's HTML, ``files`` what hangs on it: (name, path); paths are relative to the index."""

    number: int
    at: datetime
    came: bool
    kind: str
    address: str
    subject: str
    text: str
    eml: str
    page: str
    files: tuple[tuple[str, str], ...]


def write(
    folder: Path,
    renderer: Renderer,
    story: Story,
    steps: Iterable[Step],
    standing: Sequence[Standing],
    now: datetime,
    documents: Iterable[tuple[str, bytes]] = (),
) -> Path:
    """Writes everything into the folder; the path of the index. ``documents`` are those of the bulletin, (name, data),
    as they stand at the end."""
    for name in ("letters", "mails", "bulletin"):
        (folder / name).mkdir()
    numbers, entries = count(1), []
    bulletin = _files(folder, f"bulletin/{story.period}", documents)
    for step in steps:
        if step.posting:
            entries.append(_mail(folder, next(numbers), step))
        entries += [_letter(folder, next(numbers), letter, step.now) for letter in step.letters]
    context = {**_context(story, entries, standing), "bulletin": bulletin}
    (folder / INDEX).write_text(renderer.page("demo", context, now=now, part=INDEX), encoding="utf-8", newline="\n")
    return folder / INDEX


def _letter(folder: Path, number: int, letter: Posted, at: datetime) -> Entry:
    message = message_from_bytes(letter.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    bodies = {kind: part.get_content() for kind in ("plain", "html") if (part := message.get_body((kind,)))}
    stem = f"letters/{number:03}"
    (folder / f"{stem}.eml").write_bytes(letter.data)
    (folder / f"{stem}.html").write_text(bodies["html"], encoding="utf-8")
    parts = [(str(p.get_filename()), bytes(p.get_payload(decode=True))) for p in message.iter_attachments()]
    files = _files(folder, stem, parts)
    subject = str(message["Subject"])
    page = f"{stem}.html"
    return Entry(
        number, at, False, kind_of(letter), letter.to, subject, bodies["plain"].strip(), f"{stem}.eml", page, files
    )


def _mail(folder: Path, number: int, step: Step) -> Entry:
    assert step.posting and step.act
    posting, stem = step.posting, f"mails/{number:03}"
    (folder / f"{stem}.eml").write_bytes(posting.data)
    mail = unwrap(RawMail(posting.data, step.now), own_address="", provider=Provider.for_host("", ""))
    files = _files(folder, stem, [(a.name, a.data) for a in mail.attachments])
    text = own_words(mail.text)
    return Entry(number, step.now, True, step.act.does, posting.sender, mail.subject, text, f"{stem}.eml", "", files)


def _files(folder: Path, stem: str, parts: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, str], ...]:
    written = []
    for place, (name, data) in enumerate(parts, 1):
        ending = _ENDING.search(name)
        path = f"{stem}-{place}{ending[0].lower() if ending else ''}"
        (folder / path).write_bytes(data)
        written.append((name, path))
    return tuple(written)


def _context(story: Story, entries: list[Entry], standing: Sequence[Standing]) -> dict[str, Any]:
    """What the template shows: the days with their entries, and each unit with what it sent and received."""
    who: dict[str, list[str]] = {}
    units = []
    for line in standing:
        person = story.person(line.unit.id)
        address = story.address_of(person) if person else ""
        who.setdefault(address, []).append(line.unit.name)
        own = [entry for entry in entries if entry.address == address]
        units.append({"line": line, "person": person, "address": address, "entries": own})
    return {
        "period": story.period,
        "staff": [story.address(local) for local in story.office.staff],
        "who": who,
        "units": units,
        "days": [(day, list(group)) for day, group in groupby(entries, key=lambda entry: entry.at.date())],
        "came": sum(entry.came for entry in entries),
        "letters": sum(not entry.came for entry in entries),
    }
