"""No text, however it is made, holds a regular expression of bot/ up: one blank line more must not double the time."""

import json
import subprocess
import sys

import pytest

from tests.patterns import LIMIT, ROOT

WORST = "import sys; from tests import patterns as p; p.ready(); print(p.worst(sys.argv[1], 0, {'search'})[0])"


def _said(*arguments: str) -> str:
    run = [sys.executable, *arguments]
    return subprocess.run(run, check=True, cwd=ROOT, capture_output=True, text=True, timeout=890).stdout


@pytest.mark.timeout(900)  # half a minute on a machine that does nothing else
def test_no_pattern_takes_long_for_a_string_made_for_it() -> None:
    """The one place where time is asserted: CPU time of the fastest of three tries, in a process of its own."""
    tried = [json.loads(line) for line in _said("-m", "tests.patterns").splitlines()]
    assert len({one["place"] for one in tried}) > 150
    assert [one for one in tried if one["seconds"] > LIMIT] == []


@pytest.mark.parametrize("careless", ["(?:\\n[\\s_=-]*)+\\Z", "(a+)+b", "\\s*:"])
def test_a_careless_pattern_is_found_out(careless: str) -> None:
    assert float(_said("-c", WORST, careless)) > LIMIT
