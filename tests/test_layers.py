"""Holds the layout: which way imports go, what may touch the outside, what is heavy, what words stand in Python.

Reads the sources, so that a module that breaks a rule is named before it does any harm.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The layers, from the bottom: a module imports from its own or from a lower one. The longest name that fits counts.
VALUES, COMPUTES, OUTSIDE, JOBS, TOP = range(5)
LAYERS = {
    "bot": VALUES,
    "bot.model": VALUES,
    "bot.errors": VALUES,
    "bot.config": VALUES,
    "bot.rules": VALUES,
    "bot.deciding": COMPUTES,
    "bot.mail": COMPUTES,
    "bot.reading": COMPUTES,
    "bot.letters": COMPUTES,
    "bot.record": OUTSIDE,
    "bot.secrets": OUTSIDE,
    "bot.clock": OUTSIDE,
    "bot.logs": OUTSIDE,
    "bot.processes": OUTSIDE,
    "bot.patience": OUTSIDE,
    "bot.allowance": OUTSIDE,
    # the mailbox, and what only it uses
    **dict.fromkeys(("bot.mail.mailbox", "bot.mail.wire", "bot.mail.push", "bot.mail.answers"), OUTSIDE),
    **dict.fromkeys(("bot.mail.folders", "bot.mail.batches", "bot.mail.copies"), OUTSIDE),
    **dict.fromkeys(("bot.letters.smtp", "bot.letters.smtp_wire"), OUTSIDE),
    # processes that open foreign bytes, and what starts them
    **dict.fromkeys(("bot.reading.guard", "bot.reading.child", "bot.reading.slow", "bot.reading.convert"), OUTSIDE),
    **dict.fromkeys(("bot.reading.watchdog", "bot.reading.walls"), OUTSIDE),
    **dict.fromkeys(("bot.mail.unpacker", "bot.mail.tnef"), OUTSIDE),
    "bot.jobs": JOBS,
    "bot.cli": TOP,
    "bot.demo": TOP,
    "bot.preview": TOP,
    "bot.__main__": TOP,
    "scheduler": TOP,
}

# What the two lower layers never import: the net, other processes, files, the environment, clocks, chance.
IO_PACKAGES = {
    *("socket", "ssl", "select", "selectors", "asyncio", "threading", "multiprocessing", "subprocess", "concurrent"),
    *("imaplib", "imapclient", "poplib", "smtplib", "ftplib", "http", "urllib.request", "requests", "httpx"),
    *("sqlalchemy", "sqlite3", "psycopg", "alembic", "keyring", "filelock", "apscheduler", "aiosmtpd", "pymap"),
    *("os", "pathlib", "shutil", "tempfile", "glob", "time", "sched", "random", "secrets", "uuid", "logging", "sys"),
}
ALLOWED = {
    "bot": {"pathlib"},  # where the program lies; opens nothing
    # settings, rules and templates are files: these read them, once, when the process starts
    "bot.config": {"os", "pathlib"},
    "bot.rules.load": {"pathlib"},
    "bot.letters.compiled": {"os", "pathlib"},
    "bot.letters.render": {"pathlib"},
    # run in the guarded processes, and count the seconds that they take (time.monotonic)
    "bot.reading.pdf": {"time"},
    "bot.reading.picture": {"time"},
}
FILE_CALLS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir"}  # of any object
BUILT_IN_CALLS = {"open", "print", "input", "eval", "exec", "compile", "__import__"}
CLOCK_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime"),
}
# Where ``now`` enters; and the clock of the demo's own servers, which stand for the world outside.
CLOCKS = {"bot.clock", "bot.demo.servers"}

# Slow to import, or large: inside the function that needs them.
HEAVY = {
    *("openpyxl", "docx", "docxtpl", "pdfplumber", "alembic", "keyring", "rich", "rapidocr", "onnxruntime", "numpy"),
    *("msoffcrypto", "chinese_calendar", "lxml", "apscheduler", "pymap", "icalendar"),
}
# Modules that are themselves only imported inside a function, or run as a process of their own.
LATE = ("bot.record.migrate", "bot.record.migrations", "bot.demo", "bot.jobs.ticker")

# Words of a protocol, numerals, names of folders: recognised, never said. And the name of NetEase's own switch.
CHINESE_ALLOWED = {
    "bot.mail.marks",
    "bot.mail.folders",
    "bot.errors",  # how servers refuse a login
    "bot.mail.links",
    "bot.reading.numerals",
    "bot.reading.picture",  # the stroke that a dash and a numeral share
    "bot.reading.written",
    "bot.reading.replies",  # months and dates
    "bot.reading.tokens",  # numerals
    "bot.reading.arguments",  # months, dates, names
    "bot.reading.answerlists",  # numerals, and what joins them
    "bot.reading.commandwords",
    "bot.reading.loose",  # months
    "bot.reading.view",
    "bot.cli.advice",
    "bot.cli.doctor",
    "bot.cli.providers",
    "bot.cli.servers",
    "bot.cli.troubles",
}

MODULE_LINES, FUNCTION_LINES = 300, 60
UNBOUNDED = "bot.record.migrations.versions"  # the tables, written down once and never changed

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    name: str
    path: Path

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def layer(self) -> int:
        known = [name for name in LAYERS if within(self.name, name)]
        return LAYERS[max(known, key=len)]

    def imports(self, top_level_only: bool = False) -> Iterator[tuple[str, int]]:
        """Imported modules with their lines; ``from a import b`` gives a, and a.b where that is a module."""
        nodes = self.top_level() if top_level_only else ast.walk(self.tree)
        for node in nodes:
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno}: relative import"
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from ((name if name in NAMES else str(node.module), node.lineno) for name in whole)

    def top_level(self) -> Iterator[ast.AST]:
        """Everything that runs at import: not the bodies of functions, not what only a type checker reads."""
        waiting: list[ast.AST] = list(self.tree.body)
        while waiting:
            node = waiting.pop()
            if isinstance(node, Function | ast.Lambda):
                continue
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                waiting += node.orelse
                continue
            yield node
            waiting += ast.iter_child_nodes(node)

    def calls(self) -> Iterator[tuple[str, int]]:
        """Called names, dotted as far as they are written: ``datetime.now``, ``path.read_text``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node.lineno

    def said(self) -> Iterator[tuple[str, int]]:
        """Texts in the code, without docstrings."""
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | Function)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.value, node.lineno


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def named(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = [Module(named(path), path) for path in sorted([*(ROOT / "bot").rglob("*.py"), ROOT / "scheduler.py"])]
NAMES = {module.name for module in MODULES}

# The rules: each names what breaks it in one module.

Rule = Callable[[Module], Iterator[str]]


def imports_go_downwards(module: Module) -> Iterator[str]:
    for name, line in module.imports():
        if name in NAMES and Module(name, module.path).layer > module.layer:
            yield f"{module.path}:{line}: imports {name}, which stands above"


def what_computes_touches_nothing_outside(module: Module) -> Iterator[str]:
    if module.layer > COMPUTES:
        return
    for name, line in module.imports():
        touched = {package for package in IO_PACKAGES if within(name, package)}
        if touched - ALLOWED.get(module.name, set()):
            yield f"{module.path}:{line}: imports {name}"
    for name, line in module.calls():
        touches = name in BUILT_IN_CALLS or name.rsplit(".", 1)[-1] in FILE_CALLS
        if touches and "pathlib" not in ALLOWED.get(module.name, set()):
            yield f"{module.path}:{line}: {name}()"


def now_enters_in_one_place(module: Module) -> Iterator[str]:
    for name, line in module.calls():
        is_clock = name in CLOCK_CALLS or any(name.endswith("." + call) for call in CLOCK_CALLS)
        if is_clock and module.name not in CLOCKS:
            yield f"{module.path}:{line}: {name}()"


def what_is_heavy_is_imported_where_it_is_used(module: Module) -> Iterator[str]:
    if any(within(module.name, late) for late in LATE):
        return
    for name, line in module.imports(top_level_only=True):
        if name.split(".")[0] in HEAVY or any(within(name, late) for late in LATE):
            yield f"{module.path}:{line}: imports {name} at the top"


def no_sentence_stands_in_python(module: Module) -> Iterator[str]:
    if module.name not in CHINESE_ALLOWED:
        for text, line in module.said():
            if is_chinese(text):
                yield f"{module.path}:{line}: {text!r} belongs into rules/ or templates/"


def is_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)


def every_module_has_its_layer(module: Module) -> Iterator[str]:
    """A new room is put into the table before anything is built in it."""
    if module.name != "bot" and not any(within(module.name, name) for name in LAYERS if name != "bot"):
        yield f"{module.path}: no layer"


def sizes(module: Module) -> Iterator[str]:
    lines = module.source.count("\n")
    if lines > MODULE_LINES:
        yield f"{module.path}: {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, Function) and not within(module.name, UNBOUNDED):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{module.path}:{node.lineno}: {node.name} has {length} lines"


def every_module_says_what_it_is_for(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield f"{module.path}: no docstring"


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        imports_go_downwards,
        what_computes_touches_nothing_outside,
        now_enters_in_one_place,
        what_is_heavy_is_imported_where_it_is_used,
        no_sentence_stands_in_python,
        every_module_has_its_layer,
        sizes,
        every_module_says_what_it_is_for,
    )
}


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_the_rule(rule: str) -> None:
    assert [broken for module in MODULES for broken in RULES[rule](module)] == []


@pytest.mark.parametrize("start", ["bot.cli.app", "bot.jobs.service", "scheduler"])
def test_a_process_starts_light(start: str) -> None:
    """The same, seen from outside: what stands in memory after the start."""
    code = f"import sys, {start}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert HEAVY & set(ran.stdout.split()) == set()


def test_the_exceptions_are_needed() -> None:
    """An exception that nobody uses any more would hide the next one."""
    for module in MODULES:
        if module.name in CHINESE_ALLOWED:
            assert any(is_chinese(text) for text, _ in module.said()), module.name
        if module.name in ALLOWED:
            assert ALLOWED[module.name] <= {name.split(".")[0] for name, _ in module.imports()}, module.name


# The test itself: each rule finds what it is there for.


def made(tmp_path: Path, name: str, source: str) -> Module:
    path = tmp_path / "x.py"
    path.write_text(source, encoding="utf-8")
    return Module(name, path)


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("bot.deciding.x", "from bot.record import archive", imports_go_downwards),
        ("bot.deciding.x", "def f():\n    from bot.record import outbox", imports_go_downwards),
        ("bot.deciding.x", "if TYPE_CHECKING:\n    from bot.jobs.parts import Bot", imports_go_downwards),
        ("bot.model.x", "import bot.deciding.checks", imports_go_downwards),
        ("bot.record.x", "from bot.jobs.parts import Bot", imports_go_downwards),
        ("bot.mail.x", "from bot.mail import mailbox", imports_go_downwards),
        ("bot.deciding.x", "import socket", what_computes_touches_nothing_outside),
        ("bot.deciding.x", "def f():\n    import os.path", what_computes_touches_nothing_outside),
        ("bot.mail.x", "from pathlib import Path", what_computes_touches_nothing_outside),
        ("bot.rules.load", "import os", what_computes_touches_nothing_outside),
        ("bot.deciding.x", "open('x')", what_computes_touches_nothing_outside),
        ("bot.deciding.x", "p.read_text()", what_computes_touches_nothing_outside),
        ("bot.deciding.x", "datetime.now(UTC)", now_enters_in_one_place),
        ("bot.jobs.x", "x = date.today()", now_enters_in_one_place),
        ("bot.cli.x", "import datetime\nx = datetime.datetime.utcnow()", now_enters_in_one_place),
        ("bot.letters.x", "import openpyxl.styles", what_is_heavy_is_imported_where_it_is_used),
        ("bot.letters.x", "try:\n    import docx\nfinally: pass", what_is_heavy_is_imported_where_it_is_used),
        ("bot.record.x", "from bot.record.migrate import upgrade", what_is_heavy_is_imported_where_it_is_used),
        ("bot.letters.x", "X = '请查收'", no_sentence_stands_in_python),
        ("bot.letters.x", "X = f'{x}家'", no_sentence_stands_in_python),
        ("bot.x", "", every_module_has_its_layer),
        ("bot.mail.x", "x = 1\n" * 301, sizes),
        ("bot.mail.x", "def f():\n" + "    x = 1\n" * 60, sizes),
        ("bot.mail.x", "x = 1", every_module_says_what_it_is_for),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(name: str, source: str, rule: Rule, tmp_path: Path) -> None:
    assert list(rule(made(tmp_path, name, source)))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\n\ndef f(now: datetime) -> str:\n    return now.isoformat()",
        "def f():\n    import openpyxl",
        "if TYPE_CHECKING:\n    from openpyxl import Workbook",
        "archive.open(member)",
        "from bot.model.mail import Mail",
    ],
)
def test_what_is_allowed_passes(source: str, tmp_path: Path) -> None:
    module = made(tmp_path, "bot.letters.x", f'"""说明"""\n{source}')
    assert [broken for rule in RULES.values() for broken in rule(module)] == []
