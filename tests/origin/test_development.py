import stat
from pathlib import Path

from origin import grammar
from origin.development import SAMPLES, environment, new_pair, sample_urls
from origin.rawpath import split_signed
from origin.settings import Settings


def test_a_first_start_makes_keys_that_the_second_start_finds(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    first = environment(folder, {})
    assert environment(folder, {}) == first
    assert Settings.from_environ(first).keys.pairs
    assert stat.S_IMODE((folder / "development.env").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["development.env"]


def test_a_file_of_before_gets_what_has_been_added_since(tmp_path: Path) -> None:
    first = environment(tmp_path, {})
    file = tmp_path / "development.env"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "ADMIN" not in line))
    second = environment(tmp_path, {})
    assert second["BLENDBEAT_ADMIN_TOKENS"]
    assert {name for name in first if first[name] != second[name]} == {"BLENDBEAT_ADMIN_TOKENS"}


def test_what_was_set_on_purpose_wins(tmp_path: Path) -> None:
    own = {"BLENDBEAT_KEYS": "aa", "BLENDBEAT_SALTS": "bb", "PORT": "9000", "BLENDBEAT_LOCAL_ROOT": str(tmp_path)}
    chosen = environment(tmp_path, own)
    assert {name: chosen[name] for name in own} == own
    # A made salt never meets a key of somebody's own.
    assert "BLENDBEAT_SALTS" not in environment(tmp_path, {"BLENDBEAT_KEYS": "aa"})


def test_no_two_key_pairs_are_the_same() -> None:
    one, two = new_pair(), new_pair()
    assert len({*one.values(), *two.values()}) == 4
    assert all(len(bytes.fromhex(value)) == 32 for value in one.values())


def test_every_sample_url_is_signed_and_names_a_picture_that_is_there(tmp_path: Path) -> None:
    ring = Settings.from_environ(environment(tmp_path, {})).keys
    for sample in sample_urls(ring):
        signed = split_signed(sample.path)
        assert signed is not None
        assert ring.verify(signed.signature, signed.rest)
        assert (SAMPLES / grammar.parse(signed.rest).source.url.removeprefix("local:///")).is_file()
