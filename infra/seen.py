"""What is known of the account so far, in one run."""

from collections.abc import Iterable

from infra.values import Found, Ref


class Seen:
    """Things found, by kind, and outputs that answers have told since."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Found, ...]] = {}
        self._told: dict[tuple[str, str], str] = {}

    @property
    def found(self) -> tuple[Found, ...]:
        """Everything, in the order in which kinds were looked at."""
        return tuple(have for haves in self._found.values() for have in haves)

    def replace(self, kind: str, found: Iterable[Found]) -> None:
        """Forget what was known of *kind*; it is *found* now."""
        self._found[kind] = tuple(found)

    def tell(self, key: str, outputs: dict[str, str]) -> None:
        """An answer has told *outputs* of *key*."""
        self._told.update({(key, name): value for name, value in outputs.items()})

    def forget(self, key: str) -> None:
        """*key* is being deleted: what answers have told of it is not true any more."""
        self._told = {at: value for at, value in self._told.items() if at[0] != key}

    def get(self, kind: str, key: str) -> Found | None:
        """The one of *kind* called *key* that counts: ours, and not leaving."""
        return next((have for have in self.all(kind) if have.key == key and not have.leaving), None)

    def all(self, kind: str) -> tuple[Found, ...]:
        """All of *kind* that are ours."""
        return tuple(have for have in self._found.get(kind, ()) if have.ours)

    def output(self, ref: Ref) -> str | None:
        """What *ref* stands for, None if that is not known; what was told last counts."""
        if (told := self._told.get((ref.key, ref.output))) is not None:
            return told
        haves = (have for have in self.found if have.key == ref.key and have.ours and not have.leaving)
        return next((have.outputs[ref.output] for have in haves if ref.output in have.outputs), None)

    def key_of(self, kind: str, output: str, value: str) -> str:
        """The key of the one of *kind* whose *output* is *value*; *value* itself, if there is none."""
        return next((have.key for have in self.all(kind) if have.outputs.get(output) == value), value)
