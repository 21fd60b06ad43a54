"""What a problem is: instance, solution, checker, bounds and formulations, a folder a family."""
