"""``python -m tests.letters_golden``: writes the golden letters that do not exist yet, and never overwrites one.

To accept a change of wording: delete the case's folder, run this, and read what it wrote as its recipient would.
"""

import sys
from pathlib import Path

from bot.letters.render import PARTS, Renderer
from bot.model.deciding import LetterDraft
from tests.letters.cases import CASES, written_at
from tests.letters.values import OFFICE, SENDER, TOKEN

ROOT = Path(__file__).parent
TEMPLATES = ROOT.parent / "templates"


def golden_path(case: str, part: str) -> Path:
    return ROOT / "letters" / case / part


def words_of(renderer: Renderer, draft: LetterDraft) -> dict[str, str]:
    """The three parts as they are sent, by the names of their files."""
    subject, text, html = renderer.words(draft, token=TOKEN, now=written_at(draft))
    return dict(zip(PARTS, (subject + "\n", text, html), strict=True))


def main() -> int:
    renderer = Renderer(TEMPLATES, OFFICE, SENDER)
    refused = 0
    for case, draft in CASES.items():
        for part, words in words_of(renderer, draft).items():
            path = golden_path(case, part)
            if path.exists():
                if path.read_text(encoding="utf-8") != words:
                    refused += 1
                    print(f"differs, not overwritten: {path}")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(words, encoding="utf-8", newline="\n")
            print(f"written, now read it: {path}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
