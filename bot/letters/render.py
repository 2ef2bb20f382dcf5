"""From a draft to a letter: subject, plain text and HTML from templates/<letter>/, then bytes.

One environment for the life of the process: building one for each letter costs 58 times as much. What
people wrote is only ever a value: autoescape in HTML, one line each, never a template. A missing value, an
unknown letter or a broken template is a ConfigError with file and line; nothing is guessed or left blank.
"""

import re
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateRuntimeError,
    TemplateSyntaxError,
    Undefined,
)
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.config import Office, read_toml
from bot.errors import ConfigError
from bot.letters.compiled import CompiledTemplates
from bot.letters.defang import defang
from bot.letters.filters import Filter, date_filters, lay_out
from bot.letters.mime import Heading, build, one_line
from bot.model.deciding import LetterDraft
from bot.model.letters import Letter

BASE = "_base"
FORMATS = ("month", "day", "fullday", "moment", "percent")
BODIES = ("body.txt", "body.html")
PARTS = ("subject.txt", *BODIES)
LONGEST_TEXT = 1000  # a cell may hold 32,767 characters; no letter repeats that
LONGEST_SUBJECT = 120
OFFICE_SAYS = "office_says"  # the one value that the office itself has written: a link in it stays one
_OF_LOOPS = frozenset({"index", "index0", "first", "last", "length"})
# "'unitt' is undefined", "'dict object' has no attribute 'unitt'": what a person looks for is the name.
UNKNOWN = re.compile(r"^(?:'[^']*' has no attribute )?('[^']*')(?: is undefined)?$")
_LETTER = re.compile(r"[a-z][a-z0-9_]*")
# What a template can raise besides Jinja's own errors: {{ 1 + none }}, {{ 1 / 0 }}, a file that is not UTF-8.
_TEMPLATE_FAULTS = (TemplateError, TypeError, ValueError, ArithmeticError, OSError)

T = TypeVar("T")


class _Loader(FileSystemLoader):
    """``words.jinja.html`` and ``words.jinja.txt`` are the one file ``words.jinja``: see ``_Environment``."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        return super().get_source(environment, re.sub(r"(?<=\.jinja)\.(html|txt)$", "", template))


class _Environment(ImmutableSandboxedEnvironment):
    """HTML is built from HTML alone. A macro counts as escaped when its *caller* escapes: one compiled for
    plain text would carry a stranger's ``<img>`` into HTML. Sentences for both stand in files ``.jinja``,
    which are compiled once for each, with escaping and without."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        # What letters are made of, without the sandbox's long way: values are plain dicts, macros those of a module.
        if obj.__class__ is dict and attribute in obj:
            return obj[attribute]
        if obj.__class__ is TemplateModule and attribute[0] != "_" and attribute in obj.__dict__:
            return obj.__dict__[attribute]
        if obj.__class__ is LoopContext and attribute in _OF_LOOPS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A letter is made of macros: they are the templates' own, and want only to know how to escape.
        if obj.__class__ is Macro:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(context.eval_ctx, *args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def join_path(self, template: str, parent: str) -> str:
        return _joined(template, parent)


@lru_cache(256)
def _joined(template: str, parent: str) -> str:
    suffix = Path(parent).suffix
    if template.endswith(".jinja"):
        return template + suffix
    if Path(template).suffix != suffix:
        raise TemplateRuntimeError(f"{template} cannot be used in {parent}: the endings differ")
    return template


class Renderer:
    """Renders letters from a folder of templates for one office and one From.

    Templates are read once; a changed one counts after a restart, as a changed rule does, or once ``reread`` is asked.
    In the folder ``compiled`` they are kept as compiled, for the next start.
    """

    def __init__(
        self,
        templates: Path,
        office: Office,
        sender: str,
        compiled: Path | None = None,
        undefined: type[Undefined] = StrictUndefined,
    ) -> None:
        if not templates.is_dir():
            raise ConfigError(f"{templates}: no such folder (paths.templates)")
        self.root = templates.absolute()
        self._formats = self.root / BASE / "formats.toml"
        self._sender = sender
        self._zone = office.zone
        self._seen: set[tuple[Path, int, int]] | None = None
        self.office = {"name": office.name, "contact": office.contact, "phone": office.phone}
        self._environment = _Environment(
            loader=_Loader(self.root, encoding="utf-8"),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.filters = self._filters()
        self._environment.filters.update({name: _of_known(filter_) for name, filter_ in self.filters.items()})
        if compiled is not None:  # a constant that goes through a filter is computed when it is compiled
            key = (Path(__file__).read_bytes(), self._formats.read_bytes(), str(self._zone).encode())
            self._environment.bytecode_cache = CompiledTemplates(compiled, *key)

    def render(self, draft: LetterDraft, *, token: str, message_id: str, now: datetime) -> Letter:
        """The letter, dated ``now`` (aware). ConfigError for its template, ValueError for its address."""
        subject, text, html = self.words(draft, token=token, now=now)
        heading = Heading(
            sender=self._sender,
            to=draft.to,
            subject=subject,
            message_id=message_id,
            token=token,
            key=draft.key,
            date=now.astimezone(self._zone),
            reply_to=draft.reply_to,
            answer=bool(draft.reply_to or draft.subject_of),
        )
        return Letter(
            key=draft.key,
            letter=draft.letter,
            to=draft.to,
            subject=subject,
            mime=build(heading, text, html, draft.files),
            token=token,
            message_id=message_id,
            held=draft.held,
            obligations=draft.obligations,
        )

    def words(self, draft: LetterDraft, *, token: str, now: datetime) -> tuple[str, str, str]:
        """Subject (the mark with the token always at its end), plain text and HTML, before they are encoded."""
        if not _LETTER.fullmatch(draft.letter):
            raise ConfigError(f"{self.root}: no letter can be called {draft.letter!r}")
        values = {**self._values(draft.context, now), "token": token}
        text, html = (self._fill(f"{draft.letter}/{part}", values) for part in BODIES)
        return self._subject(draft, values), lay_out(text), html.strip() + "\n"

    def subject(self, draft: LetterDraft, *, token: str, now: datetime) -> str:
        """The subject alone, with its mark: also of a letter whose body cannot be made."""
        return self._subject(draft, {**self._values(draft.context, now), "token": token})

    def _subject(self, draft: LetterDraft, values: dict[str, Any]) -> str:
        subject = self._fill(f"{draft.letter}/subject.txt", values)
        mark = one_line(self._fill(f"{BASE}/mark.txt", values))
        return _cut(one_line(subject), LONGEST_SUBJECT) + mark

    def reread(self) -> bool:
        """Lets changed templates count from here on. True if any has changed since the last time, and the first time:
        looked at only while something waits for a template to be mended."""
        seen = {(path, state.st_mtime_ns, state.st_size) for path in self.root.rglob("*") if (state := path.stat())}
        if seen == self._seen:
            return False
        self._seen = seen
        if self._environment.cache is not None:
            self._environment.cache.clear()
        return True

    def page(self, name: str, context: dict[str, Any], *, now: datetime, part: str = "page.html") -> str:
        """What is no mail, from ``templates/<name>/<part>``: cleaned, and in HTML escaped, as a letter is."""
        return self._fill(f"{name}/{part}", self._values(context, now, of_letter=False)).strip() + "\n"

    def check(self) -> None:
        """Compiles every template; ConfigError for the first that is broken."""
        for fault in self.faults():
            raise ConfigError(fault)

    def faults(self) -> Iterator[str]:
        """Compiles every template: a line for each that is broken. Says nothing of missing values."""
        for name in self._environment.list_templates(extensions=["txt", "html", "jinja"]):
            for used in (f"{name}.html", f"{name}.txt") if name.endswith(".jinja") else (name,):
                yield from self._faults_of(partial(self._environment.get_template, used), used)

    def tried(self, draft: LetterDraft, now: datetime) -> Iterator[str]:
        """Makes every part of a letter: a line for each that cannot be made."""
        values = {**self._values(draft.context, now), "token": ""}
        for name in (*(f"{draft.letter}/{part}" for part in PARTS), f"{BASE}/mark.txt"):
            yield from self._faults_of(partial(self._filled, name, values), name)

    def _faults_of(self, step: Callable[[], object], name: str) -> Iterator[str]:
        try:
            self._guarded(step, name)
        except ConfigError as error:
            yield str(error)

    def _values(self, context: dict[str, Any], now: datetime, *, of_letter: bool = True) -> dict[str, Any]:
        if now.tzinfo is None:
            raise ValueError(f"now must be aware, got {now!r}")
        local = now.astimezone(self._zone)
        clean = clean_values(context)
        return {
            **(_harmless(clean) if of_letter else clean),
            "office": self.office,
            "now": local,
            "today": local.date(),
        }

    def _fill(self, name: str, values: dict[str, Any]) -> str:
        return self._guarded(partial(self._filled, name, values), name)

    def _filled(self, name: str, values: dict[str, Any]) -> str:
        return self._environment.get_template(name).render(values)

    def _guarded(self, step: Callable[[], T], name: str) -> T:
        try:
            return step()
        except _TEMPLATE_FAULTS as error:
            raise ConfigError(f"{self._place(error, name)}: {_words_of(error)}") from error

    def _place(self, error: Exception, name: str) -> str:
        """File and line of a fault; Jinja puts the lines of templates into the traceback."""
        if isinstance(error, TemplateSyntaxError):
            return f"{error.filename or self.root / name}:{error.lineno}"
        inside = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(self.root)]
        return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else str(self.root / name)

    def _filters(self) -> dict[str, Filter]:
        path = self._formats
        formats = read_toml(path)
        for name in FORMATS:
            if not isinstance(formats.get(name), str):
                raise ConfigError(f"{path}: {name}: this key is missing, or is no text")
        filters = date_filters(formats, self._zone)
        try:
            sample = datetime.fromtimestamp(0, self._zone)
            filters["month"]("2017-06"), filters["percent"](50)
            for name in ("day", "fullday", "moment"):
                filters[name](sample)
        # "{jahr}" is a KeyError, "{" a ValueError, "{year.x}" an AttributeError, "{}" an IndexError
        except (LookupError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: a format has a name that does not exist: {error}") from error
        return filters


def _of_known(filter_: Filter) -> Callable[..., Any]:
    """The filter, for which a name that is unknown is that, and no date of a wrong kind."""
    return lambda value, *rest: str(value) if isinstance(value, Undefined) else filter_(value, *rest)


def _words_of(error: Exception) -> str:
    """What a fault says of itself, unless it may quote what somebody wrote: it comes into the log. Templates are
    written in plain ASCII but for their sentences, and no fault quotes those."""
    said = UNKNOWN.sub(r"unknown name \1", one_line(str(error)))
    quotes = not said.isascii() or (isinstance(error, ValueError) and not isinstance(error, UnicodeError))
    return type(error).__name__ if quotes or not said else said


def clean_values(value: Any) -> Any:
    """The same values, every text in them on one line: nobody can forge a paragraph, or mark up HTML."""
    if isinstance(value, str):
        return _cut(one_line(str(value)), LONGEST_TEXT)
    if isinstance(value, dict):
        return {key: clean_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_values(item) for item in value]
    return value


def _harmless(value: Any) -> Any:
    """The same values without links: mail clients make them of mere text."""
    if isinstance(value, str):
        return defang(value)
    if isinstance(value, dict):
        return {key: item if key == OFFICE_SAYS else _harmless(item) for key, item in value.items()}
    return [_harmless(item) for item in value] if isinstance(value, list) else value  # clean_values makes lists


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
