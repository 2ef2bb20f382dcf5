"""``python -m tests.corpora DIR...``: collections of mails and documents go through unwrapping, reading and deciding.

    --roster FILE.xlsx   who is on the roster (单位 姓名 手机 邮箱); without it everybody is a stranger
    --sender ADDRESS     who sends the documents; by default a stranger
    --seconds N          what a file may take (5); --pictures N: with pictures in it (60)
    --now T              when the mails arrive (2017-07-03T10:00, in the office's zone)

A mail is a file .eml, a file of a maildir (new, cur), or a part of an .mbox; a document is anything with the name of
a file that people attach, and is wrapped into a mail that says nothing. Each is opened and decided about by
itself, on an empty record with the shipped rules: nothing is written, nothing leaves.

Exit status: 0; 1 where something raised, was answered without evidence to who is on no roster, or took too long.
"""

import argparse
import mailbox
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from bot.errors import TooComplex
from bot.jobs.opening import Opened
from bot.jobs.parts import Bot
from bot.jobs.roster import take_roster
from bot.jobs.understand import intent_of, open_mail
from bot.model.deciding import Intent
from bot.model.mail import RawMail
from bot.record import people
from bot.record.database import Record
from bot.rules.base import even
from bot.rules.rows import RowsRule
from tests.case_files import EVER, ZONE, office

STRANGER = "someone@corpora.example"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".heic"})
DOCUMENTS = PICTURES | {
    *(".xlsx", ".xlsm", ".xlsb", ".xltx", ".xls", ".xlt", ".et", ".ett", ".ods", ".fods", ".csv", ".tsv"),
    *(".docx", ".docm", ".dotx", ".doc", ".dot", ".wps", ".odt", ".fodt", ".rtf", ".pdf", ".html", ".htm", ".mht"),
    *(".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".dat", ".tnef", ".msg", ".xml"),
}  # fmt: skip
SHOWN = 10  # of the slowest and the largest


@dataclass(frozen=True, slots=True)
class Ran:
    """One mail and what came of it; ``escape`` is the traceback of what it raised."""

    name: str
    size: int
    seconds: float
    outcome: str
    letters: tuple[str, ...] = ()
    appoints: bool = False
    unfounded: bool = False
    pictures: bool = False
    escape: str = ""


def mails(folder: Path, sender: str) -> Iterator[tuple[str, bytes]]:
    """Every mail below a folder (or the one file), and every document as a mail of its own, by the names of files."""
    for path in sorted(p for p in (folder.rglob("*") if folder.is_dir() else [folder]) if p.is_file()):
        kind = path.suffix.lower()
        if kind == ".eml" or path.parent.name in ("new", "cur"):
            yield str(path), path.read_bytes()
        elif kind in (".mbox", ".mbx"):
            box = mailbox.mbox(path, create=False)
            yield from ((f"{path}#{key}", box.get_bytes(key)) for key in box.keys())  # noqa: SIM118 (no mapping)
            box.close()
        elif kind in DOCUMENTS:
            yield str(path), _sent(path, sender)


def _sent(path: Path, sender: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, "bot@demo.test", "文件"
    message.set_content("请查收。")
    name = path.name.encode("utf-8", "replace").decode()
    message.add_attachment(path.read_bytes(), maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


@contextmanager
def ended(seconds: float) -> Iterator[None]:
    """Ends what hangs in this process by a TimeoutError; regular expressions look for signals too. POSIX alone."""

    def end(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(bot: Bot, name: str, data: bytes, now: datetime, longest: float) -> Ran:
    """One mail the whole way, up to what would be done; whatever it raises is an escape, but that it is too complex."""
    begun = time.monotonic()
    escape, outcome, opened, intent, known = "", "", None, None, False
    try:
        with ended(longest), bot.record.read() as conn:
            opened = open_mail(RawMail(data, now), bot)
            intent = intent_of(opened, bot, conn, now)
            known = bool(people.at_address(conn, opened.mail.sender or "", now.date()))
        outcome = intent.outcome
    except TooComplex:
        outcome = "set aside"
    except Exception:  # what this program looks for
        escape, outcome = traceback.format_exc(), "escape"
    seconds = time.monotonic() - begun
    if opened is None or intent is None:
        return Ran(name, len(data), seconds, outcome, escape=escape)
    forms = {ruling.judged.form.form for ruling in intent.rulings}
    rules = [bot.rules.forms[form] for form in forms]
    pictures = any(Path(a.name).suffix.lower() in PICTURES or b"/Image" in a.data for a in opened.mail.attachments)
    return Ran(
        name,
        len(data),
        seconds,
        outcome,
        tuple(f"{letter.letter} to {letter.to}" for letter in intent.letters),
        any(isinstance(rule, RowsRule) and rule.appoints for rule in rules),
        bool(intent.letters) and not known and not founded(bot, opened, intent),
        pictures,
    )


def founded(bot: Bot, opened: Opened, intent: Intent) -> bool:
    """Whether anything says that the mail is about a form of ours, looked for in another way than the program does:
    numbers in the places of a form, or its title or a keyword in any text of the mail, any name, or any cell."""
    mail, rules = opened.mail, bot.rules
    if any(ruling.judged.form.form in rules.matrices for ruling in intent.rulings):
        return True
    names = [*(" ".join((*a.inside, a.name)) for a in mail.attachments), *(r.name for r in mail.refused)]
    texts = [mail.subject, mail.text, mail.html, *names]
    for attachment in mail.attachments:
        seen = bot.reader.read(attachment.data)
        for grid in (*seen.grids, *seen.hidden):
            texts += [grid.name, *(cell for row in grid.rows for cell in row if isinstance(cell, str))]
    said = [even(text) for text in texts]
    return any(
        form.spoken_of_in(text) or (isinstance(form, RowsRule) and any(even(g.title) in text for g in form.groups))
        for form in rules.forms.values()
        for text in said
    )


def report(done: Sequence[Ran], seconds: float, pictures: float) -> bool:
    """Prints what was found. True where nothing is wrong."""
    outcomes = Counter(ran.outcome for ran in done)
    print(f"{len(done)} mails, {sum(ran.size for ran in done)} bytes, {sum(ran.seconds for ran in done):.1f} s")
    print("outcomes: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common()))
    slow = [ran for ran in done if ran.seconds > (pictures if ran.pictures else seconds)]
    for title, key in (("slowest", lambda ran: ran.seconds), ("largest", lambda ran: ran.size)):
        print(f"{title}:")
        for ran in sorted(done, key=key, reverse=True)[:SHOWN]:
            print(f"  {ran.seconds:7.2f} s {ran.size:10d} bytes  {ran.outcome:10}  {ran.name}")
    _list("answered", [f"{ran.name}: {', '.join(ran.letters)}" for ran in done if ran.letters])
    _list("appointed", [ran.name for ran in done if ran.appoints])
    _list("answered without evidence", [ran.name for ran in done if ran.unfounded])
    _list("too slow", [f"{ran.seconds:.1f} s {ran.name}" for ran in slow])
    _list("escapes", [f"{ran.name}\n{ran.escape}" for ran in done if ran.escape])
    return not slow and not any(ran.unfounded or ran.escape for ran in done)


def _list(title: str, lines: Sequence[str]) -> None:
    print(f"{title}: {len(lines)}")
    for line in lines:
        print(f"  {line}")


def main(words: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpora")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--roster", type=Path)
    parser.add_argument("--sender", default=STRANGER)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--pictures", type=float, default=60.0)
    parser.add_argument("--now", type=datetime.fromisoformat, default="2017-07-03T10:00")
    given = parser.parse_args(words)
    if missing := [folder for folder in given.folders if not folder.exists()]:
        parser.error(f"no such folder: {missing[0]}")
    now = given.now if given.now.tzinfo else given.now.replace(tzinfo=ZONE)
    with office() as shipped, Record.open("sqlite://") as record:
        campaign = shipped.config.campaign.model_copy(update={"answer_from": datetime(2000, 1, 1, tzinfo=ZONE)})
        bot = replace(shipped, record=record, config=shipped.config.model_copy(update={"campaign": campaign}))
        if given.roster:
            take_roster(bot, given.roster, EVER, EVER)
        longest = 2 * max(given.seconds, given.pictures)
        done = []
        for name, data in (found for folder in given.folders for found in mails(folder, given.sender)):
            done.append(ran := run(bot, name, data, now, longest))
            if ran.seconds > given.seconds or ran.escape:  # at once: a collection takes an hour
                print(f"{ran.seconds:.1f} s {ran.outcome} {name}", file=sys.stderr, flush=True)
    return 0 if report(done, given.seconds, given.pictures) else 1


if __name__ == "__main__":
    sys.exit(main())
