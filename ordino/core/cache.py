"""Where Ordino keeps what it can make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_home"]


def cache_home() -> Path:
    """Return the folder `ORDINO_CACHE`, else `ordino` below the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("ORDINO_CACHE") or os.path.join(home, "ordino"))
