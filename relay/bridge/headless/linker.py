"""Joining ES modules into one classic script: a browser injects only such ones into the world beside a page's own.

Not a compiler: it knows the few forms of ``import`` and ``export`` that our modules use, each at the beginning of a
line, and refuses every other. Each module becomes a function that returns what it exports, called once, in the order
in which modules need one another.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Final

Read = Callable[[str], str]
"""Returns the text of the module at a path."""

NAMES: Final = r"\{(?P<names>[^}]*)\}"
FROM: Final = r"""from\s+["'](?P<source>\.[^"']*)["'];?[ \t]*$"""
IMPORT: Final = re.compile(rf"^import\s+(?:{NAMES}|\*\s+as\s+(?P<all>[\w$]+))\s+{FROM}", re.MULTILINE)
BARE_IMPORT: Final = re.compile(r"""^import\s+["'](?P<source>\.[^"']*)["'];?[ \t]*$""", re.MULTILINE)
REEXPORT: Final = re.compile(rf"^export\s+{NAMES}\s+{FROM}", re.MULTILINE)
EXPORT_LIST: Final = re.compile(rf"^export\s+{NAMES};?[ \t]*$", re.MULTILINE)
DECLARATION: Final = re.compile(
    r"^export\s+(?=(?:async\s+)?(?:function\s*\*?|class|const)\s*(?P<name>[\w$]+))", re.MULTILINE
)
LEFT: Final = re.compile(r"^(?:import|export)\b.*$|\bimport\.meta\b|\bimport\(", re.MULTILINE)
COMMENT: Final = re.compile(r"/\*.*?\*/|^[ \t]*//[^\n]*$", re.MULTILINE | re.DOTALL)
NAME: Final = re.compile(r"[\w$]+")


class NotLinkable(ValueError):
    """A module uses a form that is not joined, or one that is needed is not there."""


def link(root: str, read: Read, use: str) -> str:
    """Return one script of the module at `root` and all that it needs; it runs `use` with `root`'s exports as ``main``.

    Raises:
        NotLinkable: see there.
    """
    linker = _Linker(read)
    main = linker.add(root)
    return "\n".join(['(() => {\n"use strict";', *linker.joined, f"const main = {main};", use, "})();"])


class _Linker:
    """Adds modules, those they need first."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._names: dict[str, str] = {}
        self._open: list[str] = []
        self.joined: list[str] = []

    def add(self, path: str) -> str:
        """Return the name under which the exports of the module at `path` are known."""
        if path in self._open:
            raise NotLinkable(f"{' → '.join((*self._open, path))}: modules that need each other are not joined")
        if path not in self._names:
            self._open.append(path)
            text = self._module(path)
            self._open.pop()
            self._names[path] = f"module{len(self._names)}"
            self.joined.append(f"// {path}\nconst {self._names[path]} = (() => {{\n{text}\n}})();")
        return self._names[path]

    def _module(self, path: str) -> str:
        exports: dict[str, str] = {}

        def imported(found: re.Match[str]) -> str:
            module = self._source(path, found)
            if found["all"] is not None:
                return f"const {found['all']} = {module};"
            return f"const {{ {', '.join(_destructured(found['names']))} }} = {module};"

        def exported_again(found: re.Match[str]) -> str:
            module = self._source(path, found)
            exports.update({outer: f"{module}.{inner}" for inner, outer in _pairs(found["names"])})
            return ""

        def exported_list(found: re.Match[str]) -> str:
            exports.update({outer: inner for inner, outer in _pairs(found["names"])})
            return ""

        def declared(found: re.Match[str]) -> str:
            exports[found["name"]] = found["name"]
            return ""

        text = self._text(path)
        text = IMPORT.sub(imported, text)
        text = BARE_IMPORT.sub(lambda found: f"// {self._source(path, found)}", text)
        text = REEXPORT.sub(exported_again, text)
        text = EXPORT_LIST.sub(exported_list, text)
        text = DECLARATION.sub(declared, text)
        left = LEFT.search(COMMENT.sub("", text))
        if left is not None:
            raise NotLinkable(f"{path}: cannot be joined: {left[0]}")
        returned = ", ".join(f"{outer}: {inner}" for outer, inner in exports.items())
        return f"{text}\nreturn {{ {returned} }};"

    def _source(self, path: str, found: re.Match[str]) -> str:
        return self.add(posixpath.normpath(posixpath.join(posixpath.dirname(path), found["source"])))

    def _text(self, path: str) -> str:
        try:
            return self._read(path)
        except OSError as exc:
            raise NotLinkable(f"{path}: {exc.strerror}") from exc


def _pairs(names: str) -> list[tuple[str, str]]:
    """Return (name inside, name outside) of each item of ``{a, b as c}``."""
    pairs = []
    for item in filter(None, (part.strip() for part in COMMENT.sub("", names).split(","))):
        inner, _, outer = item.partition(" as ")
        pair = (inner.strip(), (outer or inner).strip())
        if not all(NAME.fullmatch(name) for name in pair):
            raise NotLinkable(f"cannot be joined: {item}")
        pairs.append(pair)
    return pairs


def _destructured(names: str) -> list[str]:
    return [inner if inner == outer else f"{inner}: {outer}" for inner, outer in _pairs(names)]
