"""``python -m tests.bench.ours CONFIG NOW PEAK_FILE``: the real ``scheduler.py --once``; the peak memory of this
process, in MB, is written to a file when it has ended."""

import runpy
import sys
from pathlib import Path

from tests.bench import ROOT, own_peak

if __name__ == "__main__":
    config, now, peak = sys.argv[1:]
    sys.argv = ["scheduler.py", "--once", "--config", config, "--now", now]
    try:
        runpy.run_path(str(ROOT / "scheduler.py"), run_name="__main__")
    finally:
        Path(peak).write_text(own_peak())
