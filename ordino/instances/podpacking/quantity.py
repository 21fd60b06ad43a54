"""Quantities as Kubernetes reads them (apimachinery, resource.Quantity), in integers.

A signed decimal number and a suffix: binary (`Ki Mi Gi Ti Pi Ei`), decimal (`n u m`, none, `k M G
T P E`) or an exponent (`e3`, `E-2`). Case matters. What is finer than asked for is rounded up, what
is larger than 2^63 - 1 becomes that.
"""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["quantity"]

_FORM = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)([eEinumkKMGTP]*)([+-]?[0-9]*)", re.ASCII)
_BINARY = {f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
MOST = 2**63 - 1
LONGEST = 60
"""Characters; longer numbers are no quantities of this world."""
MOST_EXPONENT = 60


def quantity(text: str, digits: int = 0) -> int:
    """Return a quantity in units of 10^-digits, rounded up (away from 0).

    Raises:
        ValueError: It is none.

    >>> quantity("1.5Gi"), quantity("100m", 3), quantity("0.1m", 3), quantity("1e3")
    (1610612736, 100, 1, 1000)
    """
    match = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise ValueError(text)
    sign, number, suffix, exponent = match.groups()
    value = Fraction(number if number[-1] != "." else number[:-1])
    if exponent:
        if suffix not in ("e", "E") or len(exponent) > 4 or not exponent[-1].isdigit():
            raise ValueError(text)
        power = max(-MOST_EXPONENT, min(MOST_EXPONENT, int(exponent)))
        value *= Fraction(10) ** power
    elif suffix in _BINARY:
        value *= _BINARY[suffix]
    elif suffix in _DECIMAL:
        value *= Fraction(10) ** _DECIMAL[suffix]
    else:
        raise ValueError(text)
    value *= 10**digits
    amount: int = min(MOST, -(-value.numerator // value.denominator))
    return -amount if sign == "-" else amount
