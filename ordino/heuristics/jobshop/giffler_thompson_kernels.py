"""The schedule generator of `giffler_thompson`, compiled."""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.heuristics.jobshop import giffler_thompson

__all__ = ["generate"]

_A = "int64[::1]"

generate = kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, boolean, boolean{f', {_A}' * 7})")(
    giffler_thompson.generate
)
