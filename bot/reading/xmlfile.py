"""XML of foreign files -> a tree, or a walk over it: no entities, no network, whatever its namespaces are called.

WPS, old Office and strict OOXML give the same elements different namespaces: local names decide.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

ELEMENTS = 600_000  # of one part that are walked over; a register of 2,000 rows has a tenth

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE", re.I)


def parsed(text: str) -> Any:
    """The root element. XMLSyntaxError on damage, and on elements nested deeper than libxml2 takes (256);
    ValueError when the text declares a document type: no office program writes one, and only there entities live."""
    from lxml import etree

    if _DOCTYPE.search(text):
        raise ValueError("a document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")
    body = _DECLARATION.sub("", text, count=1)  # it names another encoding than these bytes have
    return etree.fromstring(body.encode("utf-8"), parser)


class TooMuch(Exception):
    """There is more in a part than any form has."""


def walk(
    xml: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Hands the elements by their local names to the handlers, in their order; nothing of it is kept. ``ExpatError``
    on what is no XML, ``TooMuch`` on more than ELEMENTS, ValueError on a declared entity."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    count = 0

    def counted(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > ELEMENTS:
            raise TooMuch
        start(name.rpartition(":")[2], attributes)

    parser.StartElementHandler = counted
    parser.EntityDeclHandler = _no_entity
    if end:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    parser.Parse(xml, True)


def check(xml: bytes) -> None:
    """``ExpatError`` on what is no XML, ValueError on a declared entity: readers of values go on behind a tag that is
    closed by another one, and put what follows into other cells."""
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _no_entity
    parser.Parse(xml, True)


def _no_entity(*_: object) -> None:
    raise ValueError("an entity")


def local(element: Any) -> str:
    """The name without its namespace; empty for a comment or an instruction."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Any, name: str) -> Iterator[Any]:
    """The children of that name."""
    return (child for child in element if local(child) == name)


def child(element: Any, name: str) -> Any | None:
    """The first child of that name."""
    return next(children(element, name), None)


def attribute(element: Any, name: str) -> str:
    """The attribute of that name, in whichever namespace; empty when it is absent."""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def inner_text(element: Any) -> str:
    """All text inside."""
    return "".join(element.itertext())
