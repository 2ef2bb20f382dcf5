"""A bulletin as its documents and its letter show it: plain values, with the words of rules/bulletin.toml. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.deciding.county_view import lag_words
from bot.deciding.deadlines import last_day, previous_period
from bot.deciding.formwords import form_words
from bot.deciding.notices import People, contact
from bot.deciding.pace import WORST
from bot.deciding.targets import months_left, pace
from bot.deciding.views import kinds_called
from bot.model.bulletin import Beside, Bulletin, Change, Lag, Line, Part
from bot.rules.policy import Rules

SILENT = ("missing", "open")


def document_context(made: Bulletin, rules: Rules, released_at: datetime | None) -> dict[str, Any]:
    """What templates/bulletin.docx fills in. ``released_at`` is None for a draft."""
    rows = [row(line, made, rules) for line in made.lines]
    words = rules.bulletin
    return {
        "form_name": made.form_name,
        "form_title": made.form_title,
        "period": made.period,
        "before": made.before,
        "deadline": made.deadline,
        "counted_at": made.made_at,
        "dated": (released_at or made.made_at).astimezone(made.deadline.tzinfo),
        "released": released_at is not None,
        "categories": [c.label for c in made.categories],
        "levels": [x.label for x in made.levels],
        "parts": [_part(part, made, rules) for part in made.parts],
        "whole": _part(made.whole, made, rules),
        "expected": made.expected,
        "received": made.received,
        "on_time": made.on_time,
        "late": [r for r in rows if r["state"] == "late"],
        "missing": [r for r in rows if r["state"] in SILENT and not r["extended"]],
        "extended": [r for r in rows if r["extended"]],
        "returned": [r for r in rows if r["state"] == "returned"],
        "waiting": [r for r in rows if r["state"] == "waiting"],
        "carried": [r for r in rows if r["carried"]],
        "silent": list(made.silent),
        "county": kinds_called(made.county, rules),
        "beside": [_beside(item, made, rules) for item in made.beside],
        "lags": [_lagging(made, lag, rules) for lag in WORST if lag != "on_pace" and _named(made, lag)],
        "paced": any(line.lag for line in made.lines),
        "streaks": [{"unit": x.unit, "streaks": list(x.streaks)} for x in made.lines if x.streaks],
        "kinds": [_kind(made, kind, label, rows, words.leading, rules) for kind, label in _kinds(made, rules)],
        "changes": [change(c, rules) for c in made.changes],
    }


def row(line: Line, made: Bulletin, rules: Rules) -> dict[str, Any]:
    """One unit with its words. Numbers that nobody reported are None, and are shown as such."""
    words, extended = rules.bulletin, _extended(line, made)
    state: str = words.states.extended if extended else getattr(words.states, line.state)
    carried = line.since is not None and line.since != made.period
    remarks = [state.format(days=line.late_days) if line.state == "late" else state]
    if carried and line.since:
        remarks.append(words.remarks.carried.format(month=rules.words.month_text(line.since)))
    elif line.since is None:
        remarks.append(words.remarks.never)
    elif line.compared_with and line.compared_with != previous_period(made.period):
        remarks.append(words.remarks.compared.format(month=rules.words.month_text(line.compared_with)))
    if line.kind in made.county and line.since and line.base is None and made.ranked_by[line.kind] == "rate":
        remarks.append(words.remarks.no_base)
    return {
        "rank": line.rank,
        "unit": line.unit,
        "kind": line.kind,
        "group": line.group,
        "sums": list(line.sums) or [None] * len(made.categories),
        "total": line.total,
        "previous": sum(line.previous) if line.previous else None,
        "change": line.change,
        "base": line.base,
        "rate": line.rate,
        "state": line.state,
        "extended": extended,
        "late_days": line.late_days,
        "carried": carried,
        "since": line.since,
        "remark": "，".join([*remarks, *_facts(line, made, rules)]),
    }


def _extended(line: Line, made: Bulletin) -> bool:
    """Whether a unit still has time though the deadline of all has passed: the office has put its own off."""
    return line.state == "open" and made.made_at > made.deadline


def _facts(line: Line, made: Bulletin, rules: Rules) -> list[str]:
    """What is said of its pace."""
    return [*lag_words(line.lag, rules, last_day(made.period)), *line.streaks]


def change(item: Change, rules: Rules) -> dict[str, Any]:
    """What came after a month was announced, with its word."""
    return {
        "unit": item.unit,
        "period": item.period,
        "word": getattr(rules.bulletin.changes, item.kind),
        "announced": item.announced,
        "now": item.now,
        "at": item.at,
    }


def letter_context(made: Bulletin, people: People, rules: Rules, files: Sequence[str]) -> dict[str, Any]:
    """What the letter with the draft says: the key figures, who is missing and whom to call, how to release."""

    def silent(line: Line) -> dict[str, Any]:
        return {"unit": line.unit, "group": line.group, "state": line.state, **contact(line.unit, people)}

    return {
        "form_name": made.form_name,
        "form_title": made.form_title,
        "words": form_words(made.form, rules),
        "period": made.period,
        "deadline": made.deadline,
        "expected": made.expected,
        "received": made.received,
        "on_time": made.on_time,
        "late": [{"unit": x.unit, "late_days": x.late_days} for x in made.lines if x.state == "late"],
        "missing": [silent(x) for x in made.lines if x.state in (*SILENT, "returned") and not _extended(x, made)],
        "extended": [silent(x) for x in made.lines if _extended(x, made)],
        "waiting": [
            {"unit": x.unit, "why": rules.reasons.waiting.get(x.why, "")} for x in made.lines if x.state == "waiting"
        ],
        "categories": [_progress(part, made, rules) for part in made.parts],
        "total": _progress(made.whole, made, rules),
        "silent": [{"unit": unit} for unit in made.silent],
        "beside": [_beside(item, made, rules) for item in made.beside],
        "paces": [
            {"unit": x.unit, "lag": x.lag, "facts": facts} for x in made.lines if (facts := _facts(x, made, rules))
        ],
        "changes": [change(c, rules) for c in made.changes],
        "answer": rules.commands.rule("send").words[0],
        "files": list(files),
    }


def _kinds(made: Bulletin, rules: Rules) -> list[tuple[str, str]]:
    """The kinds of unit that the bulletin has, in the order of its lines, with their words."""
    words: dict[str, str] = dict(rules.bulletin.kinds.items())
    return [(kind, words[kind]) for kind in made.ranked_by if kind in words]


def _kind(
    made: Bulletin, kind: str, label: str, rows: Sequence[dict[str, Any]], most: int, rules: Rules
) -> dict[str, Any]:
    """One kind of unit in the order of its ranks, those without one at the end."""
    of_kind = [r for r in rows if r["kind"] == kind]
    ranked = sorted((r for r in of_kind if r["rank"]), key=lambda r: int(r["rank"]))
    leading = [r["unit"] for r in ranked if r["rank"] <= most]
    # Counted from the end, equals together; who is among the first is not among the last.
    behind = {r["unit"]: sum(other["rank"] > r["rank"] for other in ranked) for r in ranked}
    trailing = [r["unit"] for r in ranked if behind[r["unit"]] < most and r["unit"] not in leading]
    return {
        "label": label,
        "by": made.ranked_by[kind],
        "beside": bool(made.county) and kind not in made.county,
        "ranked_by": getattr(rules.bulletin.ranked_by, made.ranked_by[kind]),
        "leading": leading if trailing else [],
        "trailing": trailing,
        "rows": ranked + [r for r in of_kind if not r["rank"]],
    }


def _beside(item: Beside, made: Bulletin, rules: Rules) -> dict[str, Any]:
    """A kind of unit that is no part of the county: the same keys as ``county_view.beside_view``."""
    apart = zip(made.categories, item.sums, item.differences, strict=True)
    return {
        "kind": kinds_called((item.kind,), rules),
        "county": kinds_called(made.county, rules),
        "counted": item.counted,
        "expected": item.expected,
        "carried": item.carried,
        "reached": item.reached,
        "difference": item.difference,
        "categories": [{"label": c.label, "reached": n, "difference": less} for c, n, less in apart],
    }


def _named(made: Bulletin, lag: Lag) -> list[str]:
    return [line.unit for line in made.lines if line.lag == lag]


def _lagging(made: Bulletin, lag: Lag, rules: Rules) -> dict[str, Any]:
    """Who is behind to one degree, with the word for it."""
    pace = rules.targets.pace
    word = pace.called(lag, rules.targets.end, last_day(made.period)) if pace else lag
    return {"word": word, "units": _named(made, lag)}


def _part(part: Part, made: Bulletin, rules: Rules) -> dict[str, Any]:
    words = rules.bulletin.growth
    n = part.change
    growth = words.unknown if n is None else words.same if n == 0 else (words.more if n > 0 else words.less)
    return {
        "counts": list(part.counts),
        "change": n,
        "previous": part.previous,
        **_progress(part, made, rules),
        "growth": growth.format(n=abs(n or 0)),
    }


def _progress(part: Part, made: Bulletin, rules: Rules) -> dict[str, Any]:
    """The same keys as ``views.tally_view``."""
    months = None if part.until is None else months_left(part.until, last_day(made.period))
    whom, pace_rule = part.whom, rules.targets.pace
    over = (
        {
            "kind": kinds_called(made.county, rules),
            "expected": whom.expected,
            "counted": whom.counted,
            "carried": whom.carried,
            "rated": whom.rated,
            "reached": whom.reached,
        }
        if whom
        else None
    )
    return {
        "label": part.label,
        "reached": part.reached,
        "growth": part.change,
        "newcomers": whom.newcomers if whom else 0,
        "first": whom.first if whom else 0,
        "over": over,
        "base": part.base,
        "rate": part.rate,
        "target": part.target,
        "until": part.until,
        "gap": part.gap,
        "months_left": months,
        "pace": pace(part.gap, months),
        "lag": part.lag,
        "lag_word": pace_rule.called(part.lag, part.until, last_day(made.period)) if part.lag and pace_rule else None,
    }
