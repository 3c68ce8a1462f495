"""Running without having set anything: keys made on first start, the shipped samples as sources.

For a developer's own machine. The keys lie in a file that only its owner may
read, outside version control; whatever the environment says wins.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from origin.client import path_for, sign_path
from origin.signing import KeyRing

SAMPLES: Final = Path(__file__).parent / "samples"

_TOKENS: Final = ("BLENDBEAT_UPLOAD_TOKENS", "BLENDBEAT_ADMIN_TOKENS")


@dataclass(frozen=True, slots=True)
class SampleUrl:
    """A signed path worth a click."""

    title: str
    path: str


def new_pair() -> dict[str, str]:
    """A fresh signing key and salt, 32 random bytes each, as the environment wants them."""
    return {"BLENDBEAT_KEYS": secrets.token_hex(32), "BLENDBEAT_SALTS": secrets.token_hex(32)}


def environment(folder: Path, environ: Mapping[str, str], *, make: bool = True) -> dict[str, str]:
    """*environ*, completed with what a first start needs.

    Args:
        folder: Where the made keys are kept between starts.
        environ: What was set on purpose.
        make: Whether to make keys if there are none yet.

    Raises:
        FileNotFoundError: There are none and none may be made.
    """
    file = folder / "development.env"
    if not make and not file.exists():
        raise FileNotFoundError(
            f"there are no development keys in {folder.absolute()}; `blendbeat serve --dev` makes them"
        )
    made = _remembered(file)
    if environ.get("BLENDBEAT_KEYS") or environ.get("BLENDBEAT_SALTS"):
        made = {name: value for name, value in made.items() if name in _TOKENS}
    return {**made, "BLENDBEAT_LOCAL_ROOT": str(SAMPLES), **{name: text for name, text in environ.items() if text}}


def _remembered(file: Path) -> dict[str, str]:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = _read(file) if file.exists() else new_pair()
    # A file of before may lack what has been added to the service since.
    made = {**{name: secrets.token_urlsafe(24) for name in _TOKENS}, **kept}
    if not file.exists() or made != kept:
        # Complete under another name first: a start that is killed half-way leaves no half a key behind.
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
        draft.replace(file)
    return made


def _read(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def sample_urls(ring: KeyRing) -> tuple[SampleUrl, ...]:
    """A few variants of the shipped samples that show what there is to see."""
    wanted = (
        ("a photograph, 800 px wide", "valley.jpg", ["rs:fit:800"], ""),
        ("a square cut where it is interesting", "market.jpg", ["rs:fill:480:480", "g:sm"], ""),
        ("a portrait stored sideways, turned upright", "portrait-rotated.jpg", ["h:640"], "webp"),
        ("the same for a screen of twice the density", "portrait.jpg", ["rs:fill:320:320", "g:no", "dpr:2"], ""),
        ("fine detail, made small", "fabric.png", ["w:300"], "png"),
        ("transparent pixels on a colour", "logo.png", ["w:400", "bg:fde68a"], "jpg"),
        ("a photograph as AVIF", "valley.jpg", ["rs:fit:1200", "q:55"], "avif"),
    )
    return tuple(
        SampleUrl(title, sign_path(ring, path_for(f"local:///{name}", options, extension=extension)))
        for title, name, options, extension in wanted
    )
