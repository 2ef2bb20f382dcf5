"""What a liaison has to know: the values of the letter ``guide`` and of the sheet with the same words. Pure."""

from typing import Any

from bot.rules.policy import Rules


def guide(rules: Rules) -> dict[str, Any]:
    """``form`` is the one that the targets are about; ``commands`` are those of liaisons, as the rules explain them,
    under the sentence ``lead``; ``unchanged``, ``confirm``, ``whole`` and ``added`` are the shortest replies in words;
    ``registers`` the forms about which the last two are asked."""
    form, commands = rules.matrices[rules.targets.form], rules.commands
    return {
        "form": {
            "name": form.name,
            "title": form.title,
            "day": form.owed.day,
            "months_after": form.owed.months_after,
            "cumulative": form.cumulative,
            "cells": len(form.groups) * len(form.columns),
        },
        "lead": commands.rule("own_help").done,
        "commands": [command.help for command in commands.of("liaison")],
        "unchanged": rules.replies.unchanged[0],
        "confirm": rules.replies.confirm[0],
        "registers": [form.name for form in rules.registers.values() if form.asks_whole],
        "whole": rules.replies.whole[0],
        "added": rules.replies.added[0],
    }
