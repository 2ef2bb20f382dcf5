"""Every regular expression of bot/, and strings on which a careless one takes long.

``python -m tests.patterns`` prints a line of JSON for each: where it stands, the pattern, and how long the worst
string took it. Run in a process of its own (``tests/test_patterns.py``): it listens to the module ``re``, and a
pattern without an end is interrupted.

A pattern is found by reading the source: each call of ``re`` there, and what is called on the name that it is given;
where no name is found, all is tried. What it is made of is computed in the module
where it stands; where the words of the rules go into it, functions that use it bring it to life, and it is heard of.
"""

import ast
import importlib
import json
import pkgutil
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as sre  # type: ignore[import-not-found]
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from heapq import nlargest
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZE = 100_000  # characters of a string
SMALL = 1_000  # to find the worst one: a pattern whose cost grows with the square takes a hundred times a plain one's
WORST = 6  # strings of a pattern that are tried in full
LIMIT = 0.1  # seconds of CPU time, the fastest of three tries
GIVEN_AWAY = 0.005  # seconds that a small string takes only where the pattern is careless
GIVEN_UP = 0.5  # seconds of CPU time after which a try is ended
METHODS = ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
AT_THE_BEGINNING = ("match", "fullmatch")  # the others look everywhere: all as ``sub``, which never ends early
# One of each kind that a class may hold or leave out.
CHARACTERS = " \n\t\r0x1aA_-=*.,:;\"'()<>[]@&%/\\|?+!~\u00a0中年月日一零，；：。…"
ODD = "a  a a(*[\\ "
TAILS = ("", "\x01", "\n\x01", "中")


@dataclass(slots=True)
class Found:
    """A call of ``re`` in the source, and what was made of it: patterns with their flags."""

    place: str
    methods: set[str]
    patterns: set[tuple[str | bytes, int]] = field(default_factory=set)


# ---- finding


def calls() -> Iterator[tuple[str, ast.Call, ast.Module]]:
    """(module, call, its tree) of every call of ``re`` in bot/."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        name = _module(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "re":
                raise AssertionError(f"{name}: write re.compile, so that the pattern is found")
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in METHODS and ast.unparse(called.value) == "re":
                assert isinstance(node, ast.Call)
                yield name, node, tree


def uses() -> dict[str, set[str]]:
    """Name of a value -> the methods that are called on it anywhere in bot/: ``marks.QUOTE_RULE.match``. The name of a
    private one begins with its module."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = str(getattr(node.value, "id", None) or getattr(node.value, "attr", ""))
                found[f"{_module(path)}{name}" if name.startswith("_") else name].add(node.attr)
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def found() -> list[Found]:
    """Every call of ``re`` with what it was given. AssertionError for one that stays unknown."""
    heard = _listen()
    modules = {name: importlib.import_module(name) for name in _modules()}
    _live(modules)
    used, out = uses(), []
    for name, call, tree in calls():
        assert isinstance(call.func, ast.Attribute)
        place = f"{name}:{call.lineno}"
        direct = call.func.attr != "compile"
        one = Found(place, {call.func.attr} if direct else _methods(call, name, tree, used) or set(METHODS))
        given = _given(call, {**_imported(tree), **vars(modules[name])})
        lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
        one.patterns = {given} if given else {p for n in lines for p in heard[(str(modules[name].__file__), n)]}
        assert one.patterns, f"{place}: nothing is known of this pattern; let _live use it"
        out.append(one)
    return out


def _modules() -> Iterator[str]:
    import bot

    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if module.name != "bot.__main__" and "migrations" not in module.name:
            yield module.name


def _listen() -> dict[tuple[str, int], set[tuple[str | bytes, int]]]:
    """(file, line) -> the patterns that ``re`` was asked for there, from now on."""
    heard: dict[tuple[str, int], set[tuple[str | bytes, int]]] = defaultdict(set)
    plain: Callable[[Any, int], Any] = re._compile  # type: ignore[attr-defined]

    def listening(pattern: Any, flags: int) -> Any:
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_code.co_filename == re.__file__:
            frame = frame.f_back
        if frame and isinstance(pattern, (str, bytes)):
            heard[(frame.f_code.co_filename, frame.f_lineno)].add((pattern, int(flags)))
        return plain(pattern, flags)

    re._compile = listening  # type: ignore[attr-defined]
    return heard


def _imported(tree: ast.Module) -> dict[str, Any]:
    """What functions import from bot/ where they need it."""
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("bot"))
    pairs = ((alias.name, n.module or "") for n in nodes for alias in n.names)
    return {name: vars(importlib.import_module(module)).get(name) for name, module in pairs}


def _given(call: ast.Call, names: dict[str, Any]) -> tuple[str | bytes, int] | None:
    """Pattern and flags, where they are made of what stands in the module."""
    assert isinstance(call.func, ast.Attribute)
    flags: list[ast.expr] = [k.value for k in call.keywords if k.arg == "flags"]
    if call.func.attr in ("compile", "match", "fullmatch", "search", "findall", "finditer"):
        flags += call.args[2:3] if call.func.attr != "compile" else call.args[1:2]
    with suppress(NameError):
        pattern, *given = (eval(compile(ast.Expression(part), "", "eval"), names) for part in (call.args[0], *flags))
        return (pattern, int(given[0]) if given else 0) if isinstance(pattern, (str, bytes)) else None
    return None


def _methods(call: ast.Call, module: str, tree: ast.Module, used: dict[str, set[str]]) -> set[str]:
    """What is called on the name that the pattern is bound to; nothing where it has none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.value is call and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            return set(used[f"{module}{name}" if name.startswith("_") else name])
    return set()


def _live(modules: dict[str, ModuleType]) -> None:
    """Lets what makes patterns of the rules' words make them: for each form as shipped."""
    from bot.config import load_config

    rules = modules["bot.rules.load"].load_rules(load_config(ROOT / "config.toml").paths.rules)
    for rule in rules.forms.values():
        modules["bot.reading.vocabulary"].vocabulary(rule)
        for word in modules["bot.reading.vocabulary"].vocabulary(rule).columns:
            modules["bot.reading.numbers"]._beginning(word)
    for rule in rules.matrices.values():
        modules["bot.reading.inline"].numbers_in("0", rule, rules.words)
        modules["bot.reading.written"].count("0", "", rules.words.with_measure(rule.unit_of_count))
    for command in rules.commands.commands:
        odd = command.model_copy(update={"words": (*command.words, ODD)})  # an office may write anything there
        modules["bot.reading.commands"].commands_in(f"{ODD} 1", [odd], rules, date(2017, 7, 3), expected=False)
    modules["bot.mail.links"]._pattern(rules.links.shared)
    modules["bot.mail.names"].file_name("attachment; xfilename=a", "text/plain; xname=b")


# ---- strings


@dataclass(frozen=True, slots=True)
class Recipe:
    """A string of any size: a beginning, what is repeated, an end."""

    head: str
    again: str
    tail: str

    def of(self, size: int) -> str:
        """The string of so many characters, or few more."""
        return self.head + self.again * ((size - len(self.head)) // len(self.again) + 1) + self.tail


def strings(pattern: str, flags: int) -> Iterator[Recipe]:
    """What leads to each repeated part, that part again and again, and then something else; each beginning of a match
    again and again; characters of all kinds."""
    tree = sre.parse(pattern, flags)
    pairs = dict.fromkeys(
        pair
        for choice in range(5)
        for before, body in [*_parts(tree, "", choice), *(("", char) for char in CHARACTERS)]
        for pair in ((before, body), ("", before + body), ("", before + body * 40))
    )
    return (Recipe(head, again, tail) for head, again in pairs if again for tail in TAILS)


def _parts(tree: Iterable[Any], before: str, choice: int) -> Iterator[tuple[str, str]]:
    """(what a match has before, one turn of it) for every repeated part, and each beginning of a match."""
    done = before
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            _, most, inner = value
            if most > 1:
                for turn in range(4):
                    yield done, _example(inner, choice + turn)
                yield from ((done, char) for char in CHARACTERS if _takes(inner, char))
            yield from _parts(inner, done, choice)
        elif kind == op.BRANCH:
            for branch in value[1]:
                yield from _parts(branch, done, choice)
        elif kind == op.SUBPATTERN:
            yield from _parts(value[-1], done, choice)
        elif kind in (op.ATOMIC_GROUP,):
            yield from _parts(value, done, choice)
        done += _example([(kind, value)], choice)
        yield "", done


def _example(tree: Iterable[Any], choice: int) -> str:
    """A text that the part takes, or nearly: what stands around it is not looked at."""
    out = ""
    for kind, value in tree:
        if kind == op.LITERAL:
            out += chr(value)
        elif kind in (op.NOT_LITERAL, op.ANY, op.IN):
            fit = [char for char in CHARACTERS if _takes([(kind, value)], char)]
            out += fit[choice % len(fit)] if fit else _first_of(value)
        elif kind == op.BRANCH:
            out += _example(value[1][choice % len(value[1])], choice)
        elif kind == op.SUBPATTERN:
            out += _example(value[-1], choice)
        elif kind == op.ATOMIC_GROUP:
            out += _example(value, choice)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inner = value
            out += _example(inner, choice) * min(max(least, choice % 2), most)
    return out


def _first_of(members: Any) -> str:
    return next((chr(v[0] if k == op.RANGE else v) for k, v in members if k in (op.LITERAL, op.RANGE)), "")


@lru_cache(None)
def _class(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.S)
    return lambda char: compiled.fullmatch(char) is not None


def _takes(tree: Iterable[Any], char: str) -> bool:
    """Whether one turn of the part can be this one character."""
    parts = list(tree)
    if len(parts) != 1:
        return any(_takes([part], char) for part in parts) and all(
            _takes([part], char) or _may_be_empty(part) for part in parts
        )
    kind, value = parts[0]
    if kind == op.LITERAL:
        return chr(value) == char
    if kind == op.NOT_LITERAL:
        return chr(value) != char
    if kind == op.ANY:
        return True
    if kind == op.IN:
        return _in(value, char)
    if kind == op.BRANCH:
        return any(_takes(branch, char) for branch in value[1])
    if kind == op.SUBPATTERN:
        return _takes(value[-1], char)
    if kind == op.ATOMIC_GROUP:
        return _takes(value, char)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _takes(value[2], char)
    return False


def _may_be_empty(part: Any) -> bool:
    kind, value = part
    repeated = kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
    return (repeated and value[0] == 0) or kind in (op.AT, op.ASSERT, op.ASSERT_NOT)


def _in(members: Any, char: str) -> bool:
    categories = {
        op.CATEGORY_SPACE: r"\s",
        op.CATEGORY_NOT_SPACE: r"\S",
        op.CATEGORY_DIGIT: r"\d",
        op.CATEGORY_NOT_DIGIT: r"\D",
        op.CATEGORY_WORD: r"\w",
        op.CATEGORY_NOT_WORD: r"\W",
    }

    def holds(kind: Any, value: Any) -> bool:
        if kind == op.RANGE:
            return bool(value[0] <= ord(char) <= value[1])
        return chr(value) == char if kind == op.LITERAL else _class(categories[value])(char)

    kinds = list(members)
    negated = any(kind == op.NEGATE for kind, _ in kinds)
    return negated != any(holds(kind, value) for kind, value in kinds if kind != op.NEGATE)


# ---- trying


class _Late(Exception):
    pass


def _late(*_: object) -> None:
    raise _Late


def seconds(pattern: "re.Pattern[Any]", method: str, text: str, tries: int = 3) -> float:
    """CPU time of the fastest try; GIVEN_UP for one that had to be ended."""
    given: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "surrogatepass")
    run = getattr(pattern, method)
    arguments = (type(given)(), given) if method in ("sub", "subn") else (given,)
    least = GIVEN_UP
    for _ in range(tries):
        signal.setitimer(signal.ITIMER_PROF, GIVEN_UP)
        began = time.process_time()
        try:
            for _ in run(*arguments) if method == "finditer" else (run(*arguments),):
                pass
            least = min(least, time.process_time() - began)
        except _Late:
            return GIVEN_UP
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if least < LIMIT / 4:
            break
    return least


def worst(pattern: str | bytes, flags: int, methods: set[str]) -> tuple[float, str, str]:
    """Seconds, method and the beginning of the string that took longest."""
    compiled: re.Pattern[Any] = re.compile(pattern, flags)
    written = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    found = (0.0, "", "")
    for method in sorted({m if m in AT_THE_BEGINNING else "sub" for m in methods - {"compile"}}):
        for recipe in _slowest(compiled, method, strings(written, flags)):
            text = recipe.of(SIZE)
            found = max(found, (seconds(compiled, method, text), method, f"{text[:60]!r} … {text[-20:]!r}"))
            if found[0] >= LIMIT:
                return found
    return found


def _slowest(pattern: "re.Pattern[Any]", method: str, recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes whose small strings took longest; one alone, if it gives itself away."""
    took: list[tuple[float, Recipe]] = []
    for recipe in recipes:
        took.append((seconds(pattern, method, recipe.of(SMALL), tries=1), recipe))
        if took[-1][0] > GIVEN_AWAY:
            return [recipe]
    return [recipe for _, recipe in nlargest(WORST, took, key=lambda pair: pair[0])]


def ready() -> None:
    """Before the first try."""
    signal.signal(signal.SIGPROF, _late)


def main() -> None:
    ready()
    for one in found():
        for pattern, flags in sorted(one.patterns, key=str):
            took, method, text = worst(pattern, flags, one.methods)
            line = {"place": one.place, "pattern": str(pattern), "seconds": took, "method": method, "text": text}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
