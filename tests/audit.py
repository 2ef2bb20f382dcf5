"""``python -m tests.audit``: asks a database of known weaknesses (OSV, by pip-audit) about every locked version.

pip-audit is no part of the program: it stands in a virtual environment of its own, which is made here. Exit status 0
when nothing is known, 1 when something is, 3 when the database, or a part of the answer, could not be had: silence is
no good news.
"""

import json
import re
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from typing import Any

from tests.supply import LOCKS, ROOT, locked

TOOL = "pip-audit==2.10.1"
VENV = ROOT / ".venv-audit"
SECONDS = 600  # for a hundred questions over a slow line
GOOD, FOUND, BROKEN = 0, 1, 3


def tool() -> list[str]:
    """The command that asks, installed if it is not there. OSError or CalledProcessError when it cannot be."""
    # "Scripts" on Windows, where there is no make either.
    python = next((p for p in (VENV / "bin/python", VENV / "Scripts/python.exe") if p.exists()), VENV / "bin/python")
    stamp = VENV / ".installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != TOOL:
        venv.create(VENV, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL]
        subprocess.run(install, check=True, capture_output=True, text=True, timeout=SECONDS)
        stamp.write_text(TOOL, encoding="utf-8")
    files = [word for lock in LOCKS for word in ("-r", str(ROOT / lock))]
    options = ["--require-hashes", "--disable-pip", "--vulnerability-service", "osv", "--format", "json"]
    return [str(python), "-m", "pip_audit", *files, *options, "--progress-spinner", "off"]


def judged(answer: str, complaint: str) -> tuple[int, list[str]]:
    """Exit status and lines for what pip-audit wrote on its two streams. Its own status says nothing: it is 0 when
    every package was skipped, and 1 for a broken line as for a weakness."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
        found = [line for package in packages for line in weaknesses(package)]
        skipped = [f"not asked about: {package['skip_reason']}" for package in packages if "skip_reason" in package]
        names = {str(package["name"]) for package in packages}
    except (ValueError, KeyError, TypeError, AttributeError):
        why = next((line.strip() for line in reversed(complaint.splitlines()) if line.strip()), "it says nothing")
        return BROKEN, [f"the database of known weaknesses could not be asked: {why[:500]}"]
    elsewhere = sorted(name for name in locked() if re.sub(r"[-_.]+", "-", name.lower()) not in names)
    lines = [*found, *skipped, *(f"not asked about: {name}, which is locked for another machine" for name in elsewhere)]
    asked = len(packages) - len(skipped)
    status = FOUND if found else BROKEN if skipped or not asked else GOOD
    return status, [*lines, f"{asked} packages asked about, {len(found)} weaknesses known"]


def weaknesses(package: dict[str, Any]) -> Iterator[str]:
    for item in package.get("vulns", ()):
        names = ", ".join([item["id"], *item["aliases"]])
        mended = f"mended in {', '.join(item['fix_versions'])}" if item["fix_versions"] else "not mended"
        first_line = item["description"].strip().partition("\n")[0]
        yield f"{package['name']} {package['version']}: {names}, {mended}: {first_line[:200]}"


def main(command: Sequence[str] | None = None) -> int:
    try:
        asked = subprocess.run(
            tool() if command is None else command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        status, lines = judged(asked.stdout, asked.stderr)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip() or type(error).__name__
        status, lines = BROKEN, [f"{TOOL} could not be installed or run: {said.splitlines()[-1][:500]}"]
    for line in lines:
        print(line)
    return status


if __name__ == "__main__":
    sys.exit(main())
