"""Compiled annealing of activity lists and modes (see `schedule_kernels` for the project)."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.heuristics.rcpsp.schedule_kernels import (
    DUE,
    HORIZON,
    INITIAL,
    MODE_START,
    WORST,
    evaluate,
    repair,
    sample,
    shift,
)

__all__ = ["DUE", "HORIZON", "INITIAL", "anneal", "sample"]

PENALTY = 10
"""Of a unit by which a budget is overrun."""
MOST_OVERRUN = 2**50
"""That a penalty is taken of."""

_A = "int64[::1]"
_M = "int64[:, ::1]"
_P = "UniTuple(int64[::1], 22)"


@kernel(
    f"int64({_P}, uint64[::1], {_A}, {_A}, {_A}, {_A}, int64, float64[::1], float64, int64, {_M},"
    f"{_A}, {_A}, {_A})"
)
def anneal(  # type: ignore[no-untyped-def]
    project, state, order, modes, choosers, energy, steps, temperature, hopeless, mode_share,
    scratch, free, count, best,
):  # fmt: skip
    """Move an activity within the list, or change its mode, and go on from what is accepted.

    The energy is the objective, and a penalty for what is overrun. Ends early at an objective of 0.

    Args:
        project: See above.
        state: Of the random numbers.
        order: The list; changed.
        modes: Of each activity; changed.
        choosers: The activities that have several modes.
        energy: Of list and modes, `WORST` at first; shape (1,), changed.
        steps: How many schedules to try.
        temperature: In units of energy; then the factor of each step.
        hopeless: Energy above what would be accepted, beyond which nothing is justified.
        mode_share: Percentage of steps that change a mode, where there are choosers.
        scratch: Shape (8, 2 n + 8 + budgets); `scratch[5, 0]` is the top of `free`.
        free: See `schedule_kernels.evaluate`.
        count: The same.
        best: The least objective so far of what overruns nothing, then starts and modes; replaced
            by a better one.

    Returns:
        How many schedules were tried.
    """
    n = len(order)
    mode_start = project[MODE_START]
    times, other, result = scratch[0, : 2 * n], scratch[1, : 2 * n], scratch[6]
    child, child_modes = scratch[4, :n], scratch[4, n : 2 * n]
    reach = max(2, n // 10)
    for step in range(steps):
        child[:], child_modes[:] = order, modes
        if len(choosers) and below(state, 100) < mode_share:
            i = choosers[below(state, len(choosers))]
            first, several = mode_start[i], mode_start[i + 1] - mode_start[i]
            child_modes[i] = first + (modes[i] - first + 1 + below(state, several - 1)) % several
            repair(project, state, child_modes, scratch[7])
        else:
            shift(project, child, below(state, n), below(state, 2 * reach + 1) - reach)
        accepted = energy[0] - temperature[0] * np.log((below(state, 2**30) + 1) / 2**30)
        evaluate(
            project, child, child_modes, free, scratch[5], times, other,
            scratch[2, :n], count, result, scratch[3, :n], int(min(accepted + hopeless, WORST)),
        )  # fmt: skip
        if result[0] < WORST:
            then = result[1] + PENALTY * min(result[0], MOST_OVERRUN)
            if then <= accepted:
                order[:], modes[:], energy[0] = child, child_modes, then
            if result[0] == 0 and then < best[0]:
                best[0] = then
                best[1 : 1 + n] = times[:n]
                best[1 + n : 1 + 2 * n] = child_modes
                if then == 0:
                    return step + 1
        temperature[0] *= temperature[1]
    return steps
