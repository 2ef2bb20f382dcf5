"""rules/links.toml: where people share files instead of attaching them."""

import re
from typing import Self

from pydantic import model_validator

from bot.rules.base import Rule

_PLACE = re.compile(r"(?:[a-z0-9*.-]{1,80}\.[a-z]{2,10}|\*)/\S{0,120}")


class Links(Rule):
    """rules/links.toml. Each of ``shared`` is a host and the beginning of a path; ``*`` is any part of the host."""

    shared: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _are_places(self) -> Self:
        for place in self.shared:
            if not _PLACE.fullmatch(place):
                raise ValueError(f'shared: expected a host and a path, such as "shimo.im/docs/" (got {place!r})')
        return self
