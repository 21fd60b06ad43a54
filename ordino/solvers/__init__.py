"""How to solve: engines that know no family, and the race between solvers."""
