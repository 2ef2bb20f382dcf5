"""A server that answers nonsense, mutated from good answers: a MailboxError or the mail, never anything else."""

import os
import random
import threading

import pytest

from bot.errors import LoginRefused, MailboxError
from tests.servers.netease import CAPABILITIES, NetEase, Stored
from tests.test_mailbox_wire import fail_with, nothing, open_box

CASES = 3000 if os.environ.get("BOT_SOAK") == "1" else 120
GOOD = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 ID\r\nTAG OK done",
    "LOGIN": "TAG OK done",
    "ID": '* ID ("name" "x")\r\nTAG OK done',
    "LIST": '* LIST (\\Junk) "/" "&V4NXPpCuTvY-"\r\n* LIST () NIL INBOX\r\nTAG OK done',
    "EXAMINE": "* 5 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK [READ-ONLY] done",
    "UID SEARCH": "* SEARCH 1 2 3\r\nTAG OK done",
    "UID FETCH": '* 1 FETCH (UID 1 RFC822.SIZE 3 INTERNALDATE "05-Jul-2017 08:00:00 +0800" BODY[] {3}\r\nabc)\r\n'
    "TAG OK done",
    "IDLE": "+ idling\r\n* 5 EXISTS",
}
PIECES = [
    "* ",
    "TAG ",
    "OK ",
    "NO ",
    "BAD ",
    "BYE ",
    "1 FETCH ",
    "(UID 1 ",
    "BODY[] {3}\r\nabc",
    "RFC822.SIZE x ",
    ")",
    "(",
    '"',
    "\\",
    'LIST () "/" INBOX',
    "(1) NIL 2",
    "{5}\r\n",
    "{0}\r\n",
    "SEARCH x",
    "\r\n",
    "\r\n* ",
    "EXISTS",
    "NIL",
    "[UIDVALIDITY x] ",
    "\x00",
    "\xff",
    "99999999999999999999 ",
    "+ ",
    "-1 ",
    "(UID 0 ",
    "(1 2 3)",
    "FLAGS () ",
]


def mutated(chance: random.Random, answer: str) -> str:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(answer) + 1)
        match chance.randrange(3):
            case 0:
                answer = answer[:at] + chance.choice(PIECES) + answer[at:]
            case 1:
                answer = answer[:at] + answer[at + chance.randint(1, 6) :]
            case _:
                answer = answer[:at] + chr(chance.randrange(256)) + answer[at + 1 :]
    return answer


def everything(server: NetEase) -> list[bytes]:
    """Every call of the mailbox, once."""
    with open_box(server, timeout_seconds=0.15) as box:
        found = []
        for folder in box.folders():
            box.select(folder)
            found += [body for _, body in box.fetch(box.sizes(box.unknown(None, nothing)))]
        if box.can_idle:
            box.wait(0.02, threading.Event())
        return found


@pytest.mark.parametrize("step", GOOD)
def test_nonsense_is_a_mailbox_error_or_harmless(netease: NetEase, step: str) -> None:
    chance = random.Random(step)
    netease.mails["INBOX"] = [Stored(1, b"abc")]
    netease.capabilities = CAPABILITIES + (" IDLE" if step == "IDLE" else "")
    outcomes = {"mail": 0, "error": 0}
    for _ in range(CASES // len(GOOD) or 1):
        answer = mutated(chance, GOOD[step])
        netease.interfere = fail_with(when=step, answer=answer)
        try:
            found = everything(netease)
        except (MailboxError, LoginRefused) as error:
            outcomes["error"] += 1
            assert "\n" not in str(error), answer
        else:
            outcomes["mail"] += 1
            # half a mail, or the protocol around it, must never pass for a mail
            assert all(len(body) == 3 and body not in (b"NIL", b"{3}") for body in found), answer
    assert outcomes["error"] > 0
    netease.interfere, netease.capabilities = None, CAPABILITIES
    assert everything(netease) == [b"abc"]
