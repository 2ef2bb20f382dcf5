"""What a reader sees of WordprocessingML: wrappers taken off, deleted text left out, and what is struck out, raised or
hidden between the marks of ``twofold``.

Tracked insertions count, tracked deletions and the place from which something was moved do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.model.forms import Mark
from bot.reading.twofold import clean, marked
from bot.reading.wordlook import OFF, Look, Styles, shaded
from bot.reading.xmlfile import attribute, child, children, inner_text, local

PAGE = "\f"  # stands in a paragraph's text for a page break
# "sect" and "content" are Word 2003's.
_WRAPPERS = frozenset({"sdtContent", "ins", "moveTo", "smartTag", "customXml", "sect", "sub-section", "content"})
_GONE = frozenset({"del", "moveFrom", "sdtPr", "sdtEndPr"})
_SILENT = frozenset({"pPr", "rPr", "instrText", "delText", "delInstrText", "rt", "footnoteReference", "Fallback"})
_MARKS = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "-"}
NO_STYLES = Styles()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The text of a paragraph, the text boxes that are anchored in it, and where pages end."""

    text: str
    boxes: tuple[Any, ...]
    begins_page: bool
    ends_section: bool


def seen(element: Any) -> Iterator[Any]:
    """The children as a reader sees them: what wraps them is taken off, what is deleted is left out, and of
    alternatives (mc:AlternateContent) only one counts."""
    for part in element:
        name = local(part)
        if name == "sdt":
            content = child(part, "sdtContent")
            if content is not None and not flag(part, "sdtPr", "showingPlcHdr"):
                yield from seen(content)
        elif name in _WRAPPERS:
            yield from seen(part)
        elif name == "AlternateContent":
            yield from seen(_alternative(part))
        elif name == "annotation":  # of Word 2003: a tracked change, or a bookmark
            if attribute(part, "type") not in ("Word.Deletion", "Word.Comment"):
                yield from seen(part)
        elif name and name not in _GONE:
            yield part


def paragraph(element: Any, styles: Styles = NO_STYLES, around: Look | None = None) -> Paragraph:
    """One w:p. ``around`` is the look of the table in which it stands."""
    properties = child(element, "pPr")
    runs = _Runs(styles, styles.otherwise | (around or {}) | styles.style(properties, "pStyle") | shaded(properties))
    runs.collect(element, None)
    out, boxes = runs.out, runs.boxes
    section = child(properties, "sectPr") if properties is not None else None
    kind = child(section, "type") if section is not None else None
    continues = kind is not None and attribute(kind, "val") == "continuous"
    begins = flag(element, "pPr", "pageBreakBefore")
    return Paragraph("".join(out), tuple(boxes), begins, section is not None and not continues)


def flag(element: Any, properties: str, name: str) -> bool:
    """Whether a property is on: it is there, and its value is not "off"."""
    found = child(element, properties)
    mark = child(found, name) if found is not None else None
    return mark is not None and attribute(mark, "val").lower() not in OFF


class _Runs:
    """Collects the text of a paragraph, run by run, and the text boxes in it."""

    def __init__(self, styles: Styles, around: Look) -> None:
        self.out: list[str] = []
        self.boxes: list[Any] = []
        self._styles, self._around = styles, around

    def collect(self, element: Any, mark: Mark | None) -> None:
        for part in seen(element):
            name = local(part)
            if name == "t":
                self.out.append(marked(clean(inner_text(part)), mark))
            elif name in _MARKS:
                self.out.append(_MARKS[name])
            elif name == "br":
                self.out.append(PAGE if attribute(part, "type") == "page" else "\n")
            elif name == "txbxContent":
                self.boxes.append(part)
            elif name == "fldChar":
                self.out.append(marked(_chosen(part), mark))
            elif name not in _SILENT:
                self.collect(part, self._styles.mark(part, self._around) if name == "r" else mark)


def _chosen(field: Any) -> str:
    """What is chosen in a drop-down field of the old kind, which has no text of its own; else nothing."""
    for choices in field.iter("{*}ddList"):
        result = child(choices, "result")
        number = attribute(result, "val") if result is not None else "0"
        entries = [attribute(entry, "val") for entry in children(choices, "listEntry")]
        return clean(entries[int(number)]) if number.isdecimal() and int(number) < len(entries) else ""
    return ""


def _alternative(element: Any) -> Any:
    """The first choice that says something, else the fallback: the same text box stands in both."""
    choices = [part for part in element if local(part) in ("Choice", "Fallback")]
    return next((choice for choice in choices if inner_text(choice).strip()), element if not choices else choices[0])
