"""The samples: what happened in a county, one letter each, as the rooms that decide would hand it over.

cases/*.toml holds them, ``[parts.…]`` what they share and ``[[cases]]`` the letters: ``name``, ``letter`` (its folder
in templates/), ``to``, ``at`` (when it is written, in the office's time), ``answers`` (the subject of the mail that it
answers, if any) and ``context`` (the template's values; see ``filling``). The tests of the wording read them too.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.config import read_toml
from bot.letters.workbook_words import WorkbookWords
from bot.model.deciding import LetterDraft
from bot.preview.filling import Filler, Lacking
from bot.rules.policy import Rules

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """One letter of the samples, and when it is written."""

    name: str
    draft: LetterDraft
    at: datetime


def load_cases(rules: Rules, words: WorkbookWords, zone: ZoneInfo) -> tuple[Case, ...]:
    """All of them, with the words of these rules; without a letter that has nothing to say under them."""
    files = [read_toml(path) for path in sorted(FOLDER.glob("*.toml"))]
    parts = {name: part for file in files for name, part in file.get("parts", {}).items()}
    filler = Filler(parts, rules, words, zone)
    made = (_case(written, filler) for file in files for written in file["cases"])
    return tuple(case for case in made if case is not None)


def _case(written: dict[str, Any], filler: Filler) -> Case | None:
    try:
        context = filler.fill(written["context"])
    except Lacking:
        return None
    name, letter, subject = written["name"], written["letter"], written.get("answers")
    draft = LetterDraft(
        key=f"{letter}:{name}",
        letter=letter,
        to=written["to"],
        context=context,
        reply_to=None if subject is None else "<1@wutu.example>",
        subject_of=subject or "",
    )
    return Case(name, draft, filler.fill(written["at"]))
