"""A year of plausible events, made a day and app at a time: the same rows for the same numbers.

Apps differ in size by two hundred; some forty event names come by Zipf's law; people install, come back
less and less often, and buy; some events inside re-engagement windows are told twice. Rows are as wide as
real ones.
"""

from benchmarks.year.days import make_day
from benchmarks.year.shape import APPS, DAYS, FIRST_DAY, name_object

__all__ = ["APPS", "DAYS", "FIRST_DAY", "make_day", "name_object"]
