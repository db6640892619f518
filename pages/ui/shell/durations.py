"""Times in words."""

from pages.ui.translation import _


def duration(seconds: float) -> str:
    """Return a time in hours, minutes or seconds.

    >>> duration(75), duration(4000)
    ('1 min 15 s', '1 h 7 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=round(seconds / 60) % 60)
    if minutes:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=f"{rest:02}")
    return _("{seconds} s").format(seconds=rest)
