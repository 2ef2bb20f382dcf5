"""What the proofs of reliability tried, counted for whoever collects it: ``BOT_FIGURES`` names the folder."""

import json
import os
from pathlib import Path


def count(what: str, *, tried: int = 1, lost: int = 0, twice: int = 0) -> None:
    """Adds to the figures of ``what``; nothing without ``BOT_FIGURES``. One short line at a time, so that several
    processes may write the same file."""
    folder = os.environ.get("BOT_FIGURES")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    line = json.dumps({"what": what, "tried": tried, "lost": lost, "twice": twice}, ensure_ascii=False) + "\n"
    descriptor = os.open(Path(folder) / "figures.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
