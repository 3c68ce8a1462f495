"""What is held of a source: its bytes, and by what the source can say that they are still the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_FACTS = {"etag": "source_etag", "last_modified": "source_modified", "target": "source_target"}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a source called one state of itself; false when it called it nothing.

    Two that are equal, of one source, stand for the same bytes.

    Args:
        etag: The entity tag as it came, quotes and weakness included.
        last_modified: The date as it came.
        target: Names the address that a redirect led to, whose validators these are; empty: the source's own.
            A tag or a date says nothing about any other address.
    """

    etag: str = ""
    last_modified: str = ""
    target: str = ""

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    def at(self, target: str) -> "Validators":
        """These if they are those of *target*, else none."""
        return self if self.target == target else NONE

    def as_facts(self) -> dict[str, str]:
        """As short texts that travel with an entry of a tier."""
        facts = {fact: getattr(self, name) for name, fact in _FACTS.items()}
        return {fact: text for fact, text in facts.items() if text}

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> "Validators":
        """What `as_facts` made, among whatever else there is.

        >>> Validators.from_facts(Validators('"1"').as_facts() | {"media_type": "image/png"})
        Validators(etag='"1"', last_modified='', target='')
        """
        return cls(**{name: facts.get(fact, "") for name, fact in _FACTS.items()})


NONE = Validators()
"""Nothing is held."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """The bytes of a source, and what the source calls them."""

    body: bytes = field(repr=False)
    validators: Validators = NONE

    def unless(self, held: Validators) -> "SourceImage | None":
        """This, or None if *held* names it already."""
        return None if held and held == self.validators else self
