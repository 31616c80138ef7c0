from pathlib import Path

import pytest

from relay import shipped
from relay.shipped import assets


def test_assets_lie_beside_the_package_in_a_checkout_and_inside_it_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "relay")
    assert assets("static") == tmp_path / "static"
    (tmp_path / "relay" / "assets" / "static").mkdir(parents=True)
    assert assets("static") == tmp_path / "relay" / "assets" / "static"
