import io
import threading
import time

from ordino.commands.progress import Progress
from ordino.core.incumbent import Event
from ordino.core.objective import Objective

MAKESPAN = Objective.of("makespan")


def _incumbent(value, seconds=0.0):
    return Event(kind="incumbent", seconds=seconds, source="spt", objective=value, bound=50)


def test_a_flood_is_told_by_few_lines_and_the_last_one():
    stream = io.StringIO()
    with Progress(stream, MAKESPAN) as progress:
        began = time.monotonic()
        for value in range(5000, 100, -1):
            progress(_incumbent(value))
        seconds = time.monotonic() - began
    lines = stream.getvalue().splitlines()
    assert len(lines) <= 20 * seconds + 2
    assert "incumbent      101  bound       50  gap   50.5 %  spt" in lines[-1]


def test_bounds_only_when_verbose_and_failures_always():
    events = [
        Event(kind="bound", seconds=1.0, source="cpsat", bound=50),
        Event(kind="failure", seconds=2.0, source="milp", message="[bold]no[/bold]"),
    ]
    told = {}
    for name, options in {"plain": {}, "quiet": {"quiet": True}, "more": {"verbose": True}}.items():
        stream = io.StringIO()
        with Progress(stream, MAKESPAN, **options) as progress:
            for event in events:
                progress(event)
        told[name] = stream.getvalue()
    assert told["plain"] == told["quiet"] == "warning: milp: [bold]no[/bold]\n"
    assert "bound       50" in told["more"]


def test_a_closed_stream_breaks_nothing():
    stream = io.StringIO()
    stream.close()
    before = set(threading.enumerate())
    with Progress(stream, MAKESPAN) as progress:
        for value in (60, 59, 58):
            progress(_incumbent(value))
    assert stream.closed
    assert set(threading.enumerate()) <= before


class _Stuck(io.StringIO):
    def write(self, text):
        time.sleep(3)
        return len(text)


def test_a_stuck_stream_delays_nobody():
    with Progress(_Stuck(), MAKESPAN) as progress:
        began = time.monotonic()
        for value in range(100, 50, -1):
            progress(_incumbent(value))
            time.sleep(0.001)
        assert time.monotonic() - began < 1
    assert time.monotonic() - began < 2.5
