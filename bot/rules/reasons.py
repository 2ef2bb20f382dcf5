"""rules/reasons.toml: codes, and the sentences that say them."""

from typing import Self

from pydantic import model_validator

from bot.rules.base import Rule

# The keys that the code gives. A sentence that is missing would be missed in the middle of a mail.
REASONS: dict[str, tuple[str, ...]] = {
    "unreadable": (
        "damaged", "encrypted", "empty", "no_form", "too_large", "too_complex", "timeout", "crashed", "link",
        "archive_damaged", "archive_tool", "archive_encrypted", "archive_limits", "mail_limits",
        "archive_part", "mail_part", "mail_encrypted", "doc", "pdf", "image", "picture", "other",
        "unnamed", "left_out",
    ),
    "waiting": (
        "unknown_sender", "ambiguous_sender", "authentication", "unit_mismatch", "token_mismatch",
        "conflict", "older", "confirm", "liaison", "locked", "machine", "held_back", "corrected_in_words", "unproven",
        "shrunk",
    ),
    "attention": (
        "set_aside", "too_large", "bounced", "bounced_full", "bounced_refused", "bounced_expired",
        "bounced_unclear", "bounced_lasts",
        "capped", "in_vain", "missing_attachment", "missing_attachment_unanswered",
        "unreadable", "unreadable_unanswered", "no_form", "left_out",
        "letter_failed", "letter_unmade", "template_fault", "part_failed", "file_failed", "odd_arrival",
        "found_elsewhere",
        "letter_unproven", "letter_doubtful", "letter_restored",
        "liaison_question", "liaison_request", "liaison_recall", "liaison_words", "words_beside", "machine_words",
        "staff_words", "stranger_words", "stranger_blank",
        "login_refused", "reply_words", "reply_unclear", "draft", "forged_order",
        "lead_unreachable", "answers_put_off", "strangers_unanswered",
        "login_over", "poll_lasts", "poll_over", "withheld", "unsafe_login",
        "outbox_lasts", "outbox_over", "probe_lasts", "probe_over", "disk_lasts", "disk_over",
    ),
    "unclear": ("words", "several", "no_earlier", "other_month", "draft_errors", "zero", "old_month"),
    "noted": ("question", "request", "recall", "words", "beside", "explained"),
    "automatic": (
        "own", "bounce", "auto_submitted", "auto_reply", "list", "read_receipt", "postmaster", "empty_return_path",
    ),
}  # fmt: skip


class Reasons(Rule):
    """rules/reasons.toml: code -> sentence. Further codes may stand there; none of ``REASONS`` may be missing."""

    unreadable: dict[str, str]
    waiting: dict[str, str]
    attention: dict[str, str]
    unclear: dict[str, str]
    noted: dict[str, str]
    automatic: dict[str, str]

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> Self:
        for table, codes in REASONS.items():
            if missing := [code for code in codes if not getattr(self, table).get(code)]:
                raise ValueError(f"{table}.{missing[0]}: this sentence is missing")
        return self
