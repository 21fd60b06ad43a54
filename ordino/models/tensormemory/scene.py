"""Picture of a solution: that of the instance's type."""

from __future__ import annotations

from typing import Any

from ordino.core.scene import Scene
from ordino.models.tensormemory import graph_scene, placement_scene
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping

__all__ = ["scene"]

_SCENES: dict[type, Any] = {
    Graph: graph_scene.scene,
    Lifetimes: placement_scene.lifetimes_scene,
    Mapping: placement_scene.mapping_scene,
}


def scene(instance: Any, solution: Any) -> Scene:
    """Draw a memory map."""
    drawn: Scene = _SCENES[type(instance)](instance, solution)
    return drawn
