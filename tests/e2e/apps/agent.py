"""A model behind a web chat: it knows no tools but those that the prompt tells of, and does ``write FILE <<text>>``."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from .model import ModelCall, Say, Step

TASK = re.compile(r"write (\S+) <<(.*?)>>", re.DOTALL)
RESULT = re.compile(r"^`{3,}tool_result (?P<head>.*)\n(?P<text>(?:.*\n)*?)`{3,}$", re.MULTILINE)
PATHS = ("path", "file_path")
TEXTS = ("new_text", "content", "file_text")


def agent(call: ModelCall) -> Iterable[Step]:
    """Say what a capable model says to `call`, in small pieces."""
    return [Say(words) for words in answer(call.prompt)]


def answer(prompt: str) -> list[str]:
    """Return the pieces of what a capable model says to `prompt`."""
    words = _answer(prompt)
    return [words[start : start + 5] for start in range(0, len(words), 5)]


def _answer(prompt: str) -> str:
    results = list(RESULT.finditer(prompt))
    if results:
        return "The file is written." if "success" in results[-1]["text"].lower() else "The tool failed."
    task = TASK.search(prompt)
    if task is None:
        return "There is nothing that I can do."
    for tool in _declared(prompt):
        properties = tool["parameters"].get("properties", {})
        text = next((name for name in TEXTS if name in properties), None)
        path = next((name for name in PATHS if name in properties), None)
        if path is not None and text is not None:
            return f"I will write the file now.\n\n{_block(tool['name'], {path: task[1], text: task[2]})}"
        if "cmd" in properties:
            command = f"printf %s {shlex.quote(task[2])} > {shlex.quote(task[1])} && echo success"
            return f"I will write the file now.\n\n{_block(tool['name'], {'cmd': command})}"
    return "I have no tool for that."


def _declared(prompt: str) -> Iterator[Any]:
    """The tools, each declared in a line of JSON (docs/reference/emulated-tools.md)."""
    for line in prompt.splitlines():
        if line.startswith('{"name":'):
            yield json.loads(line)


def _block(name: str, arguments: dict[str, str]) -> str:
    call = json.dumps({"tool_call": {"name": name, "arguments": arguments}}, ensure_ascii=False)
    return f"```tool_call\n{call}\n```"
