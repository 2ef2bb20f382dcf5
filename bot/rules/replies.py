"""rules/replies.toml: what liaisons mean by a few words in a reply."""

from functools import cached_property

from pydantic import Field

from bot.rules.base import Rule, even


class Replies(Rule):
    """Whole replies (``confirm``, ``unchanged``), what may stand around them without a meaning of its own
    (``courtesy``, ``signature``), and words by which a sentence is no reason for anything: it asks (``questions``), or
    puts off (``promises``)."""

    confirm: tuple[str, ...] = Field(min_length=1)
    unchanged: tuple[str, ...] = Field(min_length=1)
    courtesy: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()

    @cached_property
    def confirming(self) -> frozenset[str]:
        """Words that mean yes, as texts are compared."""
        return frozenset(map(even, self.confirm))

    @cached_property
    def keeping(self) -> frozenset[str]:
        """Words that mean that nothing has changed, as texts are compared."""
        return frozenset(map(even, self.unchanged))
