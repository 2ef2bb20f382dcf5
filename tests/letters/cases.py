"""The samples of ``bot.preview`` with the rules and templates of the repository: the cases of the golden letters."""

from datetime import datetime
from pathlib import Path

from bot.letters.workbook_words import WorkbookWords
from bot.model.deciding import LetterDraft
from bot.preview.cases import Case, load_cases
from bot.rules.load import load_file, load_rules
from tests.letters.values import OFFICE, at

ROOT = Path(__file__).parents[2]
RULES = load_rules(ROOT / "rules")
WORDS = load_file(ROOT / "templates/workbook.toml", WorkbookWords)
_CASES = {case.name: case for case in load_cases(RULES, WORDS, OFFICE.zone)}
CASES: dict[str, LetterDraft] = {name: case.draft for name, case in _CASES.items()}


def samples() -> dict[str, Case]:
    """The cases themselves, by name."""
    return dict(_CASES)


def written_at(draft: LetterDraft) -> datetime:
    """When a sample is written; for a letter that is none, some morning of the same month."""
    return next((case.at for case in _CASES.values() if case.draft.key == draft.key), at(7, 3, 10, 6))
