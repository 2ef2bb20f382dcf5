"""Names that a template asks for and nobody gives, noted all at once instead of ending at the first. Pure."""

import inspect
from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.runtime import Undefined

Place = tuple[str, int, str]  # file, line, name
# What a template does with a value most: shows it, goes through it, asks whether it is so, compares it.
EMPTY: dict[str, Callable[[], object]] = {
    "__str__": str,
    "__iter__": lambda: iter(()),
    "__bool__": bool,
    "__len__": int,
    "__eq__": bool,
    "__ne__": bool,
}


def noting(found: list[Place]) -> type[Undefined]:
    """A value that notes where it is used, and is empty: so the rest of the template is tried as well. Where nothing
    can be taken for empty, as in a sum, it is an error as in a letter."""

    def using(empty: Callable[[], object]) -> Callable[..., object]:
        def used(self: Any, *_: object) -> object:
            place = _place(self._undefined_name)
            if place is not None and place not in found:
                found.append(place)
            return empty()

        return used

    methods: dict[str, Any] = {name: using(empty) for name, empty in EMPTY.items()}
    return type("Noting", (StrictUndefined,), {**methods, "__hash__": StrictUndefined.__hash__, "__slots__": ()})


def _place(name: object) -> Place | None:
    """Where in a template the name is used: the innermost one that is being filled in."""
    frame = inspect.currentframe()
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            return template.filename or "", template.get_corresponding_lineno(frame.f_lineno), str(name)
        frame = frame.f_back
    return None
