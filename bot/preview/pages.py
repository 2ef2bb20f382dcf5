"""Writes the samples out: NAME.html, NAME.txt and NAME.eml for each, its files beside it, and an index.html.

The index is templates/preview/page.html, written by the same renderer as the letters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.letters.calendars import CalendarWords
from bot.letters.render import Renderer
from bot.letters.tokens import message_id, token
from bot.letters.workbook_words import WorkbookWords
from bot.preview.cases import Case, load_cases
from bot.preview.files import with_files
from bot.preview.folder import fresh
from bot.rules.load import load_file, load_rules
from bot.rules.policy import Rules

MARK = ".made-by-the-preview"
INDEX = "index.html"
SECRET = b"a preview: no reply to it is ever recognised"


@dataclass(frozen=True, slots=True)
class Press:
    """What letters are made of in one installation, without its database."""

    config: Config
    rules: Rules
    renderer: Renderer
    words: WorkbookWords
    calendar: CalendarWords
    cases: tuple[Case, ...]


def press(config: Config) -> Press:
    """ConfigError for what is wrong with rules or templates."""
    rules, templates = load_rules(config.paths.rules), config.paths.templates
    words = load_file(templates / "workbook.toml", WorkbookWords)
    return Press(
        config,
        rules,
        Renderer(templates, config.office, config.smtp.sender),
        words,
        load_file(templates / "calendar.toml", CalendarWords),
        load_cases(rules, words, config.office.zone),
    )


def write(folder: Path, made: Press, cases: Iterable[Case]) -> Path:
    """Fills the folder anew; the path of the index. UsageError for a folder that holds something else."""
    fresh(folder, MARK)
    shown = [_write_one(folder, made, case) for case in cases]
    letters = list(dict.fromkeys(entry["letter"] for entry in shown))
    last = max(entry["at"] for entry in shown)
    context = {"letters": [{"letter": n, "cases": [e for e in shown if e["letter"] == n]} for n in letters]}
    page = made.renderer.page("preview", context, now=last)
    (folder / INDEX).write_text(page, encoding="utf-8", newline="\n")
    return folder / INDEX


def _write_one(folder: Path, made: Press, case: Case) -> dict[str, Any]:
    draft = with_files(case, made.config, made.rules, made.words, made.calendar)
    mark = token(SECRET, draft.key)
    domain = made.config.own_address.partition("@")[2]
    subject, text, html = made.renderer.words(draft, token=mark, now=case.at)
    letter = made.renderer.render(draft, token=mark, message_id=message_id(SECRET, draft.key, domain), now=case.at)
    (folder / f"{case.name}.txt").write_text(text, encoding="utf-8-sig", newline="\n")  # browsers guess
    (folder / f"{case.name}.html").write_text(html, encoding="utf-8", newline="\n")
    (folder / f"{case.name}.eml").write_bytes(letter.mime)
    files = []
    for number, file in enumerate(draft.files, 1):
        path = f"{case.name}-{number}{Path(file.name).suffix}"
        (folder / path).write_bytes(file.data)
        files.append({"name": file.name, "path": path})
    return {"name": case.name, "letter": draft.letter, "at": case.at, "subject": subject, "files": files}
