"""Coverage-guided fuzzing of both grammars, by hand.

pip install atheris && python -m tests.fuzz.explore -max_total_time=60
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports():
    from origin import grammar, query
    from origin.errors import BadRecipe
    from origin.rawpath import split_signed, target_of


def one(data: bytes) -> None:
    """Values or BadRecipe, nothing else; and what was understood can be spelled."""
    text = atheris.FuzzedDataProvider(data).ConsumeUnicodeNoSurrogates(4096)
    signed = split_signed(target_of(text).path)
    with contextlib.suppress(BadRecipe):
        request = grammar.parse(signed.rest if signed else text)
        assert grammar.parse(grammar.spell(request)) == request
    with contextlib.suppress(BadRecipe):
        query.parse(text)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
