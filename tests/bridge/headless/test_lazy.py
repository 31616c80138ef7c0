import subprocess
import sys


def test_relay_without_headless_mode_does_not_load_playwright():
    """It costs memory and time at start."""
    script = "import sys, relay.serving, relay.cli; sys.exit('playwright' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
