"""The documents are true: every command, key, letter and rule is documented, and every link leads somewhere."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot.cli.app import app
from bot.config import Config
from bot.rules.assessment import Assessment, AssessmentWords, Deductions, Grade
from bot.rules.base import Rule
from bot.rules.forms import CheckRule, FieldRule, FormRule, Headings, Owed
from bot.rules.load import load_rules
from bot.rules.policy import CalendarFile, Hours, Reasons, Reminders, Roster, Stage, Target, Targets, Words, YearOfDays
from bot.rules.replies import Replies
from bot.rules.units import Affixes, InspectionGroup, Unit, Units

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

SECTIONS: dict[str, list[type[Rule]]] = {
    "annex4.toml": [FormRule, Owed, Headings, FieldRule, CheckRule],
    "units.toml": [Units, Affixes, Unit, InspectionGroup],
    "reminders.toml": [Reminders, Hours, Stage],
    "targets.toml": [Targets, Target],
    "calendar.toml": [CalendarFile, YearOfDays],
    "assessment.toml": [Assessment, Deductions, Grade, AssessmentWords],
    "words.toml": [Words],
    "replies.toml": [Replies],
    "roster.toml": [Roster],
    "reasons.toml": [Reasons],
}


def section(file: str) -> str:
    """The part of docs/rules.md under the heading that names the file."""
    match = re.search(rf"^## [^\n]*`{re.escape(file)}`(.*?)(?=^## |\Z)", RULES, re.M | re.S)
    assert match, f"docs/rules.md has no section on {file}"
    return match.group(1)


def keys(model: type[Rule]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("file", SECTIONS)
def test_every_key_of_a_rules_file_is_documented_in_its_section(file: str) -> None:
    text = section(file)
    missing = {k for model in SECTIONS[file] for k in keys(model) if f"`{k}`" not in text}
    assert not missing


def test_every_rules_file_has_a_section() -> None:
    forms = {f"{form}.toml" for form in load_rules(ROOT / "rules").forms}
    assert {p.name for p in (ROOT / "rules").glob("*.toml")} - forms == set(SECTIONS) - forms


def test_the_table_of_checks_names_what_annex4_uses_and_its_braces() -> None:
    rows = {
        (match[1], match[2].strip(" `").replace("(none)", "")): set(re.findall(r"\w+", match[3]))
        for match in re.finditer(r"^\| `(\w+)` \|([^|]*)\|[^|]*\|([^|]*)\|$", section("annex4.toml"), re.M)
    }
    for check in load_rules(ROOT / "rules").forms["annex4"].checks:
        names = rows[(check.id, check.case)]
        assert set(re.findall(r"{(\w+)}", check.message)) <= names | {"place"}, (check.id, check.case)


def test_every_setting_stands_in_config_toml() -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    for section_name, field in Config.model_fields.items():
        assert f"[{section_name}]" in text
        model: Any = field.annotation
        part = text.split(f"[{section_name}]")[1].split("\n[")[0]
        for name, key in model.model_fields.items():
            assert re.search(rf"^(# )?{key.alias or name} = ", part, re.M), f"{section_name}.{name}"


def test_the_shipped_config_holds_letters_and_has_no_secret() -> None:
    shipped = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    assert shipped["smtp"]["deliver"] == "hold"
    assert not any("password" in key for table in shipped.values() for key in table)


def test_every_command_is_in_the_readme() -> None:
    root = typer.main.get_command(app)
    for name in root.commands:  # type: ignore[attr-defined]
        assert f"python -m bot {name}" in README, name


def test_every_command_in_the_readme_exists() -> None:
    root: Any = typer.main.get_command(app)
    shown = re.findall(r"python -m bot (\w+)(?: (\w+))?", README)
    assert len(shown) >= 8
    for name, second in shown:
        command = root.commands[name]
        if hasattr(command, "commands") and second:
            assert second in command.commands


def test_every_letter_is_documented_and_exists() -> None:
    text = (ROOT / "docs/letters.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    folders = {p.parent.name for p in (ROOT / "templates").glob("*/subject.txt")}
    assert documented == folders


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_and_named_files_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (document.parent / link).exists(), link
    for path in re.findall(r"(?:bot|docs|rules|templates|tests)/[\w/.-]+\.(?:py|md|toml|eml|txt)", text):
        assert (ROOT / path).exists(), path
