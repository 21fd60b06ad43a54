"""Rules that place waiting pods, or all of them anew."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.heuristics.podpacking.room import Room
from ordino.models.podpacking.counts import plan_of
from ordino.models.podpacking.problem import FREE, Cluster, Plan

__all__ = ["best_fit", "complete", "first_fit", "keep", "repack"]


def keep(instance: Cluster) -> Plan:
    """Leave every pod where it is, and those that wait waiting."""
    return plan_of(instance, instance.current)


def first_fit(instance: Cluster) -> Plan:
    """Keep what runs; place waiting pods, the highest tier first, small before large, each on the
    first node with room for it. O(waiting pods x nodes)."""
    return _fill(Room(instance, keep(instance)), tight=False)


def best_fit(instance: Cluster) -> Plan:
    """As `first_fit`, each on the node where the least is left, evenly over the resources."""
    return complete(instance, keep(instance))


def complete(instance: Cluster, plan: Plan) -> Plan:
    """Place, in a feasible plan, what fits of the pods that have no node: where they run now if
    that is possible, else as `best_fit`."""
    if instance.goal == "drain" or (plan.node >= 0).all():
        return plan
    return _fill(Room(instance, plan), tight=True)


def repack(instance: Cluster) -> Plan:
    """Place all pods anew that may leave their node, but keep to it where there is room."""
    if instance.max_moves >= 0 or instance.budgets or instance.goal == "drain":
        return best_fit(instance)
    node = np.where(instance.hold == FREE, -1, instance.current)
    if not _sound(instance):
        return best_fit(instance)
    return _fill(Room(instance, plan_of(instance, node)), tight=True)


def _sound(instance: Cluster) -> bool:
    """Tell whether pods can be taken away one by one: no rule asks for company."""
    return not (instance.affinities or instance.spreads) and bool(instance.preempts.all())


def _fill(room: Room, *, tight: bool) -> Plan:
    room.fill(unplaced(room.cluster, room.node), tight=tight)
    return room.plan()


def sizes(cluster: Cluster) -> Reals:
    """Return the request of each class as a share of an average node, over all resources."""
    average = np.maximum(cluster.capacity.mean(axis=0), 1)
    size: Reals = (cluster.demand / average).sum(axis=1)
    devices = max(1.0, float(cluster.devices.mean()) * cluster.device_size)
    size += (cluster.share + cluster.whole * cluster.device_size) / devices
    return size


def unplaced(cluster: Cluster, node: Integers) -> Integers:
    """Return the pods without a node, the highest tier first, small before large."""
    waiting = np.flatnonzero(node < 0)
    kind = cluster.kind[waiting]
    order = np.lexsort((waiting, kind, sizes(cluster)[kind], cluster.tier[kind]))
    pods: Integers = waiting[order]
    return pods
