"""The core module with an adapter's memory: where arguments and results lie for the time of one call.

The memory begins with a control block of four u32 that the host reads and writes too:

    0   top: the first free byte
    4   capacity: how many bytes the memory has
    8   pending: not 0 if the host has results that need more memory than there is
    12  heap: where free memory begins again after a call

then 16 bytes for the nonce by which the host finds the memory, then the area for returned results, then the heap.
Allocation moves top up; nothing is freed until the call ends and top falls back to the heap.
"""

import struct

from elastic_hal.runtime.bridge.instructions import (
    ADD,
    AND,
    COPY_MEMORY,
    EQUAL,
    GREATER,
    GROW_MEMORY,
    LESS,
    NOT_GREATER,
    PAGE_SIZE,
    RETURN,
    SHIFT_LEFT,
    SHIFT_RIGHT,
    SUBTRACT,
    UNREACHABLE,
    Code,
    CoreModule,
    call,
    constant,
    get,
    put,
    read,
    when,
    write,
)
from elastic_hal.runtime.bridge.layout import aligned
from elastic_hal.runtime.bridge.names import NAMESPACE

TOP, CAPACITY, PENDING, HEAP = 0, 4, 8, 12
NONCE = 16
RETURN_AREA = 32
MAX_CAPACITY = 0xFFFF_0000
"""The last page stays unused, so that no end of anything in memory needs more than 32 bits."""

MEMORY, REALLOC, RESERVE, RESET = "memory", "realloc", "reserve", "reset"
_HEAP_ALIGNMENT = 16
_PAGE_BITS = 16


def memory_module(return_area: int) -> bytes:
    """The module, with a return area of so many bytes."""
    heap = heap_start(return_area)
    pages = aligned(heap, PAGE_SIZE) // PAGE_SIZE
    module = CoreModule(f"{NAMESPACE}:memory")
    module.define_memory(pages, MEMORY, struct.pack("<4I", heap, pages * PAGE_SIZE, 0, heap))
    reserve = module.function(_reserve(), RESERVE)
    module.function(_realloc(reserve), REALLOC)
    module.function(Code(("i32",), (), (), write(TOP, read(HEAP))), RESET)
    return module.finish()


def heap_start(return_area: int) -> int:
    """Where free memory begins behind a return area of so many bytes."""
    return aligned(RETURN_AREA + return_area, _HEAP_ALIGNMENT)


def _reserve() -> Code:
    """Makes sure that the memory reaches to an address, or traps."""
    end = get(0)
    missing = end + read(CAPACITY) + SUBTRACT
    pages = missing + constant(PAGE_SIZE - 1) + ADD + constant(_PAGE_BITS) + SHIFT_RIGHT
    grow = (
        when(end + constant(MAX_CAPACITY) + GREATER, UNREACHABLE)
        + pages
        + put(1)
        + when(get(1) + GROW_MEMORY + constant(-1) + EQUAL, UNREACHABLE)
        + write(CAPACITY, read(CAPACITY) + get(1) + constant(_PAGE_BITS) + SHIFT_LEFT + ADD)
    )
    return Code(("i32",), (), ("i32",), when(end + read(CAPACITY) + GREATER, grow))


def _realloc(reserve: int) -> Code:
    """Allocates, grows or shrinks; what grows moves, because only the last allocation could grow in place."""
    old, old_size, alignment, size, address, end = range(6)
    shrink = when(get(old), when(get(size) + get(old_size) + NOT_GREATER, get(old) + RETURN))
    mask = constant(0) + get(alignment) + SUBTRACT
    place = read(TOP) + get(alignment) + ADD + constant(1) + SUBTRACT + mask + AND + put(address)
    past = get(address) + get(size) + ADD + put(end)
    overflow = when(get(address) + read(TOP) + LESS, UNREACHABLE) + when(get(end) + get(address) + LESS, UNREACHABLE)
    move = when(get(old), get(address) + get(old) + get(old_size) + COPY_MEMORY)
    body = shrink + place + past + overflow + get(end) + call(reserve) + write(TOP, get(end)) + move + get(address)
    return Code(("i32",) * 4, ("i32",), ("i32", "i32"), body)
