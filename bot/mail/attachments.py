"""The files and the bodies of a mail: every leaf of its tree, out of nested mails and archives.

Whatever the headers look like, the bytes of each part end as an Attachment, a body, or a named Refused.
"""

import re
from dataclasses import dataclass, field, replace

from bot.errors import TooComplex
from bot.mail import armour, cms, sniff
from bot.mail.archives import open_archive
from bot.mail.body import part_text
from bot.mail.charsets import clean_text, decode
from bot.mail.mime import Budget, Part, mended, parse
from bot.mail.names import clean_name
from bot.mail.packed import Unpacker
from bot.mail.volumes import Volume, joined, volume_of
from bot.model.mail import Attachment, Refused

MAIL_DEPTH = 5
WRAPPERS = 3  # signed in signed in signed
LOGO_BYTES = 10_240  # a smaller picture that belongs to the HTML is a logo or a signature
_BODY_TYPES = ("text/plain", "text/html")
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_CID = re.compile(r"(?i)\bcid:([^\"'\s>)]{1,300})")


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a part stands: the containers around it, and what its multipart says about it."""

    inside: tuple[str, ...] = ()
    mails: int = 0
    archives: int = 0
    alternative: bool = False
    signed: bool = False
    wrappers: int = 0


@dataclass(slots=True)
class Contents:
    """What was found. ``plain`` and ``html`` are the bodies of the mail itself, ``inner`` those of mails in it."""

    attachments: list[Attachment] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    inner: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[tuple[Attachment, str]] = field(default_factory=list)  # perhaps logos, with their Content-ID


def contents(msg: Part, budget: Budget, unpacker: Unpacker | None = None) -> Contents:
    """Unwrap a mail. Parts that have no name are numbered. Never raises."""
    collector = _Collector(budget, unpacker)
    collector.part(msg, _Where())
    collector.join()
    found = collector.found
    bodies = [*found.html, *(html for _, html in found.inner)] if found.pictures else []
    shown = {cid.lower() for html in bodies for cid in _CID.findall(html)}
    others = len(found.attachments) > len(found.pictures)
    logos = {id(picture) for picture, cid in found.pictures if others or cid in shown}
    found.attachments = [a for a in found.attachments if id(a) not in logos]
    found.refused = list(dict.fromkeys(found.refused))
    return found


class _Collector:
    """Walks the tree once; nested mails and archives share one budget."""

    def __init__(self, budget: Budget, unpacker: Unpacker | None) -> None:
        self.budget, self.unpacker = budget, unpacker
        self.found = Contents()
        self._unnamed = 0
        self._volumes: dict[tuple[str, ...], list[tuple[Volume, str, bytes, _Where]]] = {}

    def part(self, part: Part, where: _Where) -> None:
        """One part and all below it, behind a fence: what goes wrong in one does not hide its neighbours."""
        try:
            self._part(part, where)
        except TooComplex:
            self._refuse(part.file_name(), "mail_limits")
        except Exception:  # no input known: the fuzz tests look for one
            self._refuse(part.file_name(), "damaged")

    def _part(self, part: Part, where: _Where) -> None:
        kind = part.get_content_type()
        if kind in ("multipart/report", "message/delivery-status"):
            self._report(part, where)
        elif kind == "message/external-body":
            self._refuse(part.file_name(), "link", "link")
        elif kind == "message/partial" and part.parameters("content-type").get("total") != "1":
            self._refuse(part.file_name() or self._mail_name(part.text("subject")), "mail_part")
        elif kind == "multipart/encrypted":
            self._refuse(part.file_name() or self._mail_name(part.text("subject")), "mail_encrypted")
        elif part.get_content_maintype() == "message" and part.children():
            self._nested(part, where)
        elif part.children():
            inner = replace(where, alternative=kind == "multipart/alternative", signed=kind == "multipart/signed")
            for child in part.children():
                self.part(child, inner)
        elif again := mended(part, self.budget):
            self._part(again, where) if again.children() else self._leaf(again, where)
        else:
            self._leaf(part, where)

    def _report(self, part: Part, where: _Where) -> None:
        """Of a bounce or a read receipt only the words count: the original in it is our own letter coming back."""
        for child in part.children():
            if (
                child.get_content_maintype() in ("text", "multipart")
                and child.get_content_type() != "text/rfc822-headers"
            ):
                self.part(child, where)

    def _nested(self, part: Part, where: _Where) -> None:
        mail = part.children()[0]
        if (part.raw("content-transfer-encoding") or "").strip().lower() in ("base64", "quoted-printable"):
            # Forbidden by RFC 2046 (5.2.1) and common: the parser took the encoded text for a mail.
            shell = Part()
            shell["Content-Transfer-Encoding"] = part.raw("content-transfer-encoding") or ""
            shell.set_payload(mail.get_payload())
            mail = parse(shell.data(), self.budget)
        name = part.file_name() or self._mail_name(mail.text("subject"))
        self._mail(mail, name, where)

    def _mail(self, mail: Part, name: str, where: _Where) -> None:
        if where.mails >= MAIL_DEPTH:
            self._refuse(name, "mail_limits")
            return
        self.part(mail, _Where((*where.inside, name), where.mails + 1, where.archives))

    def _leaf(self, part: Part, where: _Where) -> None:
        kind, name, data = part.get_content_type(), part.file_name(), part.data()
        attached = bool(name) or part.disposition() == "attachment"
        if enclosed := cms.kind_of(data):
            self._wrapped(enclosed, name, data, where)
        elif kind in _BODY_TYPES and not attached and not sniff.is_binary(data):
            rest, files = armour.uuencoded(data) if kind == "text/plain" else (data, ())
            for raw, content in files:
                self.offer(armour.name_of(raw) or self._name_for(content), content, where)
            self._body(_text(rest, part) if files else part_text(part), kind, where)
        elif not attached and part.get_content_maintype() == "text" and where.alternative:
            return  # another rendering of the same body, such as text/enriched or text/calendar
        elif not attached and part.get_content_maintype() == "multipart":
            self._body(part_text(part), "text/plain", where)
        elif where.signed and kind in _SIGNATURES:
            return  # added by the mail program; the sender knows nothing of such a file
        else:
            cid = (part.raw("content-id") or "").strip(" \t\r\n<>").lower()
            before = len(self.found.attachments)
            self.offer(name or self._name_for(data), data, where)
            belongs = bool(cid) or part.disposition() == "inline"
            if belongs and len(data) < LOGO_BYTES and sniff.is_picture(data):
                self.found.pictures += [(a, cid) for a in self.found.attachments[before:]]

    def _wrapped(self, kind: cms.Kind, name: str, data: bytes, where: _Where) -> None:
        """A mail that is signed in one piece is what was signed; a file that is signed is that file."""
        content = cms.content_of(data, self.budget.unpacked) if kind != "encrypted" else None
        if content is None or where.wrappers >= WRAPPERS:
            if kind == "encrypted" or not where.signed:
                self._refuse(name, "mail_encrypted" if kind == "encrypted" else "damaged")
            return
        self.budget.unpacked -= len(content)
        inside = replace(where, wrappers=where.wrappers + 1)
        if sniff.has_header(content):
            self.part(parse(content, self.budget), inside)
        else:
            self.offer(name.removesuffix(".p7m") or self._name_for(content), content, inside)

    def _body(self, text: str, kind: str, where: _Where) -> None:
        if where.mails:
            self.found.inner.append((text, "") if kind == "text/plain" else ("", text))
        else:
            (self.found.plain if kind == "text/plain" else self.found.html).append(text)

    def offer(self, name: str, data: bytes, where: _Where) -> None:
        """A file: an archive or a mail is unwrapped further, anything else is an attachment. A volume of an archive
        waits for the others."""
        if volume := volume_of(name, data):
            self._volumes.setdefault((*where.inside, volume.archive), []).append((volume, name, data, where))
            return
        rest, files = armour.uuencoded(data) if data.startswith(b"begin") else (data, ())
        if files and not rest.strip():
            for raw, content in files:
                self.offer(armour.name_of(raw) or self._name_for(content), content, where)
            return
        opened = open_archive(name, data, where.archives, self.budget, self.unpacker)
        if opened is not None:
            self.found.refused += opened.refused
            inner = _Where((*where.inside, name), where.mails, where.archives + 1)
            for member, content in opened.members:
                self.offer(member, content, inner)
        elif sniff.is_mail(name, data):
            try:
                self._mail(parse(data, self.budget), name, where)
            except TooComplex:
                self._refuse(name, "mail_limits")
        else:
            self.found.attachments.append(Attachment(name, data, where.inside))

    def join(self) -> None:
        """What came in volumes, now that all are seen."""
        for volumes in self._volumes.values():
            whole = joined([(volume, data) for volume, _, data, _ in volumes])
            volume, _, _, where = volumes[0]
            if whole is not None:
                self.offer(volume.archive, whole, where)
            else:
                for _, name, _, _ in volumes:
                    self._refuse(name, "archive_part")

    def _name_for(self, data: bytes) -> str:
        self._unnamed += 1
        return f"{self._unnamed}{sniff.extension(data)}"

    def _mail_name(self, subject: str) -> str:
        stem = clean_name(re.sub(r"[/\\]", " ", subject))  # a slash in a subject begins no folder
        return clean_name(f"{stem}.eml") if stem else self._name_for(b"") + ".eml"

    def _refuse(self, name: str, code: str, kind: str = "other") -> None:
        self.found.refused.append(Refused(name or self._name_for(b""), code, kind))


def _text(data: bytes, part: Part) -> str:
    """A body out of which something was taken."""
    return clean_text(decode(data, part.parameters("content-type").get("charset")))
