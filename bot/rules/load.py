"""Reads the folder rules/: the named files, and every other file as a form."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bot.config import first_error, read_toml
from bot.errors import ConfigError
from bot.rules.base import Rule
from bot.rules.forms import FormRule
from bot.rules.policy import CalendarFile, Reasons, Reminders, Roster, Rules, Targets, Words
from bot.rules.units import Units

PARTS: dict[str, type[Rule]] = {
    "units": Units,
    "words": Words,
    "reasons": Reasons,
    "roster": Roster,
    "reminders": Reminders,
    "targets": Targets,
    "calendar": CalendarFile,
}
R = TypeVar("R", bound=Rule)


def load_rules(folder: Path) -> Rules:
    """The whole folder. ConfigError names file and key in one line."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder (paths.rules)")
    parts: dict[str, Rule] = {name: load_file(folder / f"{name}.toml", cls) for name, cls in PARTS.items()}
    forms = [load_file(p, FormRule) for p in sorted(folder.glob("*.toml")) if p.stem not in PARTS]
    for form in forms:
        if not (folder / f"{form.id}.toml").exists():
            raise ConfigError(f"{folder}: the form {form.id} must stand in {form.id}.toml")
    rules = Rules.model_validate({**parts, "forms": {f.id: f for f in forms}})
    if rules.targets.form not in rules.forms:
        raise ConfigError(f"{folder / 'targets.toml'}: form: no such form {rules.targets.form!r}")
    return rules


def load_file(path: Path, cls: type[R]) -> R:
    """One file, checked. ConfigError names file and key in one line."""
    try:
        return cls.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_error(error)}") from error
