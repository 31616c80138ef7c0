"""``relay extension``: where the browser extension is, and the extension as one file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import click

from relay import __version__
from relay.commands.output import say
from relay.commands.place import examples
from relay.errors import SetupError
from relay.shipped import assets

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same files make the same zip; the format knows no earlier time."""


@click.group(epilog=examples("relay extension path", "relay extension pack relay.zip"))
def extension() -> None:
    """Use the chats that you are signed in to in your own browser."""


@extension.command(epilog=examples("relay extension path"))
def path() -> None:
    """Print the folder to load: chrome://extensions, Developer mode, Load unpacked."""
    say(str(assets("extension")))


@extension.command(epilog=examples("relay extension pack", "relay extension pack relay.zip --force"))
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def pack(*, file: Path | None, force: bool) -> None:
    """Write the extension as a zip, for a store or another machine."""
    target = file or Path(f"relay-extension-{__version__}.zip")
    try:
        with target.open("wb" if force else "xb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for source in _sources():
                entry = zipfile.ZipInfo(source.relative_to(assets("extension")).as_posix(), LONG_AGO)
                archive.writestr(entry, _packed(source), zipfile.ZIP_DEFLATED)
    except FileExistsError:
        raise SetupError(f"{target} is there already; choose another name, or add --force.") from None
    say(str(target))


def _packed(source: Path) -> bytes:
    """What goes into the zip. A store gives the extension an id of its own and refuses a manifest with a key.

    https://developer.chrome.com/docs/extensions/reference/manifest/key
    """
    content = source.read_bytes()
    if source != assets("extension") / "manifest.json":
        return content
    manifest = {name: value for name, value in json.loads(content).items() if name != "key"}
    return json.dumps(manifest, indent=2).encode()


def _sources() -> list[Path]:
    """The files of the extension, hidden ones left out: a store refuses them."""
    folder = assets("extension")
    files = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in files if not any(part[0] in "._" for part in file.relative_to(folder).parts))
