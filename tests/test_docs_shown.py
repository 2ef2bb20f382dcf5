"""What the documents show is so: pictures, the manuals in Chinese, and every command with its options."""

import json
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer.main
from PIL import Image

import scheduler
from bot.cli.app import app
from bot.model.commands import Command
from bot.reading.commands import commands_in
from tests import manual
from tests.letters.cases import RULES

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MANUAL = (ROOT / "docs/操作手册.md").read_text(encoding="utf-8")
LETTERS = (ROOT / "docs/letters.md").read_text(encoding="utf-8")
PICTURES = sorted(manual.PICTURES.glob("*.png"))
LARGEST, ALL = 120 << 10, 2 << 20  # bytes
ROOT_COMMAND: Any = typer.main.get_command(app)

# Pictures.


def test_every_letter_has_a_picture_in_the_list_of_letters() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \|.*\]\((pictures/\w+\.png)\) \|$", LETTERS, re.M))
    assert set(shown) == {p.parent.name for p in (ROOT / "templates").glob("*/subject.txt")}
    for letter, picture in shown.items():
        assert picture == f"pictures/{letter}.png"
        assert (ROOT / "docs" / picture).is_file()


def test_no_picture_shows_a_letter_as_it_was_once() -> None:
    made = json.loads((manual.PICTURES / manual.MADE).read_text(encoding="utf-8"))
    now = {letter: manual.made_of(case) for letter, case in manual.shown().items()}
    assert made == now, "make pictures"


def test_pictures_are_small_and_each_is_shown_somewhere() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    sizes = {path.name: path.stat().st_size for path in PICTURES}
    assert max(sizes.values()) <= LARGEST and sum(sizes.values()) <= ALL
    for path in PICTURES:
        assert f"pictures/{path.name}" in text, path.name
        with Image.open(path) as picture:
            assert picture.width <= 1100 and len(picture.getcolors() or ()) > 2, path.name  # not an empty page


# The manuals.


def test_the_liaisons_sheet_is_the_letter_that_they_get() -> None:
    assert manual.SHEET.read_text(encoding="utf-8") == manual.sheet(), "python -m tests.manual"
    letter = "".join((ROOT / "tests/letters/guide_one/body.txt").read_text(encoding="utf-8").split())
    lines = [re.sub(r"^(?:\d+\.|#+) ", "", line) for line in manual.sheet().splitlines() if line]
    for line in lines[1:-1]:
        assert "".join(line.split()) in letter


def test_the_liaisons_sheet_is_one_page() -> None:
    text = manual.sheet()
    lines = sum(1 + len(line) // 42 for line in text.splitlines() if line)  # 42 characters of a fair size across A4
    assert lines <= 44


def test_the_office_s_manual_explains_every_command_as_the_program_does() -> None:
    listed = re.findall(r"^- (.+)$", MANUAL, re.M)
    assert listed == [command.help for command in RULES.commands.of("staff")]


def test_every_order_in_the_office_s_manual_is_understood() -> None:
    orders = re.findall(r"^    (\S.*)$", MANUAL, re.M)
    orders += re.findall(r"例如“([^”]+)”", MANUAL) + re.findall(r"，例如“[^”]+”“([^”]+)”", MANUAL)
    assert len(orders) >= 7
    known = RULES.commands.of("staff")
    for order in orders:
        (said,) = commands_in(order, known, RULES, date(2017, 7, 5), expected=False)
        assert isinstance(said, Command), order


def test_the_chinese_manuals_are_chinese() -> None:
    for text in (MANUAL, manual.sheet()):
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"\]\([^)]*\)", "", text))
        assert set(words) <= {"Word", "Excel", "WPS", "Tab", "hxxp"}


def test_what_the_manual_says_of_the_days_is_what_the_rules_say() -> None:
    after = [s.working_days for s in RULES.reminders.stages if s.when == "after" and s.to == "unit"]
    (before,) = [s.working_days for s in RULES.reminders.stages if s.when == "before"]
    (lead,) = [s.working_days for s in RULES.reminders.stages if s.to == "lead"]
    groups = RULES.reminders.groups
    assert groups
    for day in (
        f"期限前{before}个工作日",
        f"期限后第{'、'.join(map(str, after))}个工作日",
        f"期限后第{RULES.bulletin.working_days}个工作日",
        f"期限后第{groups.working_days}个工作日",
        f"期限后第{lead}个工作日",
    ):
        assert f"| {day} |" in MANUAL


# Rules and commands.


def test_every_file_of_rules_is_named_in_its_document() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    for path in (ROOT / "rules").glob("*.toml"):
        assert f"{path.name}`" in text or f"`{path.stem}`" in text, path.name


COMMAND = re.compile(r"(?:\.venv/bin/)?(python -m bot|python scheduler\.py|python -m tests\.\w+|make \w+)\b([^#]*)")


def shown_commands() -> list[tuple[str, str, str]]:
    """Every command of ours that a document shows, in a block or in backticks: (document, program, what follows)."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for piece in re.findall(r"^    (\S.*)$", text, re.M) + re.findall(r"`([^`\n]+)`", text):
            if match := COMMAND.match(piece):
                found.append((document.name, match[1], re.split(r"\s{2,}", match[2].strip())[0]))
    return found


SHOWN = shown_commands()


def test_commands_are_found_in_the_documents() -> None:
    assert len({rest for _, program, rest in SHOWN if program == "python -m bot"}) >= 25
    assert {"install.md", "letters.md", "watching.md"} <= {document for document, _, _ in SHOWN}


@pytest.mark.parametrize(("document", "program", "rest"), SHOWN)
def test_a_command_that_is_shown_exists_with_its_options(document: str, program: str, rest: str) -> None:
    del document  # names the case
    options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", rest))
    if program.startswith("make "):
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        assert program.removeprefix("make ") in targets
    elif program == "python scheduler.py":
        assert options <= scheduler_options()
    elif program.startswith("python -m tests."):
        place = ROOT / "tests" / program.removeprefix("python -m tests.")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
    else:
        command = command_of(re.findall(r"[^\s\[\]|]+", rest))
        assert options - {"--config", "--quiet", "--help"} <= {
            name for parameter in command.params for name in parameter.opts
        }


def scheduler_options() -> set[str]:
    said = subprocess.run([sys.executable, scheduler.__file__, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z]+", said.stdout))


def command_of(words: list[str]) -> Any:
    """The command, or the command of a group, that the words begin with."""
    command = ROOT_COMMAND
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert command is not ROOT_COMMAND or not words or words[0].startswith("-"), words
    return command


@pytest.mark.parametrize("wrong", ["status --colour", "statsu", "outbox show KEY --html"])
def test_a_command_with_a_made_up_name_or_option_would_be_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        test_a_command_that_is_shown_exists_with_its_options("", "python -m bot", wrong)


def test_the_table_of_what_to_change_names_files_that_are_there() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:rules|templates)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
    assert tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))["paths"]["templates"] == "templates"
