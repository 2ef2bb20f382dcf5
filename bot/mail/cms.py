"""Signed, compressed or encrypted mail in one piece (S/MIME, smime.p7m): what is inside. Pure; nothing is verified.

A signature is no more to this program than the From that it signs: who reports is known by his address. Reads DER, and
BER with lengths that are not told beforehand, as Outlook and OpenSSL stream it. Source: RFC 5652, RFC 3274, X.690.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["signed", "compressed", "encrypted"]
_OIDS: tuple[tuple[bytes, Kind], ...] = (
    (bytes.fromhex("2a864886f70d010702"), "signed"),
    (bytes.fromhex("2a864886f70d010703"), "encrypted"),
    (bytes.fromhex("2a864886f70d010706"), "encrypted"),
    (bytes.fromhex("2a864886f70d0109100117"), "encrypted"),  # authEnvelopedData
    (bytes.fromhex("2a864886f70d0109100109"), "compressed"),
)
_HEAD = 40  # bytes in which the kind is told
_DEPTH = 12
_OCTETS, _SEQUENCE, _CONTEXT_0, _OID = 0x04, 0x30, 0xA0, 0x06


@dataclass(frozen=True, slots=True)
class _Element:
    """One element: its tag, and where its content begins and ends, and it itself."""

    tag: int
    start: int
    end: int
    next: int


def kind_of(data: bytes) -> Kind | None:
    """What the bytes are, if they are one of these."""
    if data[:1] != b"\x30":
        return None
    return next((kind for oid, kind in _OIDS if oid in data[:_HEAD]), None)


def content_of(data: bytes, most: int) -> bytes | None:
    """What was signed or compressed, at most so many bytes; None for damage, more, or a signature without its text."""
    try:
        inner = _wrapped(data)
        if inner is None or kind_of(data) != "compressed":
            return inner
        return _inflated(inner, most)
    except (IndexError, ValueError, RecursionError, zlib.error):
        return None


def _wrapped(data: bytes) -> bytes | None:
    """ContentInfo { type, [0] { version, algorithms, { type, [0] { the content } }, ... } }"""
    outer = _element(data, 0)
    explicit = _child(data, outer, _CONTEXT_0)
    body = _child(data, explicit, _SEQUENCE)
    for part in _inside(data, body):
        if part.tag != _SEQUENCE:
            continue
        first = next(_inside(data, part), None)
        if first is None or first.tag != _OID:
            continue
        carried = next((child for child in _inside(data, part) if child.tag == _CONTEXT_0), None)
        if carried is not None:
            return b"".join(_octets(data, child, 0) for child in _inside(data, carried))
    return None


def _child(data: bytes, element: _Element, tag: int) -> _Element:
    for child in _inside(data, element):
        if child.tag == tag:
            return child
    raise ValueError("not there")


def _octets(data: bytes, element: _Element, depth: int) -> bytes:
    if element.tag == _OCTETS:
        return data[element.start : element.end]
    if element.tag == _OCTETS | 0x20 and depth < _DEPTH:
        return b"".join(_octets(data, child, depth + 1) for child in _inside(data, element))
    return b""


def _inside(data: bytes, element: _Element) -> Iterator[_Element]:
    at = element.start
    while at < element.end:
        child = _element(data, at)
        yield child
        at = child.next


def _element(data: bytes, at: int, depth: int = 0) -> _Element:
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F or depth > _DEPTH:
        raise ValueError("no element of this format")
    if length == 0x80:
        start = at + 2
        end = start
        while data[end : end + 2] != b"\0\0":
            end = _element(data, end, depth + 1).next
        return _Element(tag, start, end, end + 2)
    size = length
    start = at + 2
    if length > 0x80:
        start += length & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    if start + size > len(data):
        raise ValueError("cut short")
    return _Element(tag, start, start + size, start + size)


def _inflated(data: bytes, most: int) -> bytes | None:
    inflater = zlib.decompressobj()
    out = inflater.decompress(data, most)
    return out if inflater.eof else None
