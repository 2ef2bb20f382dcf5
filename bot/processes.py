"""What every program that the bot starts has in common: no secret goes with it, and nothing of it stays."""

import os
import signal
import subprocess
from contextlib import suppress


def without_secrets() -> dict[str, str]:
    """The environment for another program, without the variables that begin with BOT_: passwords stand in them."""
    return {key: value for key, value in os.environ.items() if not key.upper().startswith("BOT_")}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and waits for it. What it started ends with it, even where it has ended by itself before;
    but not on Windows, which knows no such groups.

    For a process that was started in a session of its own (``start_new_session``): only such a one has a group by its
    number, and is not waited for in vain. May be called from several threads, and again.
    """
    with suppress(OSError):  # nothing of it is left; macOS says "not permitted" then
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
