"""The program of a pixel child: takes orders, decodes strangers' bytes, answers, and can be killed at any moment.

Started by `keeper`, never by hand. It has a socket as its standard input and two
slots of memory; it ends when the socket does.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator

from origin.errors import OriginError, TooCostly
from origin.imaging import jail
from origin.imaging.job import Job, Rendered, unpacked
from origin.imaging.pool import Abilities
from origin.imaging.wire import (
    ORDER,
    SLOTS,
    Answer,
    Fault,
    Hello,
    Order,
    Outcome,
    Withdrawn,
    answer_frame,
    hello_frame,
)

Transform = Callable[[bytes, Job], Rendered]
Load = Callable[[], tuple[Transform, Abilities]]


def main(load: Load) -> None:
    """Enter the jail, *load* what makes pixels, lock the door, then work until the parent hangs up."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    missing = jail.enter(jail.Terms.from_argument(sys.argv[1]))
    transform, abilities = load()
    with socket.socket(fileno=jail.CHANNEL) as channel:
        channel.setblocking(True)  # the parent's end must not wait; this one has nothing else to do
        # From here on errors go to the parent as answers: what strangers' bytes make a library say belongs into no log.
        os.dup2(1, 2)
        missing += jail.lock()
        channel.sendall(hello_frame(Hello(abilities, missing)))
        for order in _orders(channel):
            head, body = answer_frame(Answer(order.number, _outcome(order, transform)))
            channel.sendall(head)
            channel.sendall(body)


def _orders(channel: socket.socket) -> Iterator[Order]:
    while packed := channel.recv(ORDER.size, socket.MSG_WAITALL):
        yield Order(*ORDER.unpack(packed))


def _outcome(order: Order, transform: Transform) -> Outcome:
    try:
        slot = jail.SLOT_DESCRIPTORS[order.number % SLOTS]
        job, source = _read(slot, 0, order.job_bytes), _read(slot, order.job_bytes, order.source_bytes)
        if job is None or source is None:
            return Withdrawn()
        return transform(source, unpacked(job))
    except OriginError as error:
        return error
    except MemoryError:
        return TooCostly("the picture needs more memory than one picture may have")
    except Exception:  # noqa: BLE001  raised again in the parent, as a fault of ours
        return Fault(traceback.format_exc())


def _read(slot: int, start: int, length: int) -> bytes | None:
    """So many bytes, or None if the parent has emptied the slot."""
    parts, left = [], length
    while left and (part := os.pread(slot, left, start + length - left)):
        parts.append(part)
        left -= len(part)
    return None if left else b"".join(parts) if len(parts) > 1 else (parts or [b""])[0]


def load() -> tuple[Transform, Abilities]:
    """What makes pixels here. Only now libvips is loaded, inside the limits."""
    from origin.imaging.libvips import abilities, prepare_libvips
    from origin.imaging.pipeline import transform

    prepare_libvips()
    return transform, abilities()


if __name__ == "__main__":
    main(load)
