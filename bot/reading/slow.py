"""The process that looks at pictures: like ``child``, with the memory and time that recognition needs.

Started by ``guard.Reader`` for one picture, or one PDF of scanned pages, that the quick process has sent here.
"""

from collections.abc import Callable

from bot.reading import picture
from bot.reading.child import Limits, serve
from bot.reading.opened import Opened
from bot.reading.sniff import kind_of

# Recognition takes 600 MB, and 1.4 GB of addresses; a page 4 to 12 s of CPU time.
PATIENT = Limits(2 << 30, 60, 65)


def open_picture(data: bytes, tell: Callable[[str], None]) -> Opened:
    """What is written on the picture, or a code why not. MemoryError passes; nothing else is raised."""
    kind = kind_of(data)
    tell(kind)
    try:
        return picture.recognised(data, kind)
    except MemoryError:
        raise
    except BaseException:
        # A picture cut short (OSError), a palette out of range (ValueError), a page that PDFium does not load
        # (PdfiumError), cv2.error; and whatever else native code makes of a damaged one.
        return Opened(kind, unreadable="damaged")


if __name__ == "__main__":
    serve(open_picture, PATIENT)
