"""What a reader sees of WordprocessingML: wrappers taken off, deleted and hidden text left out.

Tracked insertions count, tracked deletions and the place from which something was moved do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.reading.xmlfile import attribute, child, inner_text, local

PAGE = "\f"  # stands in a paragraph's text for a page break
_WRAPPERS = frozenset({"sdtContent", "ins", "moveTo", "smartTag", "customXml"})
_GONE = frozenset({"del", "moveFrom", "sdtPr", "sdtEndPr"})
_SILENT = frozenset({"pPr", "rPr", "instrText", "delText", "delInstrText", "rt", "footnoteReference", "Fallback"})
_MARKS = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "-"}
_OFF = frozenset({"0", "false", "off"})


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
        elif name and name not in _GONE:
            yield part


def paragraph(element: Any) -> Paragraph:
    """One w:p."""
    out: list[str] = []
    boxes: list[Any] = []
    _collect(element, out, boxes)
    properties = child(element, "pPr")
    section = child(properties, "sectPr") if properties is not None else None
    kind = child(section, "type") if section is not None else None
    continues = kind is not None and attribute(kind, "val") == "continuous"
    begins = flag(element, "pPr", "pageBreakBefore")
    return Paragraph("".join(out), tuple(boxes), begins, section is not None and not continues)


def flag(element: Any, properties: str, name: str) -> bool:
    """Whether a property is on: it is there, and its value is not "off"."""
    found = child(element, properties)
    mark = child(found, name) if found is not None else None
    return mark is not None and attribute(mark, "val").lower() not in _OFF


def _collect(element: Any, out: list[str], boxes: list[Any]) -> None:
    for part in seen(element):
        name = local(part)
        if name == "t":
            out.append(inner_text(part))
        elif name in _MARKS:
            out.append(_MARKS[name])
        elif name == "br":
            out.append(PAGE if attribute(part, "type") == "page" else "\n")
        elif name == "txbxContent":
            boxes.append(part)
        elif name not in _SILENT and not (name == "r" and flag(part, "rPr", "vanish")):
            _collect(part, out, boxes)


def _alternative(element: Any) -> Any:
    """The first choice that says something, else the fallback: the same text box stands in both."""
    choices = [part for part in element if local(part) in ("Choice", "Fallback")]
    return next((choice for choice in choices if inner_text(choice).strip()), element if not choices else choices[0])
