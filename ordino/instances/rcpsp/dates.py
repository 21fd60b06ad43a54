"""Plans as dates: a CSV file with the working days on which activities begin and end.

A time unit is a working day. `begin` and `end` are the first and the last day of an activity; one
that takes no time begins and ends on the day on which what follows it could begin.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import numpy as np

from ordino.core.errors import UsageError, clip
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["write_dates"]

LATEST = np.datetime64("9999-12-31")
DAYS_A_YEAR = 366


def write_dates(
    instance: Project, solution: Plan, *, start: str, week: str = "1111100", holidays: str = ""
) -> str:
    """Write a row an activity, with its dates.

    Args:
        instance: The project.
        solution: Its plan.
        start: Date of time 0, as in 2026-03-02; the first working day from then on.
        week: Whether Monday to Sunday are working days, a 1 or 0 each.
        holidays: Dates on which nobody works, with + between.

    Raises:
        UsageError: A date or week that is none, or a plan that ends after the year 9999.
    """
    if not re.fullmatch("[01]{7}", week) or "1" not in week:
        raise UsageError(f"format dates: week={clip(week)}: expected seven of 1 and 0, as 1111100")
    first = np.datetime64(_date("start", start))
    free = [_date("holidays", each) for each in holidays.split("+") if each]
    mode = instance.mode_start[:-1] + solution.mode
    duration = instance.duration[mode]
    begin = solution.start
    last = np.maximum(begin, begin + duration - 1)
    years = (LATEST - first).astype(int) // DAYS_A_YEAR
    if int(last.max()) >= max(0, years - 1) * week.count("1") * (DAYS_A_YEAR // 7) - len(free):
        raise UsageError("format dates: the plan ends after the year 9999")

    def day(times: np.ndarray) -> list[str]:
        days = np.busday_offset(first, times, roll="forward", weekmask=week, holidays=free)
        return [str(each) for each in days]

    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["activity", "mode", "start", "duration", "begin", "end"])
    columns = (solution.mode, solution.start, duration, day(begin), day(last))
    table.writerows(zip(instance.activity_names, *columns, strict=True))
    return out.getvalue()


def _date(what: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"format dates: {what}={clip(text)}: expected a date as 2026-03-02"
        raise UsageError(message) from None
