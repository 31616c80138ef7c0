"""Run the emulator by hand, and print what relay needs to use it."""

from __future__ import annotations

import argparse
import asyncio

from .emulator import PuterEmulator


async def run(api_port: int, gui_port: int) -> None:
    """Serve until interrupted."""
    async with PuterEmulator(api_port=api_port, gui_port=gui_port) as emulator:
        print(f"export RELAY_PUTER__API_ORIGIN={emulator.api_origin} RELAY_PUTER__GUI_ORIGIN={emulator.gui_origin}")
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="puter_emulator", description=__doc__)
    parser.add_argument("--api-port", type=int, default=4198)
    parser.add_argument("--gui-port", type=int, default=4199)
    options = parser.parse_args()
    try:
        asyncio.run(run(options.api_port, options.gui_port))
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
