"""Joining modules: the text that comes out is run by Node, with the real program of the extension among it."""

import json
import subprocess
from pathlib import Path

import pytest
from stack.programs import ROOT, node

from relay.bridge.headless.linker import NotLinkable, link


def linked(modules: dict[str, str], use: str, root: str = "main.js") -> object:
    """Join `modules`, run them, and return what `use` prints as JSON."""

    def read(path: str) -> str:
        if path not in modules:
            raise FileNotFoundError(2, "No such file or directory", path)
        return modules[path]

    script = link(root, read, f"console.log(JSON.stringify({use}));")
    done = subprocess.run([node(), "-"], input=script, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_form_of_import_and_export():
    modules = {
        "main.js": """
/**
 * A comment may say
 * import { nothing } from "./nowhere.js";
 */
import { one, two as deux } from "./deep/numbers.js";
import {
  three,
} from './deep/more.js';
import * as all from "./deep/numbers.js";
import "./effect.js";
export { four as vier } from "./deep/more.js";
export const sum = one + deux + three();
export async function later() {}
export async function* many() { yield 1; }
export function* some() {}
export class Thing { value = all.two; }
const hidden = 7;
export { hidden as shown };
// export nothing else
const text = "a word: import { x } from nowhere";
""",
        "deep/numbers.js": "export const one = 1;\nexport const two = 2;\n",
        "deep/more.js": 'import { two } from "./numbers.js";\nexport function three() { return two + 1; }\n'
        "export const four = 4;\n",
        "effect.js": "globalThis.effect = (globalThis.effect ?? 0) + 1;\n",
    }
    use = "[Object.keys(main).sort(), main.sum, main.vier, main.shown, new main.Thing().value, effect]"
    assert linked(modules, use) == [
        ["Thing", "later", "many", "shown", "some", "sum", "vier"],
        6,
        4,
        7,
        2,
        1,
    ]


def test_module_needed_twice_runs_once():
    modules = {
        "main.js": 'import { a } from "./a.js";\nimport { b } from "./b.js";\nexport const same = a === b;\n',
        "a.js": 'import { o } from "./o.js";\nexport const a = o;\n',
        "b.js": 'import { o } from "./o.js";\nexport const b = o;\n',
        "o.js": "export const o = {};\n",
    }
    assert linked(modules, "main.same") is True


@pytest.mark.parametrize(
    ("modules", "why"),
    [
        ({"main.js": "export default 1;\n"}, "main.js: cannot be joined: export default 1;"),
        ({"main.js": "export let x = 1;\n"}, "main.js: cannot be joined: export let x = 1;"),
        ({"main.js": 'import x from "./a.js";\n'}, 'main.js: cannot be joined: import x from "./a.js";'),
        ({"main.js": 'import { x } from "lib";\n'}, 'main.js: cannot be joined: import { x } from "lib";'),
        ({"main.js": 'const a = import("./a.js");\n'}, "main.js: cannot be joined: import("),
        ({"main.js": "const u = import.meta;\n"}, "main.js: cannot be joined: import.meta"),
        ({"main.js": "export { a.b };\n"}, "cannot be joined: a.b"),
        ({"main.js": 'import { x } from "./gone.js";\n'}, "gone.js: No such file or directory"),
        (
            {"main.js": 'import { a } from "./a.js";\n', "a.js": 'import { m } from "./main.js";\n'},
            "main.js → a.js → main.js: modules that need each other are not joined",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str], why: str):
    with pytest.raises(NotLinkable) as caught:
        linked(modules, "1")
    assert str(caught.value) == why


def test_the_real_program_runs_and_connects():
    extension = ROOT / "extension"
    use = """
const said = [];
const scope = { relayPost: (text) => said.push(JSON.parse(text)) };
main.begin(scope, ({ connect }) => {
  const port = connect();
  port.onMessage((message) => said.push({ heard: message }));
  port.onDisconnect(() => said.push("gone"));
});
scope.relayDeliver(1, [{ type: "setup" }, { type: "stop" }]);
scope.relayDeliver(2, [{ type: "nobody" }]);
scope.relayGone(1);
queueMicrotask(() => console.log(JSON.stringify(said)));
"""
    script = link("content/headless.js", lambda path: (extension / path).read_text(encoding="utf-8"), use)
    done = subprocess.run([node(), "-"], input=script, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        {"heard": {"type": "setup"}},
        {"heard": {"type": "stop"}},
        "gone",
        {"port": 1, "messages": [{"type": "connect"}]},
    ]


def test_nothing_happens_where_relay_put_no_binding():
    extension: Path = ROOT / "extension"
    use = 'main.begin({}, () => { throw new Error("begun"); });'
    script = link("content/headless.js", lambda path: (extension / path).read_text(encoding="utf-8"), use)
    assert subprocess.run([node(), "-"], input=script, text=True, check=False).returncode == 0
