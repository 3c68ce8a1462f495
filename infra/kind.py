"""What a component promises: how to find, make, change and delete one kind of thing.

Finding reads; everything else returns steps as data and calls nothing. A kind never
keeps state and never looks at a clock, so all of it can be planned before it is done.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.names import Scope
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Found, Resource, Steps


class Kind(ABC):
    """One kind of AWS thing.

    A subclass says which fields are `fixed`: AWS does not change them in place, and a
    plan that needs it is refused, or, if the kind is `replaceable`, deletes and creates.
    `renews` names outputs that an update changes, so that whoever refers to them changes, too.
    """

    name: ClassVar[str]
    fixed: ClassVar[frozenset[str]] = frozenset()
    replaceable: ClassVar[bool] = False
    renews: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:
        """Everything of this kind that is this environment's, wanted or not, and what only has its name.

        Of several with one key the one to keep comes first.

        Args:
            seen: What is known of earlier kinds.
        """

    @abstractmethod
    def create(self, want: Resource) -> Steps:
        """Steps that make *want*; the first one tags or names it, the others may be repeated."""

    @abstractmethod
    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Steps that give *have* the fields of *want* that are named in *changed*.

        References to what exists are resolved in *want* already; those that are left are to what is yet to be made.
        """

    @abstractmethod
    def delete(self, have: Found) -> Steps:
        """Steps that delete *have*; what is gone already is no error."""

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """Items of the monthly bill for the resource *key*; most kinds cost nothing.

        Args:
            estate: Fields of everything, found or wanted: some prices depend on others' fields.
        """
        return ()
