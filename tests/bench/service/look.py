"""Whether speed was paid for with looks."""

from pathlib import Path

import pyvips

from tests.bench.scores import in_linear_light, ssimulacra2
from tests.bench.service.figures import Look


def look(body: bytes, source: Path, missing: dict[str, str]) -> Look:
    """Bytes of *body*, and its score beside *source* scaled as cleanly as can be, to the size that *body* has.

    Args:
        missing: Is told when there is nobody to tell the score.
    """
    picture = pyvips.Image.new_from_buffer(body, "")
    wanted = in_linear_light(pyvips.Image.new_from_file(str(source)), picture.width, picture.height)
    try:
        return Look(len(body), ssimulacra2(wanted, picture))
    except ImportError:
        missing["score"] = "pip install ssimulacra2"
        return Look(len(body))
