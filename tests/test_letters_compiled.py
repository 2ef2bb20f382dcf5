"""Templates kept as compiled: the same letters and faults, never an old text, and no harm from a bad disk."""

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.letters.render import Renderer
from tests.letters.cases import CASES
from tests.letters.values import OFFICE, SENDER
from tests.letters_golden import TEMPLATES, words_of
from tests.test_letters_render import folder, note, render


def compiled_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are compiled from now on."""
    names: list[str] = []
    real = Renderer.__init__.__globals__["_Environment"].compile

    def compile_(self: object, source: object, name: str | None = None, *args: object) -> object:
        names.append(str(name))
        return real(self, source, name, *args)

    monkeypatch.setattr("bot.letters.render._Environment.compile", compile_)
    return names


def test_the_second_start_compiles_nothing_and_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = tmp_path / "compiled"
    Renderer(TEMPLATES, OFFICE, SENDER, compiled).check()
    names = compiled_by(monkeypatch)
    again = Renderer(TEMPLATES, OFFICE, SENDER, compiled)
    again.check()
    written = {case: words_of(again, CASES[case]) for case in ("receipt_single", "alarm_login")}
    assert names == []  # nor when a letter is written: what was checked is what is used
    for case, words in written.items():
        assert words == words_of(Renderer(TEMPLATES, OFFICE, SENDER), CASES[case])


def test_a_changed_template_or_format_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = tmp_path / "compiled"
    root = folder(tmp_path, body_txt="{{ '2017-06'|month }}\n")
    before = words_of(Renderer(root, OFFICE, SENDER, compiled), note())["body.txt"]
    (root / "note" / "body.txt").write_text("又{{ '2017-06'|month }}\n", encoding="utf-8")
    assert words_of(Renderer(root, OFFICE, SENDER, compiled), note())["body.txt"] == "又" + before
    formats = root / "_base" / "formats.toml"
    formats.write_text(formats.read_text(encoding="utf-8").replace("年", "／"), encoding="utf-8")
    assert words_of(Renderer(root, OFFICE, SENDER, compiled), note())["body.txt"] == "又" + before.replace("年", "／")
    assert len({file.name[:12] for file in compiled.iterdir()}) == 1  # what nobody can use is removed


def test_a_template_that_is_edited_while_the_program_runs_counts_after_a_restart(tmp_path: Path) -> None:
    """Half of what a person is about to write must not go out."""
    root = folder(tmp_path, body_txt="旧\n")
    running = Renderer(root, OFFICE, SENDER, tmp_path / "compiled")
    running.check()
    (root / "note" / "body.txt").write_text("新{{", encoding="utf-8")
    assert words_of(running, note())["body.txt"] == "旧\n"


def test_a_fault_still_names_file_and_line(tmp_path: Path) -> None:
    root = folder(tmp_path, body_txt="甲\n\n{{ absent }}\n")
    for _ in range(2):
        with pytest.raises(ConfigError) as raised:
            render(note(), Renderer(root, OFFICE, SENDER, tmp_path / "compiled"))
        assert f"{root / 'note' / 'body.txt'}:3: " in str(raised.value)


def test_damaged_files_are_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = tmp_path / "compiled"
    whole = words_of(Renderer(folder(tmp_path), OFFICE, SENDER, compiled), note())
    for damage in (b"", b"\0" * 100, None):
        for file in compiled.iterdir():
            data = file.read_bytes()
            file.write_bytes(data[:60] + b"\xff" + data[61:] if damage is None else damage)
        names = compiled_by(monkeypatch)
        assert words_of(Renderer(tmp_path / "templates", OFFICE, SENDER, compiled), note()) == whole
        assert "note/body.txt" in names


@pytest.mark.parametrize("where", ["no data yet", "a file"])
def test_without_a_folder_letters_are_written_all_the_same(tmp_path: Path, where: str) -> None:
    place = tmp_path / "data"
    if where == "a file":
        place.write_text("")
    renderer = Renderer(folder(tmp_path, body_txt="好\n"), OFFICE, SENDER, place / "compiled")
    assert words_of(renderer, note())["body.txt"] == "好\n"
    assert not place.is_dir()
