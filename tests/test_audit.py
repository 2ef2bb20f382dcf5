"""What ``make audit`` makes of the answers of pip-audit: found, nothing, or not to be had. Nobody is asked here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import audit
from tests.audit import BROKEN, FOUND, GOOD, judged
from tests.supply import locked

# As pip-audit 2.10.1 writes them with --format json.
CLEAN = {"name": "typer", "version": "0.12", "vulns": []}
MENDED = {
    "id": "CVE-2025-27516",
    "fix_versions": ["3.1.6"],
    "aliases": ["GHSA-cpwx-vrp4-4pq7"],
    "description": "A sandbox breakout.\n\nMore.",
}
OPEN = {"id": "PYSEC-2099-1", "fix_versions": [], "aliases": [], "description": "Nobody has mended it."}
WEAK = {"name": "jinja2", "version": "3.1.5", "vulns": [MENDED, OPEN]}
SKIPPED = {"name": "alembic", "skip_reason": "Dependency not found on PyPI and could not be audited: alembic (1.20.1)"}
UNREACHABLE = """Traceback (most recent call last):
  File "requests/adapters.py", line 729, in send
    raise ConnectionError(e, request=request)
requests.exceptions.ConnectionError: Max retries exceeded (Failed to resolve 'api.osv.dev')
"""


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_what_was_found_is_listed() -> None:
    status, lines = judged(answer(CLEAN, WEAK), "Found 2 known vulnerabilities in 1 package")
    assert status == FOUND
    assert lines[:2] == [
        "jinja2 3.1.5: CVE-2025-27516, GHSA-cpwx-vrp4-4pq7, mended in 3.1.6: A sandbox breakout.",
        "jinja2 3.1.5: PYSEC-2099-1, not mended: Nobody has mended it.",
    ]
    assert lines[-1] == "2 packages asked about, 2 weaknesses known"


def test_nothing_known_is_good() -> None:
    everything = [{"name": name.lower(), "version": version, "vulns": []} for name, version in locked().items()]
    status, lines = judged(answer(*everything), "No known vulnerabilities found")
    assert (status, lines) == (GOOD, [f"{len(everything)} packages asked about, 0 weaknesses known"])


def test_what_is_locked_for_another_machine_is_named() -> None:
    status, lines = judged(answer(CLEAN), "")
    assert status == GOOD
    assert "not asked about: jinja2, which is locked for another machine" in lines


@pytest.mark.parametrize(("packages", "status"), [((SKIPPED,), BROKEN), ((CLEAN, SKIPPED), BROKEN), ((), BROKEN)])
def test_silence_is_no_good_news(packages: tuple[dict[str, Any], ...], status: int) -> None:
    # pip-audit itself says "No known vulnerabilities found", and ends with 0, when it skipped every package
    assert judged(answer(*packages), "No known vulnerabilities found")[0] == status


def test_what_was_found_counts_beside_what_was_skipped() -> None:
    status, lines = judged(answer(WEAK, SKIPPED), "")
    assert status == FOUND
    assert f"not asked about: {SKIPPED['skip_reason']}" in lines


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "<html>", '{"dependencies": [{}]}', '{"dependencies": [5]}'])
def test_a_database_that_cannot_be_reached_is_a_broken_world(text: str) -> None:
    status, (line,) = judged(text, UNREACHABLE)
    assert status == BROKEN
    assert line.startswith("the database of known weaknesses could not be asked: requests.exceptions.ConnectionError")
    assert judged(text, "")[1] == ["the database of known weaknesses could not be asked: it says nothing"]


def test_the_exit_status_is_ours_and_not_the_tools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("import sys; print(sys.argv[1]); sys.exit(int(sys.argv[2]))", encoding="utf-8")
    for packages, its_own, ours in (((CLEAN,), "0", GOOD), ((WEAK,), "1", FOUND), ((SKIPPED,), "0", BROKEN)):
        assert audit.main([sys.executable, str(tool), answer(*packages), its_own]) == ours
    assert audit.main([sys.executable, str(tool), "", "1"]) == BROKEN
    assert audit.main(["/nowhere/pip-audit"]) == BROKEN
    assert capsys.readouterr().out.splitlines()[-1].startswith("pip-audit==2.10.1 could not be installed or run: ")


def test_a_tool_that_cannot_be_installed_is_a_broken_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_pip(folder: Path, **_: Any) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/python").write_text("#!/bin/sh\necho 'ERROR: no such package' >&2\nexit 1\n", encoding="utf-8")
        (folder / "bin/python").chmod(0o755)

    monkeypatch.setattr(audit, "VENV", tmp_path / "venv")
    monkeypatch.setattr("venv.create", no_pip)
    assert audit.main() == BROKEN
    assert capsys.readouterr().out == "pip-audit==2.10.1 could not be installed or run: ERROR: no such package\n"
    assert not (tmp_path / "venv/.installed").exists()
