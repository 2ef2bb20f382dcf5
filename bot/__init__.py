"""Collects one small table a month from every unit of a county, by e-mail.

The rooms stand along the way of a mail: ``mail`` (in), ``reading`` (attachment to form),
``deciding`` (pure), ``record`` (database), ``letters`` (out), ``jobs`` (order of calls), ``cli``.
"""

__version__ = "0.1.0"
