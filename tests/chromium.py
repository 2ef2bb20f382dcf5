"""Chromium without a window: pictures of pages, and what a page measures."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"


def _run(page: Path, *options: str) -> str:
    assert PROGRAM
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [PROGRAM, *OPTIONS, profile, *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=110).stdout


def shoot(page: Path, picture: Path, width: int, height: int, dark: bool = False) -> None:
    """A picture of a page at that size of the window, in pixels."""
    _run(page, DARK if dark else LIGHT, f"--window-size={width},{height}", f"--screenshot={picture}")


MEASURE = """
<script>
addEventListener('load', () => {
  const sizes = {};
  for (const frame of document.querySelectorAll('iframe')) {
    const inside = frame.contentDocument, root = inside.documentElement;
    const edge = root.clientWidth + 0.5;
    const wide = [...inside.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > edge);
    sizes[frame.name] = [root.clientWidth, root.scrollWidth, root.scrollHeight, wide.length];
  }
  document.body.innerHTML = '<pre id="sizes"></pre>';
  document.getElementById('sizes').textContent = JSON.stringify(sizes);
});
</script>
"""


def measure(pages: Mapping[str, str], width: int, folder: Path) -> dict[str, tuple[int, int, int, int]]:
    """For each page (its HTML) in a window so wide: that width, the width and height that it takes, and how many of its
    elements reach beyond the right edge."""
    frames = "".join(
        f'<iframe name="{name}" style="width:{width}px;height:400px;border:0" srcdoc="{html.escape(text)}"></iframe>'
        for name, text in pages.items()
    )
    sheet = folder / f"measure-{width}.html"
    sheet.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{frames}{MEASURE}', encoding="utf-8")
    found = re.search(r'<pre id="sizes">(.*?)</pre>', _run(sheet, "--dump-dom"), re.S)
    assert found, "the page was not measured"
    sizes: dict[str, list[int]] = json.loads(html.unescape(found[1]))
    return {name: (values[0], values[1], values[2], values[3]) for name, values in sizes.items()}
