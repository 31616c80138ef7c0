from __future__ import annotations

import json
from pathlib import Path

import pytest
from bridge.headless.driven import Context
from bridge.headless.pairings import Credential, Pairings, place
from playwright.async_api import Error

from relay.bridge.headless import site_page as module
from relay.bridge.headless.accounts import Account, Accounts, Home
from relay.bridge.headless.carried import CarriedPage
from relay.bridge.headless.seams import PageLost
from relay.bridge.headless.site_page import SitePage, carry, scripts
from relay.bridge.headless.windows import Windows
from relay.errors import SetupError
from relay.shipped import assets

START = "https://chat.example:8443/app"
ACCOUNT = Account(name="work", adapter="chat", start=START)
DESCRIPTION = {"id": "chat", "match": ["https://*.chat.example/*"]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    accounts = Accounts(tmp_path / "headless")
    accounts.save(ACCOUNT, json.dumps(DESCRIPTION).encode())
    return accounts.home("work")


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    files = {
        "page/files.js": 'export const AGENT = [\n  "page/values.js",\n  "page/agent.js",\n];\n',
        "page/values.js": "values",
        "page/agent.js": "agent",
        "content/headless.js": "export function begin() {}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def test_site_is_opened_with_our_program_beside_it(home: Home, modules: Path):
    context, pairings = Context(), Pairings()
    tab = await SitePage(Windows(context, "work"), place(pairings, modules), ACCOUNT, home).open()  # type: ignore[arg-type]

    assert isinstance(tab, CarriedPage)
    assert tab.credential == "bridge_new"
    assert context.pages[0].visited == [START]
    sources = [params["source"] for _, params in context.sessions[0].sent if "source" in params]
    assert "{\nvalues\nagent\n}" in sources[0]
    assert "main.begin(globalThis)" in sources[1]
    assert (pairings.codes, home.token, home.credential) == ([(None, 60.0)], "rbr-new", "bridge_new")


async def test_credential_that_still_counts_is_used_again(home: Home, modules: Path):
    home.keep_token("rbr-old")
    pairings = Pairings({("rbr-old", None): Credential("bridge_7")})
    carried = await carry(place(pairings, modules), ACCOUNT, home)
    assert (carried.token, carried.credential, pairings.codes) == ("rbr-old", "bridge_7", [])
    assert "rbr-old" not in repr(carried)

    pairings.known.clear()
    carried = await carry(place(pairings, modules), ACCOUNT, home)
    assert (carried.token, home.token) == ("rbr-new", "rbr-new")


@pytest.mark.parametrize(
    ("origin", "served"),
    [
        ("https://chat.example:8443", True),
        ("https://eu.chat.example", True),
        ("http://chat.example:8443", False),
        ("https://accounts.example", False),
        ("null", False),
    ],
)
async def test_which_origins_are_the_accounts(home: Home, modules: Path, origin: str, served: bool):
    carried = await carry(place(Pairings(), modules), ACCOUNT, home)
    assert carried.serves(origin) is served


async def test_what_keeps_a_site_from_opening(home: Home, modules: Path, monkeypatch: pytest.MonkeyPatch):
    async def opening(context: Context, pairings: Pairings) -> None:
        await SitePage(Windows(context, "work"), place(pairings, modules), ACCOUNT, home).open()  # type: ignore[arg-type]

    context = Context()
    context.broken = Error("Page.goto: net::ERR_NAME_NOT_RESOLVED at https://chat.example/?key=secret\nCall log")
    with pytest.raises(PageLost, match=r"^chat\.example did not open: there is no such host\. [^?]*RESOLVED\)$"):
        await opening(context, Pairings())

    with pytest.raises(PageLost, match="could not be paired"):
        await opening(Context(), Pairings(broken=True))
    (home.path / "credential").unlink(missing_ok=True)
    with pytest.raises(PageLost, match="did not give its own carrier a credential"):
        await opening(Context(), Pairings(stingy=True))

    monkeypatch.setattr(module, "OPEN_SECONDS", 0.05)
    context = Context()
    context.hung = True
    with pytest.raises(PageLost, match=r"did not open within 0\.05 s"):
        await opening(context, Pairings())
    assert context.pages == []

    (home.path / "adapter.json").write_text("[]")
    with pytest.raises(PageLost, match="The site description is not there"):
        await opening(Context(), Pairings())
    (home.path / "adapter.json").unlink()
    with pytest.raises(PageLost, match="The site description is not there"):
        await opening(Context(), Pairings())


def test_damaged_installation(tmp_path: Path):
    with pytest.raises(SetupError, match="relay's own files are damaged"):
        scripts(tmp_path)


def test_the_agent_is_all_of_its_files():
    agent, _ = scripts(assets("extension"))
    files = [file for file in (assets("extension") / "page").glob("*.js") if file.name != "files.js"]
    assert len(files) > 1
    assert [file.name for file in files if file.read_text(encoding="utf-8") not in agent] == []
