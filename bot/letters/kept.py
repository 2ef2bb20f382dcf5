"""A letter that could not be made, kept until it can be: its draft as bytes, and back. Pure.

JSON, in which moments, days and files are marked. A tuple comes back as a list, as the templates see it anyway.
"""

import base64
import json
from datetime import date, datetime
from typing import Any

from bot.model.deciding import LetterDraft, LetterFile, Obligation

MARK = "$"  # the key of what JSON has no form for; no template value is called so


def kept(draft: LetterDraft) -> bytes:
    """The draft as bytes. TypeError for a value that no template could show either."""
    whole = {
        "key": draft.key,
        "letter": draft.letter,
        "to": draft.to,
        "context": _plain(draft.context),
        "reply_to": draft.reply_to,
        "subject_of": draft.subject_of,
        "obligations": [[o.unit, o.form, o.period, o.deadline.isoformat()] for o in draft.obligations],
        "only_while_owed": draft.only_while_owed,
        "files": [[f.name, base64.b64encode(f.data).decode(), f.media_type] for f in draft.files],
        "held": draft.held,
    }
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unkept(data: bytes) -> LetterDraft:
    """The draft that ``kept`` made into these bytes."""
    whole = json.loads(data.decode("utf-8", "surrogatepass"))
    obligations = tuple(Obligation(u, f, p, datetime.fromisoformat(d)) for u, f, p, d in whole.pop("obligations"))
    files = tuple(LetterFile(name, base64.b64decode(text), kind) for name, text, kind in whole.pop("files"))
    context = _living(whole.pop("context"))
    return LetterDraft(**whole, context=context, obligations=obligations, files=files)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return {MARK: "moment", "is": value.isoformat()}
    if isinstance(value, date):
        return {MARK: "day", "is": value.isoformat()}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"no value of a letter: {type(value).__name__}")


def _living(value: Any) -> Any:
    if isinstance(value, list):
        return [_living(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get(MARK):
        case "moment":
            return datetime.fromisoformat(value["is"])
        case "day":
            return date.fromisoformat(value["is"])
    return {key: _living(item) for key, item in value.items()}
