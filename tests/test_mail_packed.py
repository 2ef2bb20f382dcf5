"""rar, 7z and winmail.dat: unpacked by another program, and believed only as far as it can be checked."""

import base64
import io
import os
import random
import stat
import struct
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import rarfile

from bot.mail.mime import Budget
from bot.mail.packed import STARTS, Kind, Tarred, open_packed, sparing
from bot.mail.unpacker import Programs
from bot.mail.unwrap import unwrap
from bot.model.mail import Attachment, RawMail, Refused
from tests import books
from tests.servers.need import program
from tests.test_mail_archives import zipped
from tests.test_mail_unwrap import ARRIVED, NETEASE, file, mail, words

DATA = b"\xd0\xcf\x11\xe0 a workbook"
Members = Sequence[tuple[str, bytes]]


@pytest.fixture(scope="session")
def bsdtar() -> str:
    return program("bsdtar")


@pytest.fixture
def programs(bsdtar: str) -> Programs:
    return Programs(bsdtar)


def tar(*members: tuple[str, bytes], links: Sequence[str] = ()) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return out.getvalue()


def seven(bsdtar: str, *members: tuple[str, bytes], links: Sequence[str] = ()) -> bytes:
    command = [bsdtar, "-cf", "-", "--format=7zip", "@-"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, input=tar(*members, links=links), env=environment, capture_output=True, check=True
    ).stdout


# "b.txt" and one more file behind the password "secret", by 7-Zip 26.02: the contents only; the names too.
LOCKED = base64.b64decode(
    "N3q8ryccAATuHtV8mQAAAAAAAAAiAAAAAAAAALN2xRAy0O5BS9y78C3jpvMSMoucAACBMweuD87ysgwHsMPa919FiphISvdAnEPZ"
    "633CviJDHgZtTriFJji9DnOELVNl9iE1onrAWN9MLxpe0to798fSU+aCdlz8hyAj6S4lo3Kehk48539XRoaWNUEJ0w33I43fdNN1"
    "cGhosOBZofd55BAXWf1cn8OhK3xFmbAV6ETT547Wum6fAAAXBhABCYCJAAcLAQABIwMBAQVdABAAAAyAogoBxOsKsAAA"
)
LOCKED_WHOLE = base64.b64decode(
    "N3q8ryccAAT9p3XSkAAAAAAAAAA8AAAAAAAAADUBZQP8FVsKDh3FF3J61P7th+4WPXOUZndRaqi/3rL38uXwe2ro/8oHPPA2mWGE"
    "ZLOrVZrtGdLmIxlxjUlHpTDhHbAsN6v00G8HS7Wa1tea+/NtCbTc58weMgR9bRqamqrfhtP2XzjVr+hPaQGFTttsq8BtkP611Jsk"
    "kZ38a4LVIyQu1SjWynLZuybxN3lsp53uwYsXBhABCYCAAAcLAQACJAbxBwESUw+ag2yIiXHVmO9kaecbhcZUIwMBAQVdABAAAAEA"
    "DHd+CgEzwUJoAAA="
)


def rar4(*members: tuple[bytes, bytes], flags: int = 0, before: bytes = b"", method: int = 0x30) -> bytes:
    """A RAR 4 archive whose members are stored, byte for byte (technote.txt of RAR 4.20)."""
    out = b"Rar!\x1a\x07\x00" + rar4_block(0x73, 0, bytes(6)) + before
    for name, data in members:
        sizes = struct.pack(
            "<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0x4AE35800, 20, method, len(name), 0o100644
        )
        out += rar4_block(0x74, 0x8000 | flags, sizes + name) + data
    return out + rar4_block(0x7B, 0x4000, b"")


def rar4_block(kind: int, flags: int, rest: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head


def rar5(*members: tuple[str, bytes], before: bytes = b"", crc: int | None = None) -> bytes:
    """A RAR 5 archive whose members are stored ("RAR 5.0 archive format")."""
    out = b"Rar!\x1a\x07\x01\x00" + rar5_block(1, 0, vint(0)) + before
    for name, data in members:
        checksum = struct.pack("<I", zlib.crc32(data) if crc is None else crc)
        about = vint(len(data)) + vint(4) + vint(len(data)) + vint(0o100644) + checksum + vint(0) + vint(1)
        out += rar5_block(2, 2, about + vint(len(name.encode())) + name.encode()) + data
    return out + rar5_block(5, 0, vint(0))


def rar5_block(kind: int, flags: int, rest: bytes) -> bytes:
    body = vint(kind) + vint(flags) + rest
    body = vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body


def vint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def tnef(*attributes: bytes) -> bytes:
    """A winmail.dat ([MS-OXTNEF] 2.1) in code page 936."""
    return b"\x78\x9f\x3e\x22\x01\x00" + tnef_attribute(1, 0x9007, 6, struct.pack("<II", 936, 0)) + b"".join(attributes)


def tnef_attribute(level: int, id_: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, id_, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef_file(title: bytes, data: bytes, long: str = "") -> bytes:
    """attAttachRendData, attAttachTitle, attAttachData, and attAttachment with PidTagAttachLongFilename."""
    out = tnef_attribute(2, 0x9002, 6, bytes(14)) + tnef_attribute(2, 0x8010, 1, title + b"\0")
    out += tnef_attribute(2, 0x800F, 6, data)
    if long:
        text = long.encode("utf-16-le") + b"\0\0"
        padded = text + bytes(-len(text) % 4)
        out += tnef_attribute(2, 0x9005, 6, struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(text)) + padded)
    return out


TNEF_BODY = tnef_attribute(1, 0x800C, 2, b"the words of the mail\0") + tnef_attribute(
    1, 0x9003, 6, struct.pack("<IHHII", 1, 0x102, 0x1009, 1, 8) + b"rtf body"
)


class Recorded:
    """An unpacker that gives what it is told to, and remembers what it was asked."""

    def __init__(self, answer: Tarred) -> None:
        self.answer = answer
        self.asked: list[tuple[Kind, int]] = []

    def tar(self, kind: Kind, data: bytes, most: int) -> Tarred:
        self.asked.append((kind, most))
        return self.answer


def sent(
    archive: bytes, unpacker: object, name: bytes = b"r.rar"
) -> tuple[tuple[Attachment, ...], tuple[Refused, ...]]:
    raw = RawMail(mail(words(b"x"), file(archive, name)), ARRIVED)
    found = unwrap(raw, own_address="clawhbgs@163.com", provider=NETEASE, unpacker=unpacker)  # type: ignore[arg-type]
    return found.attachments, found.refused


@pytest.mark.parametrize(
    "archive",
    [
        rar4(("五图街道\\附件4.xls".encode("gbk"), DATA)),
        rar5(("五图街道/附件4.xls", DATA)),
        rar5(("../../附件4.xls", DATA)),
        rar5(("/etc/附件4.xls", DATA)),
        rar5(("C:\\a\\附件4.xls", DATA)),
    ],
)
def test_a_rar_is_told_by_its_bytes_and_its_names_are_no_paths(archive: bytes, programs: Programs) -> None:
    assert sent(archive, programs, b"a.zip") == ((Attachment("附件4.xls", DATA, ("a.zip",)),), ())


@pytest.mark.parametrize("name", ["附件4.xls", "五图街道/附件4.xls", "../../附件4.xls", "/附件4.xls"])
def test_a_7z(name: str, bsdtar: str, programs: Programs) -> None:
    archive = seven(bsdtar, (name, DATA), ("b.xls", b""))
    assert sent(archive, programs) == (
        (Attachment("附件4.xls", DATA, ("r.rar",)), Attachment("b.xls", b"", ("r.rar",))),
        (),
    )


def test_a_name_in_utf_16_beside_the_old_one(programs: Programs) -> None:
    # given a RAR 4 as WinRAR writes it: after a NUL the high byte, then codes of two bits (0: low byte, 2: both bytes)
    name = "附4.xls"
    codes = b"\x00" + b"\x80" + name[0].encode("utf-16-le") + b"4.x" + b"\x00" + b"ls"
    archive = rar4((b"?4.xls\0" + codes, DATA), flags=0x200)
    assert [a.name for a in sent(archive, programs)[0]] == [name]


@pytest.mark.parametrize("pack", [rar5, lambda member: rar4((member[0].encode("gbk"), member[1]))])
def test_a_stored_workbook_is_whole(pack: Callable[[tuple[str, bytes]], bytes], programs: Programs) -> None:
    # given a workbook that ends the rar, so that to libarchive the rar looks like a zip
    book = books.good()
    archive = zipped(("内层.rar", pack(("附件4.xlsx", book))))
    assert sent(archive, programs) == ((Attachment("附件4.xlsx", book, ("r.rar", "内层.rar")),), ())


def test_the_third_archive_is_refused_and_its_neighbour_read(bsdtar: str, programs: Programs) -> None:
    third = rar5(("deep.xls", DATA))
    archive = rar4((b"second.7z", seven(bsdtar, ("third.rar", third), ("b.xls", b"2"))))
    assert sent(archive, programs) == (
        (Attachment("b.xls", b"2", ("r.rar", "second.7z")),),
        (Refused("third.rar", "archive_limits"),),
    )


def test_what_systems_leave_and_links_are_left_out(bsdtar: str, programs: Programs) -> None:
    chaff = (("__MACOSX/._a.xls", b"x"), ("d/Thumbs.db", b"x"), ("a.xls", b"1"))
    for archive in (rar5(*chaff), seven(bsdtar, *chaff, links=["passwords.xls"])):
        assert sent(archive, programs) == ((Attachment("a.xls", b"1", ("r.rar",)),), ())


def test_two_members_of_one_name_are_both_kept(bsdtar: str, programs: Programs) -> None:
    members = (("a.xls", b"1"), ("a.xls", b"2"))
    for archive in (rar5(*members), seven(bsdtar, *members)):
        assert [a.data for a in sent(archive, programs)[0]] == [b"1", b"2"]


def test_nothing_stays_and_nothing_is_written_outside(
    bsdtar: str, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    for archive in (
        rar5(("../../a.xls", DATA)),
        seven(bsdtar, ("../a.xls", DATA), links=["l"]),
        LOCKED,
        rar5(("a", b"x"))[:-9],
    ):
        sent(archive, programs)
    assert [path.name for path in tmp_path.rglob("*")] == ["private"]


WINMAIL = tnef(tnef_file(b"a.xls", DATA))
LOCKED_RAR4 = b"Rar!\x1a\x07\x00" + rar4_block(0x73, 0x80, bytes(6)) + bytes(64)
LOCKED_HEADER = rar5_block(4, 0, vint(0) + vint(0) + b"\x0f" + bytes(16))


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        pytest.param(LOCKED, "archive_encrypted", id="7z"),
        pytest.param(LOCKED_WHOLE, "archive_encrypted", id="7z, names too"),
        pytest.param(rar4((b"a.xls", DATA), flags=4), "archive_encrypted", id="rar 4"),
        pytest.param(b"Rar!\x1a\x07\x01\x00" + LOCKED_HEADER + bytes(64), "archive_encrypted", id="rar 5, names too"),
        pytest.param(LOCKED_RAR4, "archive_encrypted", id="rar 4, names too"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "archive_damaged", id="7z, nothing else"),
        pytest.param(b"7z\xbc\xaf\x27\x1c" + bytes(500), "empty", id="7z, zeros"),
        pytest.param(LOCKED[:60], "archive_damaged", id="7z, cut"),
        pytest.param(b"Rar!\x1a\x07\x01\x00", "archive_damaged", id="rar 5, nothing else"),
        pytest.param(b"Rar!\x1a\x07\x01\x00" + bytes(500), "archive_damaged", id="rar 5, zeros"),
        pytest.param(b"Rar!\x1a\x07\x00" + b"\xff" * 500, "archive_damaged", id="rar 4, noise"),
        pytest.param(rar5(("a.xls", DATA * 100))[:300], "archive_damaged", id="rar 5, cut"),
        pytest.param(rar5(), "empty", id="rar, no member"),
        pytest.param(rar5(*((f"{n}.xls", b"") for n in range(201))), "archive_limits", id="rar, many members"),
        pytest.param(b"\x78\x9f\x3e\x22", "archive_damaged", id="winmail.dat, nothing else"),
        pytest.param(WINMAIL[:-5], "archive_damaged", id="winmail.dat, cut"),
        pytest.param(WINMAIL.replace(b"a work", b"b work"), "archive_damaged", id="winmail.dat, checksum"),
    ],
)  # fmt: skip
def test_an_archive_that_cannot_be_unpacked_is_named(archive: bytes, code: str, programs: Programs) -> None:
    assert sent(archive, programs) == ((), (Refused("r.rar", code),))


def test_a_7z_that_would_burst_is_ended(bsdtar: str, programs: Programs) -> None:
    assert sent(seven(bsdtar, ("a.xls", bytes(30 << 20))), programs) == ((), (Refused("r.rar", "archive_limits"),))
    many = seven(bsdtar, *((f"{n}.xls", b"%d" % n) for n in range(201)))
    assert sent(many, programs) == ((), (Refused("r.rar", "archive_limits"),))
    assert sent(seven(bsdtar), programs) == ((), (Refused("r.rar", "empty"),))


@pytest.mark.parametrize("archive", [rar4((b"a.xls", DATA), (b"b.xls", b"2")), rar5(("a.xls", DATA), ("b.xls", b"2"))])
def test_a_changed_byte_costs_the_member_that_it_is_in(archive: bytes, programs: Programs) -> None:
    # bsdtar gives such a member out without a word
    assert sent(archive.replace(b"a workbook", b"a work-ook"), programs) == (
        (Attachment("b.xls", b"2", ("r.rar",)),),
        (Refused("a.xls", "archive_damaged"),),
    )


@pytest.mark.parametrize(
    ("cut", "read", "name"),
    [
        pytest.param(7, [DATA, b"22"], "r.rar", id="the end of the archive"),
        pytest.param(8, [DATA], "b.xls", id="a byte of the second file"),
        pytest.param(40, [], "r.rar", id="the header of the second file"),
        pytest.param(50, [], "a.xls", id="a byte of the first file"),
    ],
)
def test_what_is_cut_off_a_rar_is_told(cut: int, read: list[bytes], name: str, programs: Programs) -> None:
    archive = rar4((b"a.xls", DATA), (b"b.xls", b"22"))[:-cut]
    attachments, refused = sent(archive, programs)
    assert [a.data for a in attachments] == read
    assert refused == (Refused(name, "archive_damaged"),)


def test_a_changed_byte_costs_the_whole_7z(bsdtar: str, programs: Programs) -> None:
    archive = bytearray(seven(bsdtar, ("a.xls", DATA * 50)))
    archive[40] ^= 0x55
    assert sent(bytes(archive), programs) == ((), (Refused("r.rar", "archive_damaged"),))


def test_an_encrypted_member_does_not_hide_the_plain_one(programs: Programs) -> None:
    # given a rar whose second member has the bit for a password in its header
    plain = rar4((b"a.xls", b"1"))
    locked = rar4((b"b.xls", b"22222222"), flags=4)
    archive = plain[: plain.rindex(rar4_block(0x7B, 0x4000, b""))] + locked[7 + 13 :]
    assert sent(archive, programs) == (
        (Attachment("a.xls", b"1", ("r.rar",)),),
        (Refused("r.rar", "archive_encrypted"),),
    )


@pytest.mark.parametrize("whole", [rar4((b"a.xls", DATA), (b"b.xls", b"2")), rar5(("a.xls", DATA), ("b.xls", b"2"))])
def test_no_damage_raises_or_changes_a_byte_of_what_is_given(whole: bytes, programs: Programs) -> None:
    chance = random.Random(20170705)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(7, len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randrange(8, len(data) + 1)])
        found = open_packed("r.rar", cut, 0, Budget(), programs)
        assert found is not None
        assert {content for _, content in found.members} <= {DATA, b"2"}
        assert found.members or found.refused


def test_limits_of_a_rar_are_seen_before_anything_is_unpacked() -> None:
    unpacker = Recorded(Tarred())
    about = vint(4) + vint(300 << 20) + vint(0o100644) + bytes(4) + vint(0) + vint(1) + vint(5) + b"a.xls"
    huge = b"Rar!\x1a\x07\x01\x00" + rar5_block(1, 0, vint(0)) + rar5_block(2, 2, vint(1) + about) + b"x"
    huge += rar5_block(5, 0, vint(0))
    for archive in (huge, rar5(*((f"{n}.xls", b"") for n in range(5000)))):
        assert sent(archive, unpacker) == ((), (Refused("r.rar", "archive_limits"),))
    assert unpacker.asked == []


def test_a_rar_gets_no_more_room_than_it_declares_and_a_7z_200_times_its_size() -> None:
    unpacker = Recorded(Tarred(tar(("x", DATA))))
    sent(rar5(("a.xls", DATA)), unpacker)
    sent(LOCKED, unpacker)
    assert unpacker.asked == [("rar", len(DATA)), ("7z", 200 * len(LOCKED))]


def test_what_a_program_gives_under_other_names_is_matched_by_its_checksum() -> None:
    unpacker = Recorded(Tarred(tar(("y", b"2"), ("x", DATA), ("more", b"3"))))
    archive = rar5(("a.xls", DATA), ("b.xls", b"2"), ("c.xls", b"4"))
    found = open_packed("r.rar", archive, 0, Budget(), unpacker)
    assert found is not None
    assert found.members == (("a.xls", DATA), ("b.xls", b"2"))
    assert found.refused == (Refused("c.xls", "archive_damaged"),)


def test_members_and_bytes_are_counted_over_all_archives() -> None:
    budget = Budget(members=3, unpacked=100)
    unpacker = Recorded(Tarred(tar(("a", b"1" * 40), ("b", b"2" * 40))))
    first, second = (open_packed("a.7z", LOCKED, 0, budget, unpacker) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (len(first.members), budget.members, budget.unpacked) == (2, 1, 20)
    assert [r.code for r in second.refused] == ["archive_limits"]


def test_a_mail_of_many_archives_starts_a_program_only_so_often() -> None:
    recorded = Recorded(Tarred(tar(("a", b"1"))))
    unpacker = sparing(recorded)
    answers = [open_packed("a.7z", LOCKED, 0, Budget(), unpacker) for _ in range(STARTS + 2)]
    assert [[r.code for r in a.refused] for a in answers if a] == [[]] * STARTS + [["left_out"]] * 2
    assert len(recorded.asked) == STARTS


@pytest.mark.parametrize("stream", [b"", b"noise" * 500, tar(("a", DATA))[:700], tar(("a", DATA * 99))[:900]])
def test_a_program_that_gives_nonsense_is_not_believed(stream: bytes) -> None:
    for archive in (LOCKED, rar5(("a.xls", DATA * 99))):
        attachments, refused = sent(archive, Recorded(Tarred(stream)))
        assert (attachments, [r.code for r in refused]) == ((), ["archive_damaged"])


def test_the_comment_of_a_rar_starts_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an archive whose comment is compressed, which rarfile would have unpacked by whatever it finds in PATH
    started: list[object] = []
    monkeypatch.setattr(rarfile, "custom_popen", started.append)
    head = struct.pack("<IIBIIBBHI", 4, 40, 3, 0, 0x4AE35800, 29, 0x33, 3, 0) + b"CMT"
    comment = rar4_block(0x7A, 0x8000, head) + b"\x01\x02\x03\x04"
    unpacker = Recorded(Tarred(tar(("a", DATA))))
    assert [a.data for a in sent(rar4((b"a.xls", DATA), before=comment), unpacker)[0]] == [DATA]
    assert started == []


# winmail.dat


def test_the_files_of_a_winmail_dat_without_its_bodies(programs: Programs) -> None:
    data = tnef(
        TNEF_BODY,
        tnef_file("附件4.xls".encode("gbk"), DATA),
        tnef_file(b"FUJIAN~1.XLS", b"2", long="附件4（五图街道）.xls"),
        tnef_file("附件4.xls".encode(), b"33"),
    )
    assert sent(data, programs, b"winmail.dat") == (
        (
            Attachment("附件4.xls", DATA, ("winmail.dat",)),
            Attachment("附件4（五图街道）.xls", b"2", ("winmail.dat",)),
            Attachment("附件4.xls", b"33", ("winmail.dat",)),
        ),
        (),
    )


def test_a_zip_in_a_winmail_dat_is_opened(programs: Programs) -> None:
    data = tnef(tnef_file(b"a.zip", zipped(("a.xls", DATA))))
    assert sent(data, programs, b"winmail.dat") == ((Attachment("a.xls", DATA, ("winmail.dat", "a.zip")),), ())


def test_a_winmail_dat_for_fonts_alone_is_nothing(programs: Programs) -> None:
    assert sent(tnef(TNEF_BODY), programs, b"winmail.dat") == ((), ())


def test_a_message_in_a_winmail_dat_gives_its_files(programs: Programs) -> None:
    inner = bytes.fromhex("0703020000000000c000000000000046") + tnef(tnef_file(b"inner.xls", DATA))
    props = struct.pack("<IHHII", 1, 0x0D, 0x3701, 1, len(inner)) + inner + bytes(-len(inner) % 4)
    data = tnef(tnef_attribute(2, 0x9002, 6, bytes(14)), tnef_attribute(2, 0x9005, 6, props))
    assert sent(data, programs, b"winmail.dat") == ((Attachment("inner.xls", DATA, ("winmail.dat",)),), ())


@pytest.mark.parametrize("kind", [0x0003, 0x1002, 0x001E])
def test_a_winmail_dat_that_announces_properties_without_end_is_not_counted_through(
    programs: Programs, kind: int
) -> None:
    # given 60 bytes that announce 4,294,967,295 properties, or values of one
    count = struct.pack("<I", 0xFFFFFFFF)
    props = (count, struct.pack("<IHH", 1, kind, 0x3701) + count)[kind != 3]
    endless = tnef(tnef_attribute(1, 0x9003, 6, props), tnef_file(b"a.xls", DATA))
    # then it is read to its end, with the file behind them, long before the program is ended
    assert sent(endless, programs, b"winmail.dat") == ((Attachment("a.xls", DATA, ("winmail.dat",)),), ())


# the programs themselves


def test_without_a_program_the_sender_is_asked_for_the_workbook() -> None:
    for path in ("", "/nowhere/bsdtar"):
        for archive in (LOCKED, rar5(("a.xls", DATA))):
            code = "archive_tool" if not path else "archive_damaged"
            assert [r.code for r in sent(archive, Programs(path))[1]] == [code]
    assert "archive_tool" in books.RULES.reasons.unreadable


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "program"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return str(path)

    return write


def test_a_program_that_hangs_is_ended_with_what_it_started(script: Callable[[str], str], tmp_path: Path) -> None:
    hanging = script(f"sleep 600 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/own; wait")
    assert Programs(hanging, seconds=0.5).tar("7z", LOCKED, 100) == Tarred(problem="archive_limits")
    for name in ("child", "own"):
        assert not _is_running(int((tmp_path / name).read_text()))


def _is_running(pid: int) -> bool:
    until = time.monotonic() + 3
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
        time.sleep(0.02)
    return True


def test_a_program_that_never_stops_talking_is_ended(script: Callable[[str], str]) -> None:
    assert Programs(script("cat /dev/zero")).tar("7z", LOCKED, 100) == Tarred(problem="archive_limits")
    complaining = script("head -c 5000000 /dev/zero >&2; exit 1")
    assert Programs(complaining).tar("7z", LOCKED, 100) == Tarred(problem="archive_damaged")


def test_a_program_gets_no_secret(script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "secret")
    assert b"BOT_" not in Programs(script("env")).tar("rar", b"x", 100).data


def test_a_program_that_fails_is_not_believed(script: Callable[[str], str]) -> None:
    assert Programs(script("echo data; exit 1")).tar("7z", LOCKED, 100) == Tarred(problem="archive_damaged")
    assert Programs(script("echo 'Passphrase required' >&2; exit 1")).tar("7z", LOCKED, 100) == Tarred(
        problem="archive_encrypted"
    )


def test_a_full_disk_is_no_fault_of_the_archive(bsdtar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert Programs(bsdtar).tar("7z", LOCKED, 100) == Tarred(problem="archive_tool")
