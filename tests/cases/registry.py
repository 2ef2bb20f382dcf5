"""The mail of each case by its folder's name; each theme's module adds its own."""

from collections.abc import Callable

Make = Callable[[], bytes]

MAILS: dict[str, Make] = {}


def case(number: int, slug: str) -> Callable[[Make], Make]:
    """The function below makes the mail of this case."""

    def keep(make: Make) -> Make:
        name = f"{number:04d}-{slug}"
        assert name not in MAILS
        MAILS[name] = make
        return make

    return keep
