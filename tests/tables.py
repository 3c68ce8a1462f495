"""The tables of the README, made from the code: `python -m tests.tables` writes them, a test holds them."""

import re
from pathlib import Path

from origin.options import OPTIONS, PRESET, Option
from origin.settings import VARIABLES

README = Path(__file__).parents[1] / "README.md"


def options_table() -> str:
    """One row per option of the language."""
    rows = [_option_row(option) for option in (*OPTIONS, PRESET)]
    return "\n".join(["| option | arguments | meaning |", "|---|---|---|", *rows])


def _option_row(option: Option) -> str:
    names = " ".join(f"`{name}`" for name in (option.name, *option.aliases))
    if option is PRESET:
        return f"| {names} | `name:name...` | {option.meaning} |"
    if len(option.fields) == 1:
        arguments = option.fields[0].kind.says
    else:
        arguments = f"`{':'.join(field.name for field in option.fields)}`"
    return f"| {names} | {arguments} | {option.meaning} |"


def settings_table() -> str:
    """One row per setting."""
    rows = []
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else ""
        if variable.name == "BLENDBEAT_PIXEL_WORKERS":
            default = "cores"
        rows.append(f"| `{variable.name}` | {default} | {variable.meaning} |")
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def written(text: str) -> str:
    """*text* with its tables as they should be."""
    for name, table in (("options", options_table()), ("settings", settings_table())):
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = mark.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
