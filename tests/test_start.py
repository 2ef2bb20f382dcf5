"""A start loads what it needs and no more; what is heavy comes with the first letter or workbook that asks for it.

What a start costs stands in docs/performance.md (``python -m tests.bench.start``).
"""

import subprocess
import sys
from pathlib import Path

from bot.config import load_config
from tests.bench import ROOT
from tests.bench.costs import environment, settings
from tests.bots import at, build, first_run
from tests.servers.dovecot import DovecotOffice

SUNDAY = "2017-06-25T10:00"  # nothing leaves, nothing is due
LOOK = """
import runpy, sys
sys.argv = [{script!r}, *sys.argv[1:]]
try:
    runpy.run_path({script!r}, run_name="__main__")
finally:
    import importlib.metadata
    named = importlib.metadata.packages_distributions()
    loaded = {{name.partition(".")[0] for name, module in sys.modules.items() if module is not None}}
    print(*sorted(name for name in loaded if name in named and name.isidentifier()))
"""
# The poll: settings, rules, record, templates, mailbox, and the calendar that says that it is Sunday.
IDLE = {
    *("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"),
    *("sqlalchemy", "filelock", "jinja2", "markupsafe", "imapclient", "chinese_calendar"),
    *("olefile", "python_calamine"),  # what tells the kind of a file; small
}
NOT_OURS = {"_distutils_hack", "bot"}


def loaded(script: str, *arguments: str) -> set[str]:
    """The packages that a run of a script leaves loaded."""
    command = [sys.executable, "-c", LOOK.format(script=script), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()) - NOT_OURS


def test_an_idle_poll_loads_no_more_than_it_needs(dovecot: DovecotOffice, tmp_path: Path) -> None:
    with dovecot.client() as client:
        client.select_folder("INBOX")
    config = settings(tmp_path, dovecot)
    with build(load_config(config)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
    assert loaded("scheduler.py", "--once", "--config", str(config), "--now", SUNDAY) == IDLE


def test_numpy_is_not_loaded_for_a_workbook() -> None:
    """openpyxl looks for it where OCR has brought it, and has no use for it."""
    code = """
import runpy, sys
sys.argv = ["scheduler.py", "--once", "--config", "nowhere.toml"]
try:
    runpy.run_path("scheduler.py", run_name="__main__")
except SystemExit:
    import openpyxl
    print(openpyxl.NUMPY, "numpy" in sys.modules and sys.modules["numpy"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "None"]
