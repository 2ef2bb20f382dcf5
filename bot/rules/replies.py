"""rules/replies.toml: what liaisons mean by a few words in a mail."""

from functools import cached_property

from pydantic import Field

from bot.rules.base import Rule, even


class Replies(Rule):
    """The words of liaisons. Whole replies are ``confirm``, and for a list that was asked about
    ``whole`` and ``added``; a line that keeps the numbers is spelled from
    ``unchanged``, ``alike``, ``same_as``, ``last`` and ``around``, and ``zero`` is neither. ``courtesy``, ``signature``
    and ``covering`` mean nothing of their own. The rest are words by which a sentence asks (``questions``), puts off
    (``promises``), announces a file, requests something of the office, takes back, holds back, or corrects what a
    file says."""

    confirm: tuple[str, ...] = Field(min_length=1)
    whole: tuple[str, ...] = Field(min_length=1)
    added: tuple[str, ...] = Field(min_length=1)
    unchanged: tuple[str, ...] = Field(min_length=1)
    alike: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()
    courtesy: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    covering: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()
    announces: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    recalls: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    corrects: tuple[str, ...] = ()
    recall_subjects: tuple[str, ...] = ()
    reply_subjects: tuple[str, ...] = ()

    @cached_property
    def confirming(self) -> frozenset[str]:
        """Words that mean yes, as texts are compared."""
        return _evened(self.confirm)

    @cached_property
    def keeping(self) -> frozenset[str]:
        """Words that mean by themselves that nothing has changed, as texts are compared."""
        return _evened((*self.unchanged, *(f"{like}{before}" for like in self.same_as for before in self.last)))

    @cached_property
    def polite(self) -> frozenset[str]:
        """What says nothing, wherever it stands, as texts are compared."""
        return _evened((*self.courtesy, *self.signature))

    @cached_property
    def beside_keeping(self) -> frozenset[str]:
        """What may stand around the words that keep the numbers, as texts are compared."""
        return _evened((*self.around, *self.last)) | self.polite

    @cached_property
    def noise(self) -> frozenset[str]:
        """What a covering note is made of, as texts are compared."""
        return _evened(self.covering) | self.polite


def _evened(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(even, words)) - {""}
