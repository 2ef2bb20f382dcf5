"""``python -m tests.manual`` (``make pictures``): makes what the manuals show, so that nobody keeps it by hand.

docs/pictures/     each letter as Chromium shows it, the workbooks and the bulletin as LibreOffice prints them, the
                   office's screen; the last three from what the demo leaves. Needs both programs, and a minute or two.
docs/联络员须知.md  the letter ``guide``, as a page
docs/commands.md   each command, as ``--help`` shows it

``made.json`` says which letter each picture shows, so that a test can tell a picture that is no longer true.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
import typer
from PIL import Image, ImageChops
from typer.cli import get_docs_for_click

from bot.cli.app import app
from bot.config import Config, read_toml
from bot.letters.calendars import CalendarWords
from bot.letters.render import Renderer
from bot.preview.files import with_files
from bot.rules.load import load_file
from tests import chromium
from tests.letters.cases import CASES, RULES, WORDS, samples, written_at
from tests.letters.values import OFFICE, SENDER
from tests.letters_golden import TEMPLATES, golden_path, words_of

ROOT = Path(__file__).parent.parent
PICTURES, MADE = ROOT / "docs/pictures", "made.json"
SHEET = ROOT / "docs/联络员须知.md"
COMMANDS = ROOT / "docs/commands.md"
ENDS = """
## `python scheduler.py`

The bot itself: `python scheduler.py [--config FILE] [--once [--now T]] [--quiet] [--demo]`. With `--once` it does what
is due, and ends: for cron.

## Exit status

0 good; 1 it ran, and something needs a person; 2 wrong usage or config; 3 the world is broken (server, database);
130 Ctrl-C.

On a terminal too narrow for a table its least columns are left out, which is said; `--json` and a pipe have all of
them. What takes longer than a second shows a bar on a terminal.
"""
WIDTH, TALLEST, COLOURS = 720, 1500, 32  # pixels; what is longer is cut: it goes on like this
# The case that shows a letter best; of any other letter the first.
SHOWN = {
    "receipt": "receipt_second_version_late",
    "group_report": "group_report_owing",
    "escalation": "escalation_two_areas",
    "overdue_notice": "overdue_notice_some",
    "digest": "digest_busy",
    "attention": "attention_asks",
    "orders": "orders_done",
    "reminder_overdue": "reminder_overdue_two_units",
}
DEMO = {"bulletin/2017-06-1.docx": "bulletin_document", "bulletin/2017-06-2.xlsx": "summary"}


def shown() -> dict[str, str]:
    """The case that is pictured of each letter."""
    first = {draft.letter: case for case, draft in reversed(CASES.items())}
    return first | SHOWN


def made_of(case: str) -> str:
    """What a picture of the case was made of, in short."""
    return hashlib.sha256(golden_path(case, "body.html").read_bytes()).hexdigest()[:16]


def sheet() -> str:
    """docs/联络员须知.md, as the templates and rules say it now."""
    draft = CASES["guide_one"]
    renderer = Renderer(TEMPLATES, OFFICE, SENDER)
    page = renderer.page("guide", draft.context, now=written_at(draft), part="sheet.txt")
    return re.sub(r"\n{3,}", "\n\n", page)


def commands() -> str:
    """docs/commands.md, as the program says it of itself."""
    root, name = typer.main.get_command(app), "python -m bot"
    page = get_docs_for_click(obj=root, ctx=typer.Context(root, info_name=name), name=name, title="The commands")
    page = re.sub(r"\n\*\*Commands\*\*:\n\n(?:\* .*\n)+", "\n", page)  # a list that is cut at the 45th character
    page = page.replace("\n* `--help`: Show this message and exit.", "").replace("**Options**:\n\n\n", "")
    return re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n" + ENDS


def main() -> int:
    COMMANDS.write_text(commands(), encoding="utf-8", newline="\n")
    SHEET.write_text(sheet(), encoding="utf-8", newline="\n")
    soffice = shutil.which("soffice")
    if chromium.PROGRAM is None or soffice is None:
        print("pictures need Chromium and LibreOffice: only the sheet was written")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        _letters(folder)
        _papers(folder, soffice)
        screen = folder / "screen.png"
        chromium.shoot(folder / "demo/board.html", screen, 1920, 1080)
        _keep(Image.open(screen).resize((960, 540), Image.Resampling.LANCZOS), "screen")
    made = {letter: made_of(case) for letter, case in sorted(shown().items())}
    (PICTURES / MADE).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    files = sorted(PICTURES.glob("*.png"))
    print(f"{len(files)} pictures, {sum(f.stat().st_size for f in files) // 1024} KiB in {PICTURES}")
    return 0


def _letters(folder: Path) -> None:
    renderer = Renderer(TEMPLATES, OFFICE, SENDER)
    pages = {letter: words_of(renderer, CASES[case])["body.html"] for letter, case in shown().items()}
    sizes = chromium.measure(pages, WIDTH, folder)
    for letter, text in pages.items():
        page, picture = folder / f"{letter}.html", folder / f"{letter}.png"
        page.write_text(text, encoding="utf-8")
        chromium.shoot(page, picture, WIDTH, min(sizes[letter][2], TALLEST))
        _keep(Image.open(picture), letter)


def _papers(folder: Path, soffice: str) -> None:
    """The workbooks of two letters, and what the demo's office signed."""
    environment = {**os.environ, "BOT_DEMO_OUTPUT": str(folder / "demo")}
    subprocess.run([sys.executable, ROOT / "scheduler.py", "--demo"], cwd=ROOT, env=environment, check=True,
                   capture_output=True, timeout=300)  # fmt: skip
    config = Config.model_validate(read_toml(ROOT / "config.toml"))
    calendar = load_file(TEMPLATES / "calendar.toml", CalendarWords)
    books = {"form": "reminder_before_single", "form_returned": "returned_single"}
    for name, case in books.items():
        draft = with_files(samples()[case], config, RULES, WORDS, calendar)
        (folder / f"{name}.xlsx").write_bytes(draft.files[0].data)
    for path, name in DEMO.items():
        shutil.copy(folder / "demo" / path, folder / f"{name}{Path(path).suffix}")
    profile = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    names = [f"{name}.xlsx" for name in books] + [f"{name}{Path(path).suffix}" for path, name in DEMO.items()]
    command = [soffice, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*command, *(str(folder / name) for name in names)], check=True, capture_output=True, timeout=180)
    for name in names:
        with pypdfium2.PdfDocument(folder / f"{Path(name).stem}.pdf") as pdf:
            _keep(_trimmed(pdf[0].render(scale=1.25).to_pil()), Path(name).stem)


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without the empty margins of the paper, but for a few pixels."""
    plain = picture.convert("RGB")
    box = ImageChops.difference(plain, Image.new("RGB", plain.size, "white")).getbbox()
    assert box, "an empty page"
    left, upper, right, lower = box
    return plain.crop((max(left - 12, 0), max(upper - 12, 0), right + 12, lower + 12))


def _keep(picture: Image.Image, name: str) -> None:
    small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    data = io.BytesIO()
    small.save(data, "PNG", optimize=True)
    (PICTURES / f"{name}.png").write_bytes(data.getvalue())


if __name__ == "__main__":
    sys.exit(main())
