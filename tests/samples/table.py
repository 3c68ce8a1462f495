"""The market's table, laid."""

import math

import numpy as np

from tests.samples.wares import Thing


def laid_table() -> list[Thing]:
    """Put everything in its place."""
    bowl = (-0.95, 1.0, -0.55)
    things = [Thing("bowl", (bowl[0], 1.08, bowl[2]), 1.45, group=1, bulk=0.0)]
    heap = [
        ("orange", -0.78, 1.05, 0.28, 0.50, (10, 20)),
        ("apple", 0.20, 1.06, 0.48, 0.52, (-18, 40)),
        ("orange", 0.80, 1.00, -0.25, 0.48, (30, 60)),
        ("lemon", -0.30, 1.05, 0.75, 0.42, (80, 35)),
        ("apple", -0.35, 1.10, -0.45, 0.54, (14, 160)),
        ("pear", 0.42, 1.22, -0.62, 0.58, (-24, 30)),
        ("green apple", -0.05, 1.66, 0.02, 0.49, (8, 10)),
        ("lime", 0.66, 1.36, 0.35, 0.30, (70, -30)),
        ("orange", -0.62, 1.62, -0.15, 0.42, (10, 200)),
    ]
    for number, (kind, x, y, z, size, turn) in enumerate(heap):
        things.append(Thing(kind, (bowl[0] + x, y, bowl[2] + z), size, turn, 40 + number, group=1))
    things += [
        Thing("jug", (0.80, 1.32, -2.15), 1.32, (0, -25), 4, bulk=0.52),
        Thing("melon", (2.52, 1.04, -1.00), 1.06, (-60, -105), 5, bulk=0.9),
        Thing("pumpkin", (-3.28, 0.61, -1.10), 0.86, (6, 20), 6, bulk=0.9),
        Thing("aubergine", (-2.35, 0.40, 1.20), 0.62, (76, 30), 7, bulk=0.75),
        Thing("tomato", (1.30, 0.46, 0.75), 0.54, (-14, 30), 8),
        Thing("tomato", (0.42, 0.40, 1.38), 0.47, (16, 100), 9),
        Thing("half", (-0.62, 0.50, 1.50), 0.52, (-58, -78), 10, bulk=0.8),
        Thing("lemon", (2.50, 0.36, 0.80), 0.42, (82, -25), 11, bulk=0.85),
        Thing("lime", (1.95, 0.26, 1.50), 0.28, (70, 60), 12),
        Thing("apple", (3.35, 0.54, 0.10), 0.58, (-16, 70), 13),
        Thing("leaf", (1.15, 0.16, 1.72), 0.50, (4, 24), 14, bulk=0.0),
        Thing("leaf", (-1.62, 1.62, 0.28), 0.52, (16, 200), 15, group=1, bulk=0.0),
        Thing("leaf", (-0.98, 2.16, -0.42), 0.50, (-20, -28), 16, group=1, bulk=0.0),
        Thing("leaf", (-3.25, 0.16, 1.55), 0.55, (2, 160), 17, bulk=0.0),
        Thing("stem", (-1.00, 2.10, -0.53), 0.20, (8, 10), 18, group=1, bulk=0.0),
        Thing("stem", (-3.30, 1.14, -1.12), 0.30, (10, 40), 19, bulk=0.0),
        Thing("stem", (3.45, 1.00, 0.10), 0.22, (-16, 70), 20, bulk=0.0),
    ]
    return things + grapes() + cherries()


def grapes() -> list[Thing]:
    """Pile a bunch of grapes, each resting against the others."""
    rng = np.random.default_rng(19)
    berries: list[Thing] = []
    for number in range(46):
        t = number / 46
        x = 2.20 + 1.25 * t + float(rng.normal(0, 0.16))
        z = 1.95 - 0.75 * t + float(rng.normal(0, 0.24 * (0.5 + t)))
        y, size = 0.19, float(rng.uniform(0.165, 0.205))
        for other in berries:
            reach = (size + other.size) * 0.90
            flat = (x - other.centre[0]) ** 2 + (z - other.centre[2]) ** 2
            if flat < reach**2:
                y = max(y, other.centre[1] + math.sqrt(reach**2 - flat) * 0.86)
        if y < 0.75:
            berries.append(Thing("grape", (x, y, z), size, (float(rng.uniform(0, 90)), 0), number, group=2))
    return berries


def cherries() -> list[Thing]:
    """Scatter a few cherries at the front."""
    places = ((-1.55, 2.15), (-1.22, 2.32), (-1.86, 2.40), (0.25, 2.28), (0.56, 2.42))
    fruit = [Thing("cherry", (x, 0.19, z), 0.19, (20, 40 * n), n) for n, (x, z) in enumerate(places)]
    stalks = [
        Thing("stem", (x + 0.10, 0.55, z - 0.03), 0.25, (-18, 30 * n), n, bulk=0.0) for n, (x, z) in enumerate(places)
    ]
    return fruit + stalks
