"""What the project is built from: pinned with hashes, from no particular index, under licences that are allowed."""

import re
import tomllib

import pytest

from tests.supply import LOCKS, NOT_STATED, ROOT, forbidden, lines, locked


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_its_hashes_and_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", "\n".join(x for x in text.splitlines() if not x.lstrip().startswith("#")))
    for entry in entries:
        if entry.strip():
            assert re.match(r"[A-Za-z0-9._-]+==\S+", entry.strip()), entry[:80]
            assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:80]
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_whatever_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.split(r"[\[<>=]", item)[0].lower().replace("_", "-") for item in asked}
    assert names <= {name.lower().replace("_", "-") for name in locked()}


def test_no_licence_is_forbidden_and_each_is_known() -> None:
    found = {name: stated for name, _, stated in lines()}
    assert len(found) > 60
    assert {name: stated for name, stated in found.items() if forbidden(stated) or stated == NOT_STATED} == {}


@pytest.mark.parametrize(
    ("stated", "wrong"),
    [
        ("MIT License", False),
        ("LGPL-2.1-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("GPL-3.0-or-later", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("AGPL-3.0", True),
        ("GNU Affero General Public License v3", True),
        ("MIT OR GPL-2.0-only", False),
        ("(not installed here)", False),
    ],
)
def test_which_licences_are_forbidden(stated: str, wrong: bool) -> None:
    assert forbidden(stated) is wrong
