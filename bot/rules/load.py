"""Reads the folder rules/: the named files, and every other file as a form."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bot import PROJECT
from bot.config import every_error, read_toml
from bot.errors import ConfigError
from bot.rules.assessment import Assessment
from bot.rules.base import Rule
from bot.rules.bounces import Bounces
from bot.rules.bulletin import BulletinRule
from bot.rules.commands import Commands
from bot.rules.forms import FormRule
from bot.rules.links import Links
from bot.rules.papers import PaperRule
from bot.rules.policy import Rules
from bot.rules.reasons import Reasons
from bot.rules.reminders import Reminders
from bot.rules.replies import Replies
from bot.rules.rows import RowsRule
from bot.rules.targets import Targets
from bot.rules.units import Units
from bot.rules.where import line_of
from bot.rules.words import Words
from bot.rules.workdays import CalendarFile

PARTS: dict[str, type[Rule]] = {
    "units": Units,
    "words": Words,
    "reasons": Reasons,
    "reminders": Reminders,
    "replies": Replies,
    "bounces": Bounces,
    "links": Links,
    "commands": Commands,
    "targets": Targets,
    "calendar": CalendarFile,
    "assessment": Assessment,
    "bulletin": BulletinRule,
}
# Words that came with a version: a folder of before it goes on, with those of the program.
LATER = {"words": ("files", "lines", "rivals", "more_findings")}
R = TypeVar("R", bound=Rule)


def load_rules(folder: Path) -> Rules:
    """The whole folder. ConfigError names file, line and key of every fault, each in a line of its own."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder (paths.rules)")
    files = [p for p in sorted(folder.glob("*.toml")) if p.stem not in PARTS]
    loads = {name: partial(load_file, folder / f"{name}.toml", cls) for name, cls in PARTS.items()}
    read = load_each([*loads.values(), *(partial(load_form, path) for path in files)])
    parts: dict[str, Rule] = dict(zip(PARTS, read, strict=False))
    forms: dict[str, FormRule] = {path.stem: form for path, form in zip(files, read[len(PARTS) :], strict=True)}
    for path in files:
        if forms[path.stem].id != path.stem:  # a copy whose id was not changed would replace the first
            raise ConfigError(f"{path}: id: expected {path.stem!r}, the name of the file")
    rules = Rules.model_validate({**parts, "forms": forms})
    if rules.targets.form not in rules.matrices:
        raise ConfigError(f"{folder / 'targets.toml'}: form: no such form of numbers {rules.targets.form!r}")
    _check_registers(folder, rules)
    _check_targets(folder, rules)
    if unknown := [form for form in rules.assessment.forms if form not in rules.forms]:
        raise ConfigError(f"{folder / 'assessment.toml'}: forms: no such form {unknown[0]!r}")
    if rules.bulletin_form not in rules.matrices:
        raise ConfigError(f"{folder / 'bulletin.toml'}: form: no such form of numbers {rules.bulletin_form!r}")
    for kind in {kind: None for rule in rules.matrices.values() for kind in rule.owed.by}:
        if kind not in rules.bulletin.kinds:
            raise ConfigError(f"{folder / 'bulletin.toml'}: kinds.{kind}: this word is missing")
    return rules


def _check_targets(folder: Path, rules: Rules) -> None:
    """What the targets say of the form and of units."""
    file, rule = folder / "targets.toml", rules.forms[rules.targets.form]
    ids = {group.id for group in rule.groups}
    for number, target in enumerate(rules.targets.targets, start=1):
        if unknown := sorted(set(target.groups) - ids):
            raise ConfigError(f"{file}: targets {number}: groups.{unknown[0]}: {rule.id} has no such group")
    for name in rules.targets.industries:
        unit = rules.units.by_name.get(name)
        if unit is None or unit.kind not in rule.kinds_beside:
            kinds = ", ".join(rule.kinds_beside) or "no kind"
            raise ConfigError(f"{file}: industries.{name}: expected a unit beside the county ({kinds})")


def _check_registers(folder: Path, rules: Rules) -> None:
    """What the forms of rows say of others."""
    if [rule.appoints for rule in rules.registers.values()].count(True) != 1:
        raise ConfigError(f"{folder}: appoints: expected one form of rows that names the liaisons")
    wanted = {"unit", "name", "mobile", "email"}
    if missing := wanted - {column.id for column in rules.roster.row}:
        raise ConfigError(f"{folder / rules.roster.id}.toml: row: expected also {', '.join(sorted(missing))}")
    for rule in rules.registers.values():
        if rule.base_of and rule.base_of not in rules.matrices:
            raise ConfigError(f"{folder / rule.id}.toml: base_of: no such form of numbers {rule.base_of!r}")


def load_each(loads: Iterable[Callable[[], Any]]) -> list[Any]:
    """What all of them load. One ConfigError for all that cannot be: who mends the first fault sees the others."""
    found: list[Any] = []
    faults: list[str] = []
    for load in loads:
        try:
            found.append(load())
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return found


KINDS: dict[object, type[FormRule]] = {"rows": RowsRule, "paper": PaperRule}


def load_form(path: Path) -> FormRule:
    """One form, by its kind. ConfigError as for every file."""
    return load_file(path, KINDS.get(read_toml(path).get("kind"), FormRule))


def load_file(path: Path, cls: type[R]) -> R:
    """One file, checked. ConfigError names file, line and key of every fault, each in a line of its own."""
    values = read_toml(path)
    later = LATER.get(path.stem, ())
    shipped = read_toml(PROJECT / "rules" / path.name) if later and path.parent != PROJECT / "rules" else {}
    for table in later if shipped else ():
        given, own = shipped[table], values.get(table, shipped[table])
        values[table] = {**given, **own} if isinstance(given, dict) and isinstance(own, dict) else own
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        text = path.read_text(encoding="utf-8-sig")
        places = ((line_of(text, where), complaint) for where, complaint in every_error(error))
        lines = (f"{path}:{line}: {said}" if line else f"{path}: {said}" for line, said in places)
        raise ConfigError("\n".join(dict.fromkeys(lines))) from error
