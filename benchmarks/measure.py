"""Times side by side, and the memory that a call takes."""

import subprocess
import sys
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from timeit import repeat

import numpy as np

from submission.files import ROOT


@dataclass(frozen=True)
class Row:
    """A line of the table: ours beside a peer, in times of the same rounds.

    `target` is the ratio to stay below, or None where the peer only shows
    the limit.
    """

    task: str
    peer: str
    ours: np.ndarray
    theirs: np.ndarray
    target: float | None
    our_memory: float | None
    their_memory: float | None
    reason: str = ""

    @property
    def missed(self):
        """Whether the median ratio is above the target."""
        return self.target is not None and self.ratio > self.target

    @property
    def ratio(self):
        """The median of the ratios."""
        return np.median(self.ratios)

    @property
    def ratios(self):
        """Our time in times of the peer's, round by round."""
        return self.ours / self.theirs


def interleaved(contestants, rounds):
    """Seconds of every call, one after the other, round by round.

    Parameters
    ----------
    contestants : dict of name -> callable
    rounds : int

    Returns
    -------
    dict of name -> ndarray of shape (rounds,)
    """
    times = {name: [] for name in contestants}
    for call in contestants.values():
        call()  # the first call pays for what is loaded late
    for _ in range(rounds):
        for name, call in contestants.items():
            time.sleep(0.1)  # threads of the one before stop spinning
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in times.items()}


def peak_memory(task, name):
    """MiB that a contestant's call takes above what its data take, or None.

    Measured in a process of its own, where the system tells (Linux).
    """
    if not Path("/proc/self/clear_refs").exists():
        return None
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", task, name],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return float(done.stdout.split()[-1])


def memory_in_mib(field):
    """A line of the process's status: VmRSS is now, VmHWM the most so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def traced(call):
    """Seconds of the fastest of three calls, and MiB of arrays at the most."""
    seconds = min(repeat(call, number=1, repeat=3))
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return seconds, peak


def compare(make_task):
    """Rows of our contestant, the first, beside each of the others."""
    task = make_task()
    task.verify()
    times = interleaved(task.contestants, task.rounds)
    memory = {name: peak_memory(make_task.__name__, name) for name in times}
    ours = next(iter(times))
    return [
        Row(
            task.title,
            peer,
            times[ours],
            times[peer],
            target,
            memory[ours],
            memory[peer],
            task.reasons.get(peer, ""),
        )
        for peer, target in task.targets.items()
    ]


if __name__ == "__main__":
    from benchmarks import tasks

    call = getattr(tasks, sys.argv[1])().contestants[sys.argv[2]]
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory_in_mib("VmRSS")
    call()
    print(memory_in_mib("VmHWM") - before)
