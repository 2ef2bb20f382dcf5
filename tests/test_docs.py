"""The documents are true: every command, key, letter and rule is documented, and every link leads somewhere."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import pytest
import typer.main
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bot.cli import providers
from bot.cli.app import app
from bot.config import Config
from bot.rules.base import Rule
from bot.rules.checks import CASES
from bot.rules.forms import FormRule
from bot.rules.load import PARTS, load_rules
from bot.rules.rows import RowsRule
from tests import manual

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

FILES: dict[str, type[Rule]] = {
    "annex4.toml": FormRule,
    "annex2.toml": RowsRule,
    **{f"{name}.toml": model for name, model in PARTS.items()},
}
NEEDED = "*needed*"
Tables = dict[tuple[str, str], dict[str, str]]  # (file, heading of the table) -> key -> what counts if it is absent


def documented(text: str) -> Tables:
    """Every row ``| `key` | if absent | … |`` under its file and, below a third heading, its table."""
    found: Tables = {}
    file, tables = "", [""]
    for line in text.splitlines():
        if heading := re.match(r"## .*`(\w+\.toml)`", line):
            file, tables = heading[1], [""]
        elif line.startswith("### "):
            tables = re.findall(r"`([^`]+)`", line)
        elif row := re.match(r"\| `(\w+)` \| (\*needed\*|nothing|`[^`]*`) \|", line):
            for table in tables:
                found.setdefault((file, table), {})[row[1]] = row[2].strip("`")
    return found


def declared() -> Tables:
    """The same of what reads the files."""
    found: Tables = {}
    for file, whole in FILES.items():
        for table, model in tables_of(whole):
            keys = {field.alias or name: absent(field) for name, field in model.model_fields.items()}
            if file == "annex2.toml":  # what every form has stands under annex4.toml, and is not said again
                keys = {
                    key: default
                    for key, default in keys.items()
                    if found.get(("annex4.toml", table), {}).get(key) != default
                }
            found[file, table] = keys
    return {place: keys for place, keys in found.items() if keys}


def tables_of(model: type[Rule], name: str = "") -> Iterator[tuple[str, type[Rule]]]:
    """The table itself and every table in it, by the headings under which TOML has them."""
    yield name, model
    for key, field in model.model_fields.items():
        inner, brackets = field.annotation, 1
        if get_origin(inner) is tuple:
            inner, brackets = get_args(inner)[0], 2
        if isinstance(inner, UnionType):  # a table that may be absent
            inner = get_args(inner)[0]
        if isinstance(inner, type) and issubclass(inner, Rule):
            inside = f"{name.strip('[]')}." if name else ""
            yield from tables_of(inner, "[" * brackets + inside + (field.alias or key) + "]" * brackets)


def absent(field: FieldInfo) -> str:
    """What counts without the key, as TOML writes it."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return NEEDED if field.is_required() else "nothing" if default is None else json.dumps(default)


def section(file: str) -> str:
    """The part of docs/rules.md under the heading that names the file."""
    match = re.search(rf"^## [^\n]*`{re.escape(file)}`(.*?)(?=^## |\Z)", RULES, re.M | re.S)
    assert match, f"docs/rules.md has no section on {file}"
    return match.group(1)


def test_every_key_of_every_table_is_documented_with_what_counts_without_it() -> None:
    assert documented(RULES) == declared()


def test_a_key_that_is_left_out_or_made_up_is_found() -> None:
    lines = RULES.splitlines()
    rows = [n for n, line in enumerate(lines) if re.match(r"\| `\w+` \| (\*|nothing|`.*` \|)", line)]
    rows = [n for n in rows if documented("\n".join(lines[:n] + lines[n + 1 :])) != documented(RULES)]
    assert len(rows) >= sum(map(len, declared().values())) - 3  # groups and columns of a form share one table
    for n in rows:
        made_up = lines[n].replace("| `", "| `x", 1)
        for other in ([], [made_up], [lines[n], made_up]):
            assert documented("\n".join(lines[:n] + other + lines[n + 1 :])) != declared(), lines[n]


def first_of(data: Any, table: str) -> Any:
    """The table of a file's data that a heading means; of several the first."""
    for name in table.strip("[]").split(".") if table else ():
        data = data[name]
    return data[0] if table.startswith("[[") else data


@pytest.mark.parametrize(("file", "table"), declared())
def test_what_is_needed_is_missed_and_what_is_unknown_refused(file: str, table: str) -> None:
    def data() -> Any:
        loaded = tomllib.loads((ROOT / "rules" / file).read_text(encoding="utf-8"))
        return {"years": [{"year": 2027}]} if file == "calendar.toml" else loaded

    for key in [key for key, default in declared()[file, table].items() if default == NEEDED]:
        without = data()
        del first_of(without, table)[key]
        with pytest.raises(ValidationError, match=rf"{key}\n"):
            FILES[file].model_validate(without)
    more = data()
    first_of(more, table)["unheard_of"] = 1
    with pytest.raises(ValidationError, match="unheard_of"):
        FILES[file].model_validate(more)


def test_every_rules_file_has_a_section() -> None:
    forms = {f"{form}.toml" for form in load_rules(ROOT / "rules").forms}
    assert {p.name for p in (ROOT / "rules").glob("*.toml")} - forms == set(FILES) - forms


def test_the_table_of_checks_is_that_of_the_program() -> None:
    rows = {
        (match[1], match[2].strip(" `").replace("(none)", "")): set(re.findall(r"\w+", match[3]))
        for match in re.finditer(
            r"^\| `(\w+)` \|((?: | `\w+` | \(none\) ))\|[^|]*\|([^|]*)\|$", section("annex4.toml"), re.M
        )
    }
    assert rows == {case: set(names) for case, names in CASES.items()}


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


def test_the_page_of_commands_is_what_the_program_says() -> None:
    assert manual.COMMANDS.read_text(encoding="utf-8") == manual.commands()
    root = typer.main.get_command(app)
    for name in root.commands:  # type: ignore[attr-defined]
        assert f"## `python -m bot {name}`" in manual.commands(), name


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len(README.split()) <= 700


@pytest.mark.parametrize("document", ["docs/install.md", "docs/rules.md", "docs/running.md"])
def test_every_command_that_is_shown_exists(document: str) -> None:
    root: Any = typer.main.get_command(app)
    shown = re.findall(r"python -m bot (\w[\w-]*)(?: (\w+))?", (ROOT / document).read_text(encoding="utf-8"))
    assert len(shown) >= 8
    for name, second in shown:
        command = root.commands[name]
        if hasattr(command, "commands") and second:
            assert second in command.commands


def test_the_table_of_providers_is_that_of_the_program() -> None:
    text = (ROOT / "docs/running.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| `\w", line)]
    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])} == set(providers.NAMES)
    servers = {f"{host}:{port}" for p in providers.PROVIDERS for host, port in (p.imap, p.smtp)}
    assert set(re.findall(r"[\w.]+\.(?:com|net):\d+", "".join(rows))) <= servers


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


def test_the_lines_of_the_log_that_are_shown_are_lines_of_the_program() -> None:
    text = (ROOT / "docs/watching.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    [\d-]+ [\d:]+ ([A-Z]+) (bot\.[\w.]+) ([a-z ]+?) (\w+=.*)$", text, re.M)
    assert len(shown) == 5
    for level, module, words, values in shown:
        source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f'log.{level.lower()}("{words}"' in source
        assert all(key in source for key in re.findall(r"(\w+)=", values))
