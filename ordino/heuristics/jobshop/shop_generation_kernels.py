"""The schedule generator of `shop_generation`, compiled."""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.heuristics.jobshop import shop_generation

__all__ = ["generate"]

_A = "int64[::1]"

generate = kernel(f"int64({f'{_A}, ' * 6}int64, {f'{_A}, ' * 6}boolean, boolean{f', {_A}' * 9})")(
    shop_generation.generate
)
