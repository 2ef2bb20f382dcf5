"""Reports on paper: a printed PDF, and pictures of the page."""

from tests.cases import parts
from tests.cases.made import made
from tests.cases.parts import attached, head, report, text, word
from tests.cases.registry import case


@case(74, "pdf-with-text")
def _() -> bytes:
    """Printed by LibreOffice; the sums vouch for the numbers."""
    return report(made("text-layer.pdf"), "附件4.pdf")


@case(75, "pdf-with-clipped-cells")
def _() -> bytes:
    """Columns too narrow for what is in them: two texts are printed over each other."""
    return report(made("clipped.pdf"), "附件4.pdf")


@case(76, "photo")
def _() -> bytes:
    """The page before a camera."""
    return parts.parts(head(), text("请查收。"), attached(made("photo.jpg"), word("IMG_20170703.jpg"), b"image/jpeg"))


@case(99, "scan")
def _() -> bytes:
    """The page from a scanner, clean."""
    return parts.parts(head(), text("请查收。"), attached(made("scan.png"), word("扫描件.png"), b"image/png"))
