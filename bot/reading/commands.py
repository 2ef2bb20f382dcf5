"""The own words of a mail -> commands, line by line. Pure.

3 通过                      the number of a question, and the answer
3-10 通过；11退回 数字不对   several of them; 全部通过 for all of a letter
延期 五图街道 6月 至 7月10日 联络员住院     the word, and its arguments in order
给五图街道延期到10号         the same in another order (``bot.reading.loose``), which is asked back

One line that is not understood never drops the others.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from bot.model.commands import Arguments, Command, Misunderstood
from bot.reading.answerlists import Opening, openings
from bot.reading.arguments import argument
from bot.reading.commandwords import bare, begins, consists, nearest, words_at
from bot.reading.loose import loosely
from bot.reading.tokens import tokens_of
from bot.rules.base import even
from bot.rules.commands import CommandRule
from bot.rules.forms import FormRule
from bot.rules.policy import Rules

MOST_LINES = 2_000  # far more than a letter asks about; what a mail has beyond is said to be unread
LONGEST = 300  # characters of a line
MOST = 40_000  # characters of all lines
LEAD_IN = 2  # lines before the first order of a mail that answers no letter: a greeting, 请办理以下事项：
Read = Command | Misunderstood


def commands_in(
    words: str, known: Sequence[CommandRule], rules: Rules, today: date, *, expected: bool
) -> tuple[Read, ...]:
    """The commands of a text, each line of them; nothing for a text that is no order at all. ``expected``: it answers a
    letter of ours, so that a line which is not understood is one that was meant."""
    plain, unread = _bounded(_lines(words, rules))
    lines = _joined(plain, known, rules)
    # A line that stands there a thousand times is read once.
    each = {line: _read(*line, known, rules, today) for line in dict.fromkeys(lines)}
    read = [each[line] for line in lines]
    is_order = [any(isinstance(said, Command) or _is_meant(said) for said in found) for found in read]
    if not any(is_order):
        return tuple(read[0]) if expected and read else ()
    if not expected and not _leads_in(lines, is_order):
        return ()
    last = max(n for n, yes in enumerate(is_order) if yes)
    found: list[Read] = []
    for n, (said, yes) in enumerate(zip(read, is_order, strict=True)):
        # Behind the last order stands a signature or a remark; before it, what is no order was meant as one, but for
        # the lines that lead in.
        if yes or (n < last and (expected or found) and not _leads(lines[n][0], n < is_order.index(True), rules)):
            found += said
    return (*found, *(Misunderstood(unread[0][0], "unread", str(len(unread))) for _ in unread[:1]))


def _bounded(lines: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The lines that are read, and those that are beyond what is."""
    read: list[tuple[str, str]] = []
    unread: list[tuple[str, str]] = []
    left = MOST
    for line in lines:
        left -= len(line[0])
        (read if left >= 0 and len(read) < MOST_LINES else unread).append(line)
    return read, unread


def _leads(line: str, is_before: bool, rules: Rules) -> bool:
    """Whether a line between orders means nothing, or one before them only leads to them: 小李：, 请办理以下事项："""
    return consists(line, rules) or (is_before and line.endswith((":", "：")))


def _leads_in(lines: Sequence[tuple[str, str]], is_order: Sequence[bool]) -> bool:
    """Whether the mail begins with an order, or with what leads to one: a letter in which one stands somewhere is
    none."""
    first = is_order.index(True)
    return first == 0 or (first <= LEAD_IN and lines[first - 1][0].endswith((":", "：")))


def _is_meant(said: Read) -> bool:
    return isinstance(said, Misunderstood) and bool(said.lacks or said.nearest)


def _lines(words: str, rules: Rules) -> Iterator[tuple[str, str]]:
    """The lines that say something, plain and as they are written: a greeting is none."""
    greetings = {even(text) for text in rules.replies.courtesy}
    for line in words.split("\n"):
        plain = unicodedata.normalize("NFKC", line[:LONGEST]).strip()
        if plain and even(plain.rstrip("!~")) not in greetings | {""}:
            yield plain, line


def _joined(lines: list[tuple[str, str]], known: Sequence[CommandRule], rules: Rules) -> list[tuple[str, str]]:
    """The same, with the numbers below an order that takes some brought into its line: 规上：一级0…, a line each."""
    form = rules.forms[rules.targets.form]
    found: list[tuple[str, str]] = []
    takes = False
    for line, written in lines:
        if takes and _goes_on(line, form, rules):
            before, raw = found.pop()
            found.append((f"{before}；{line}", f"{raw}；{written}"))
            continue
        takes = any("numbers" in rule.arguments for rule in words_at(begins(line, rules), known)[0])
        found.append((line, written))
    return found


def _goes_on(line: str, form: FormRule, rules: Rules) -> bool:
    """Whether a line is nothing but numbers of the form and their names; a telephone number is none."""
    return not re.search(r"\d{7}", line) and bool(tokens_of(line, form, rules.words, ()))


def _read(line: str, written: str, known: Sequence[CommandRule], rules: Rules, today: date) -> tuple[Read, ...]:
    """What one line orders: several answers, or one command."""
    starts = openings(line, known, rules.commands.speech)
    if starts and (starts[0].at == 0 or not bare(line[: starts[0].at], rules)):
        found = tuple(_answers(line, written, starts, rules, today))
        if len(found) == 1 and isinstance(found[0], Misunderstood):
            # 1. 登记 五图 6月 0 2 …: the number may be that of a list, and the word that of another command.
            whole = _command(line, written, known, rules, today)
            return (whole,) if isinstance(whole, Command) and not whole.loose else found
        return found
    return (_command(line, written, known, rules, today),)


def _answers(line: str, written: str, starts: Sequence[Opening], rules: Rules, today: date) -> Iterator[Read]:
    for start, following in zip(starts, (*starts[1:], None), strict=True):
        part = line[start.at : following.at if following else len(line)].rstrip(" ,，、;；。")
        said = _with(
            start.rules, line[start.end : following.at if following else len(line)], part, written, rules, today
        )
        if isinstance(said, Misunderstood):
            yield said
        elif start.every:
            yield replace(said, every=True)
        else:
            many = len(start.numbers) > 1
            for number in start.numbers:
                yield replace(said, number=number, text=_of_one(said, number) if many else part)


def _of_one(said: Command, number: int) -> str:
    return f"{number} {written_as(said)}"


def _command(line: str, written: str, known: Sequence[CommandRule], rules: Rules, today: date) -> Read:
    """The command that a line begins with; else one whose parts stand in another order."""
    text = begins(line, rules)
    rivals, rest = words_at(text, known)
    said = _with(rivals, rest, line, written, rules, today) if rivals else None
    if isinstance(said, Command):
        return said
    # 延期 五图街道 6月: what it lacks is told. 给五图街道延期到10号: what it leaves open is filled in, and asked back.
    turned = loosely(line, known, rules, today, complete=not rivals)
    if turned is not None:
        return replace(turned, text=written_as(turned, rules)) if turned.rule.changes else turned
    return said or Misunderstood(line, nearest=nearest(line, known, rules, today))


def _with(rivals: Sequence[CommandRule], rest: str, line: str, written: str, rules: Rules, today: date) -> Read:
    """The command of a word, with its arguments. Of several that share the word, the one that they fit."""
    found = [_arguments(rule, rest, line, written, rules, today) for rule in rivals]
    whole = [said for said in found if isinstance(said, Command)]
    if whole:
        return whole[0]
    lacking = [said for said in found if isinstance(said, Misunderstood) and said.lacks]
    return (lacking or found)[0]


def _arguments(rule: CommandRule, rest: str, line: str, written: str, rules: Rules, today: date) -> Read:
    arguments: dict[str, object] = {}
    for wanted in rule.arguments:
        name = wanted.removesuffix("?")
        value, left = argument(name, rest, rules, today)
        if name == "reason" and value is not None:
            value = _as_written(written, rest)
        if value is None and not wanted.endswith("?"):
            return Misunderstood(line, f"no_{name}", rest.split(" ", maxsplit=1)[0], (rule,))
        if value is not None:
            arguments[name], rest = value, left
    if not consists(rest, rules):
        return Misunderstood(line, nearest=(rule,))  # 停发通知已收到: a sentence that begins with the word of a command
    return Command(rule, Arguments(**arguments), None, line)  # type: ignore[arg-type]


def _as_written(line: str, rest: str) -> str:
    """A part of a line as its writer has it: a reason goes into letters, with its own commas."""
    plain, found = rest.strip(), rest
    for start in range(len(line)):
        if unicodedata.normalize("NFKC", line[start:]).startswith(plain):
            ends = range(start + 1, len(line) + 1)
            found = next((line[start:e] for e in ends if unicodedata.normalize("NFKC", line[start:e]) == plain), rest)
            break
    return found.strip(" \u3000,，。.;；")


def written_as(said: Command, rules: Rules | None = None) -> str:
    """A command in the one order that is obeyed at once, years written out."""
    a, word = said.arguments, said.rule.words[0]
    period = rules.words.month_text(a.period) if rules and a.period else a.period
    until = None
    if a.until:
        until = rules.commands.speech.day_text(a.until) if rules else a.until.isoformat()
    values = {"unit": a.unit, "period": period, "until": until, "name": a.name, "mobile": a.mobile}
    values |= {"email": a.email, "reason": a.reason, "numbers": a.numbers, "year": a.year}
    told = (values[name.removesuffix("?")] for name in said.rule.arguments)
    return " ".join(filter(None, (str(said.number) if said.number and said.rule.answers else "", word, *told)))
