"""Coverage-guided fuzzing of one of the targets, for as long as somebody likes; `test_explore` does it for seconds.

python -m tests.fuzz.explore codec -max_total_time=60
"""

import sys

import atheris

with atheris.instrument_imports():
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
