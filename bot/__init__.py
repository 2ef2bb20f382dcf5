"""Collects one small table a month from every unit of a county, by e-mail.

The rooms stand along the way of a mail: ``mail`` (in), ``reading`` (attachment to form), ``deciding`` (pure),
``record`` (database), ``letters`` (out), ``jobs`` (order of calls), ``cli``. ``model`` holds the values that travel
between them, ``rules`` what the files in rules/ say; ``preview`` and ``demo`` show all of it at work.
"""

from pathlib import Path

__version__ = "0.1.0"
# The folder of this program: rules/, templates/ and config.toml as shipped lie in it.
PROJECT = Path(__file__).resolve().parents[1]
