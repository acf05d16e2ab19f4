"""The calendar of journeys: send windows, what comes again and again, points in time, on each contact's clock."""

from nurture.journeys.calendar.anniversary import Anniversary, date_of
from nurture.journeys.calendar.errors import CalendarError
from nurture.journeys.calendar.local import day_and_time, days_later, from_local, label
from nurture.journeys.calendar.recurring import Recurring
from nurture.journeys.calendar.recurring_text import parse_recurring
from nurture.journeys.calendar.when import (
    Absolute,
    Around,
    PointInTime,
    describe_point,
    expression_of,
    resolve,
)
from nurture.journeys.calendar.when_text import parse_point
from nurture.journeys.calendar.window import ANY_TIME, Window
from nurture.journeys.calendar.window_text import parse_window

__all__ = [
    "ANY_TIME",
    "Absolute",
    "Anniversary",
    "Around",
    "CalendarError",
    "PointInTime",
    "Recurring",
    "Window",
    "date_of",
    "day_and_time",
    "days_later",
    "describe_point",
    "expression_of",
    "from_local",
    "label",
    "parse_point",
    "parse_recurring",
    "parse_window",
    "resolve",
]
