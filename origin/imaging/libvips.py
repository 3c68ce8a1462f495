"""libvips in this process: set up for a server, and asked what it can do."""

import os
from pathlib import Path

import pyvips

from origin.imaging.encode import WRITABLE
from origin.imaging.load import READABLE
from origin.imaging.pool import Abilities


def prepare_libvips() -> None:
    """Set libvips up for a server, once per process, after the fork."""
    pyvips.block_untrusted_set(True)  # loaders nobody fuzzed
    # Drawings are untrusted too, and so read only where they are switched on, after they have been made harmless.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    # Before the first text: without it a container that has no fonts complains, and letters differ from host to host.
    os.environ.setdefault("FONTCONFIG_FILE", str(Path(__file__).parent / "fonts" / "fonts.conf"))
    pyvips.cache_set_max(0)  # remembering operations costs a tenth and never hits
    pyvips.concurrency_set(1)  # every core already has a picture of its own


def abilities() -> Abilities:
    """What this build of libvips reads and writes, and its version."""
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    return Abilities(READABLE, WRITABLE, f"libvips-{version}-2")
