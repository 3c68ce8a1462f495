"""How popular keys were whose entries are kept no longer."""

from array import array

MOST_USES = 63
"""As far as uses are counted: as six bits hold. Without a limit, what was popular long ago would stay for ever."""

_HASH_BITS = 2**64 - 1


class Remembered:
    """A table of fixed size that remembers the uses of keys, and forgets a key when another takes its slot.

    A slot holds the hash of one key and, in its lowest bits, the uses. So nothing
    needs to be swept out or aged: the slots of the long forgotten are taken first
    by whoever comes. `hash` of a text differs from process to process (PEP 456),
    so nobody can choose URLs that take each other's slots.

    Args:
        slots: How many keys at most; eight bytes each.
    """

    def __init__(self, slots: int) -> None:
        self._slots = array("Q", [0]) * max(1, slots)

    def __setitem__(self, key: str, uses: int) -> None:
        name = hash(key) & _HASH_BITS
        self._slots[name // (MOST_USES + 1) % len(self._slots)] = name & ~MOST_USES | min(uses, MOST_USES)

    def __getitem__(self, key: str) -> int:
        """The uses of *key*, 0 if it is not remembered."""
        name = hash(key) & _HASH_BITS
        slot = self._slots[name // (MOST_USES + 1) % len(self._slots)]
        return slot & MOST_USES if slot & ~MOST_USES == name & ~MOST_USES else 0
