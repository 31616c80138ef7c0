"""Settings: where they come from, what is refused, and that the reference lists them all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from relay import settings
from relay.errors import SettingsError
from relay.settings import (
    BridgeSettings,
    ClockSettings,
    LogSettings,
    PuterSettings,
    ServerSettings,
    Settings,
    load,
    sources,
)

REFERENCE = Path(__file__).parents[1] / "docs/reference/settings.md"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for setting in settings.documented():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(sources, "default_config", lambda: tmp_path / "config/relay/relay.toml")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(config: Path | None = None, **overrides: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(config, **overrides)
    return caught.value.problems


def test_reference_lists_every_setting():
    rows = [line for line in REFERENCE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    expected = [f"| `{s.name}` | `{s.variable}` | `{s.default}` | {s.meaning} |" for s in settings.documented()]
    assert rows == expected


def test_every_setting_has_a_meaning():
    assert [setting.name for setting in settings.documented() if not setting.meaning] == []


def test_defaults():
    assert load() == Settings()


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().bridge.grace_seconds = 1.0  # type: ignore[misc]


def test_constructing_settings_ignores_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_PORT", "4000")
    assert Settings().port == 3000


def test_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_PORT", "4000")
    monkeypatch.setenv("RELAY_BRIDGE__GRACE_SECONDS", "5")
    monkeypatch.setenv("RELAY_BRIDGE__CLOCKS__GAP_SECONDS", "7.5")
    monkeypatch.setenv("RELAY_BRIDGE__ORIGINS", "https://a.example, chrome-extension://abc")
    monkeypatch.setenv("RELAY_LOG__LEVEL", "")
    assert load() == Settings(
        port=4000,
        bridge=BridgeSettings(
            grace_seconds=5.0,
            clocks=ClockSettings(gap_seconds=7.5),
            origins=("https://a.example", "chrome-extension://abc"),
        ),
    )


def test_file_in_the_usual_place_is_read_when_it_exists(tmp_path: Path):
    written(tmp_path / "config/relay/relay.toml", 'default_model = "gpt"\n')
    assert load() == Settings(default_model="gpt")


def test_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.undo()
    assert settings.default_config().parts[-2:] == ("relay", "relay.toml")


def test_command_line_beats_environment_beats_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = written(tmp_path / "my.toml", 'port = 1\nbridge_port = 1\n[log]\nlevel = "error"\nformat = "json"\n')
    monkeypatch.setenv("RELAY_PORT", "2")
    monkeypatch.setenv("RELAY_BRIDGE_PORT", "12")
    loaded = load(file, port=3, host=None, log={"level": "debug"})
    assert loaded == Settings(port=3, bridge_port=12, log=LogSettings(level="debug", format="json"))


def test_named_file_must_exist(tmp_path: Path):
    missing = tmp_path / "none.toml"
    assert problems(missing) == (f"The settings file {missing} does not exist.",)


def test_unreadable_file(tmp_path: Path):
    assert problems(tmp_path) == (f"The settings file {tmp_path} cannot be read: Is a directory.",)


def test_broken_file(tmp_path: Path):
    file = written(tmp_path / "my.toml", 'port = 1\nkey = "sk-secret')
    [problem] = problems(file)
    assert problem.startswith(f"The settings file {file} is not valid TOML: ")
    assert "sk-secret" not in problem


def test_one_sentence_for_each_problem_with_its_origin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = written(tmp_path / "my.toml", "prot = 1\n[bridge]\ngrace = 2\nqueue_size = 0\n")
    monkeypatch.setenv("RELAY_SERVER__DRAIN_SECONDS", "inf")
    assert problems(file, port=70_000) == (
        "port: should be less than or equal to 65535 (from the command line).",
        "server.drain_seconds: should be a finite number (from RELAY_SERVER__DRAIN_SECONDS).",
        f"bridge.queue_size: should be greater than or equal to 1 (from {file}).",
        f"bridge.grace: there is no such setting; did you mean bridge.grace_seconds? (from {file}).",
        f"prot: there is no such setting; did you mean port? (from {file}).",
    )


def test_unknown_name_that_resembles_nothing(tmp_path: Path):
    file = written(tmp_path / "my.toml", "zzzzzzz = 1\n")
    assert problems(file) == (f"zzzzzzz: there is no such setting (from {file}).",)


def test_group_that_is_not_a_table(tmp_path: Path):
    file = written(tmp_path / "my.toml", "bridge = 5\n")
    assert problems(file) == (
        f"bridge: is a group; set one of its fields, such as bridge.grace_seconds (from {file}).",
    )


def test_api_that_is_switched_off_as_if_it_were_no_group(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_ENDPOINTS__MESSAGES", "false")
    [problem] = problems()
    assert problem == (
        "endpoints.messages: is a group; set one of its fields, such as endpoints.messages.enabled "
        "(from RELAY_ENDPOINTS__MESSAGES)."
    )


def test_group_in_the_environment_that_is_not_json(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RELAY_BRIDGE", "{sk-secret")
    [problem] = problems()
    assert problem.startswith("A group of settings in the environment is not valid JSON")
    assert "sk-secret" not in problem


@given(st.text("abcdefghijk", min_size=12, max_size=30))
def test_values_are_never_repeated(value: str):
    secret = f"sk-{value}"
    wrong = {"port": secret, "allowed_origins": [secret], "log": {"level": secret}, "puter": {"sdk": f"{secret}://x"}}
    with pytest.raises(SettingsError) as caught:
        load(**wrong)
    assert secret not in str(caught.value)
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1"])
def test_loopback_hosts(host: str):
    assert load(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "relay.example", "localhost.example"])
def test_exposed_host_needs_the_flag(host: str):
    assert problems(host=host) == (
        "--host is reachable from other machines; add --expose if that is what you want (from the command line).",
    )
    assert not load(host=host, expose=True).is_loopback


def test_exposed_host_needs_keys():
    assert problems(host="0.0.0.0", expose=True, auth=False) == (
        "--no-auth cannot go with a --host that other machines can reach; use 127.0.0.1 (from the command line).",
    )
    assert load(auth=False) == Settings(auth=False)


@pytest.mark.parametrize("host", ["", "http://localhost", "localhost:3000", "a b", "a/b", "::1]"])
def test_host_is_an_address(host: str):
    assert problems(host=host) == (
        "host: should be an IP address or a host name, without a port (from the command line).",
    )


@pytest.mark.parametrize(
    ("port", "bridge_port", "listens"), [(3000, None, 3001), (0, None, 0), (3000, 9, 9), (0, 0, 0), (3000, 0, 0)]
)
def test_bridge_port(port: int, bridge_port: int | None, listens: int):
    assert load(port=port, bridge_port=bridge_port).bridge_listen_port == listens


@pytest.mark.parametrize(("port", "bridge_port"), [(65_535, None), (3000, 3000)])
def test_bridge_port_must_differ(port: int, bridge_port: int | None):
    assert problems(port=port, bridge_port=bridge_port) == (
        "--bridge-port should be another port than --port, at most 65535 (from the command line).",
    )


def test_settings_that_do_not_fit_together_name_all_their_origins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = written(tmp_path / "my.toml", "port = 9\n")
    monkeypatch.setenv("RELAY_BRIDGE_PORT", "9")
    assert problems(file) == (
        f"--bridge-port should be another port than --port, at most 65535 (from RELAY_BRIDGE_PORT and {file}).",
    )


def test_buffer_must_hold_what_a_page_may_send():
    [problem] = problems(bridge={"buffer_bytes": 2**20, "unacked_bytes": 2**20})
    assert "buffer_bytes should be at least twice unacked_bytes" in problem


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 1e9])
def test_durations_are_positive_and_finite(seconds: float):
    with pytest.raises(ValidationError):
        ServerSettings(drain_seconds=seconds)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "example.com",
        "https://example.com/",
        "https://u@example.com",
        "https://a:x",
        "https://[a",
        "file://",
    ],
)
def test_what_is_not_an_origin(origin: str):
    [problem] = problems(allowed_origins=[origin])
    assert problem.startswith("allowed_origins.0: should be ")


def test_origins_are_compared_in_lower_case():
    assert load(allowed_origins=["HTTPS://Example.com:8443"]).allowed_origins == ("https://example.com:8443",)


@pytest.mark.parametrize("host", ["", "https://a", "a/b", "a@b", "a:b"])
def test_what_is_not_a_host(host: str):
    [problem] = problems(allowed_hosts=[host])
    assert problem.startswith("allowed_hosts.0: should be ")


def test_hosts():
    assert load(allowed_hosts=["Relay.example", "[::1]:80"]).allowed_hosts == ("relay.example", "[::1]:80")


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("", {}),
        ("Chat.Example=emulated", {"chat.example": "emulated"}),
        (" a.example = native , localhost:8080=auto, ", {"a.example": "native", "localhost:8080": "auto"}),
    ],
)
def test_modes_of_single_sites_for_tools(monkeypatch: pytest.MonkeyPatch, text: str, modes: dict[str, str]):
    monkeypatch.setenv("RELAY_TOOLS__SITES", text)
    assert load().tools.sites == modes


def test_modes_of_single_sites_for_conversations(tmp_path: Path):
    config = written(tmp_path / "c.toml", '[threads]\nmode = "reuse"\nsites = {"chat.example" = "fresh"}')
    threads = load(config).threads
    assert (threads.mode, threads.sites) == ("reuse", {"chat.example": "fresh"})


@pytest.mark.parametrize("variable", ["RELAY_TOOLS__SITES", "RELAY_THREADS__SITES"])
@pytest.mark.parametrize("text", ["chat.example", "chat.example=", "chat.example=maybe", "=auto", "https://a=auto"])
def test_what_is_no_mode_of_a_site(monkeypatch: pytest.MonkeyPatch, variable: str, text: str):
    monkeypatch.setenv(variable, text)
    found = problems()
    assert [f"(from {variable})" in problem for problem in found] == [True] * len(found)


@pytest.mark.parametrize("variable", ["RELAY_TOOLS__MODE", "RELAY_THREADS__MODE"])
def test_unknown_mode(monkeypatch: pytest.MonkeyPatch, variable: str):
    monkeypatch.setenv(variable, "maybe")
    (problem,) = problems()
    assert variable in problem


def test_puter_from_a_file():
    assert PuterSettings().sdk_file is None
    assert PuterSettings(sdk="~/puter.js").sdk_file == Path.home() / "puter.js"


def test_puter_from_an_unknown_scheme():
    assert problems(puter={"sdk": "ftp://x"}) == (
        "puter.sdk: should be an http(s) URL or the path of a file (from the command line).",
    )


def test_data_directory():
    assert load(data_dir="~/mine").data_path == Path.home() / "mine"
    assert load().data_path.name == "relay"


@pytest.mark.parametrize(
    ("open_browser", "terminal", "environment", "wanted"),
    [
        (None, True, {"DISPLAY": ":0"}, True),
        (None, True, {"WAYLAND_DISPLAY": "wayland-0"}, True),
        (None, True, {}, False),
        (None, False, {"DISPLAY": ":0"}, False),
        (True, False, {}, True),
        (False, True, {"DISPLAY": ":0"}, False),
    ],
)
def test_when_the_page_is_opened(
    monkeypatch: pytest.MonkeyPatch,
    open_browser: bool | None,
    terminal: bool,
    environment: dict[str, str],
    wanted: bool,
):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings(open_browser=open_browser).wants_browser(terminal=terminal) is wanted


def test_origin_in_words():
    assert settings.parse_origin("HTTPS://Example.com") == "https://example.com"
    with pytest.raises(SettingsError, match=r"^The origin should be an origin such as https://example\.com"):
        settings.parse_origin("example.com")


def test_variables_that_are_no_settings(monkeypatch: pytest.MonkeyPatch):
    for name in ("RELAY_PORT", "RELAY_BRIDGE", "RELAY_BRIDGE__GRACE_SECONDS", "RELAYED"):
        monkeypatch.setenv(name, "1")
    assert settings.unknown_variables() == []
    monkeypatch.setenv("RELAY_PROT", "1")
    assert settings.unknown_variables() == ["RELAY_PROT"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9222", "http://localhost:9222/", "http://[::1]:9222"])
def test_browser_to_attach_to(address: str):
    assert load(headless={"attach": address}).headless.attach == address.rstrip("/")


@pytest.mark.parametrize(
    "address", ["http://192.168.0.2:9222", "https://127.0.0.1:9222", "127.0.0.1:9222", "http://127.0.0.1:9222/json", ""]
)
def test_only_a_browser_of_this_machine_is_attached_to(address: str):
    [problem] = problems(headless={"attach": address})
    assert problem.startswith("headless.attach: should be an address of this machine")


def test_reasoning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("RELAY_REASONING__UNOPENED", "deepseek-r1*, */r1")
    reasoning = load(written(tmp_path / "c.toml", '[reasoning]\nmode = "fixed"\nbudget = 0\ninline = true')).reasoning
    assert (reasoning.mode, reasoning.budget, reasoning.inline) == ("fixed", 0, True)
    assert reasoning.unopened == ("deepseek-r1*", "*/r1")


@pytest.mark.parametrize("wrong", [{"mode": "on"}, {"budget": -1}, {"budget": 1_000_001}, {"unopened": [""]}])
def test_what_is_no_setting_of_reasoning(wrong: dict[str, object]):
    [problem] = problems(reasoning=wrong)
    assert problem.startswith(f"reasoning.{next(iter(wrong))}")
