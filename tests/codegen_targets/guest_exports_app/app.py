"""A guest that exports interfaces of every kind. It runs inside WebAssembly only."""

import wit_world
from both import Thing
from componentize_py_types import Err
from counters import Counter
from wit_world import exports
from wit_world.exports import both, counters, echo
from wit_world.imports import shapes

_kept = []


class WitWorld(wit_world.WitWorld):
    def exported(self, point):
        if point.x == 0:
            raise Err("no point at zero")
        return shapes.Point(point.y, point.x)

    def test_exported_echo(self):
        return "the world's own"


class Echo(exports.Echo):
    def echo_everything(self, value):
        return value

    def echo_nested(self, value):
        return value

    def fail(self, why):
        raise Err(why)

    def fail_code(self, why):
        if why is not None:
            raise Err(why)
        return 1

    def fail_text(self, why):
        if why == "crash":
            raise ValueError("crashed as it was told")
        if why is not None:
            raise Err(why)
        return "fine"

    def fail_silently(self, fail):
        if fail:
            raise Err(None)

    def nothing(self):
        pass


class Counters(exports.Counters):
    def many(self, first, last):
        if first > last:
            raise Err(echo.Failure_Refused())
        return [Counter(count) for count in range(first, last)]

    def total(self, counters):
        return sum(counter.count for counter in counters)

    def swap(self, pair):
        return counters.Pair(pair.second, pair.first, pair.at)

    def draw(self, on, times):
        return sum(on.draw(shapes.Shape_Circle(float(radius))) for radius in range(times))

    def keep(self, canvas):
        _kept.append(canvas)
        return canvas.name()

    def give_back(self):
        return _kept.pop() if _kept else None

    def textured(self, on, data):
        return on.texture(data) + b"!"


class Both(exports.Both):
    def box(self, thing):
        size = thing.size()
        if size.width == 0:
            raise Err(both.Trouble.SOME)
        return both.Boxed(Thing(size), size)
