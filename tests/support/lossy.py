"""What docs/reference/dialects.md says of losses: one row a loss, one column a dialect."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "dialects.md"
DIALECTS = {
    "Chat Completions": "openai_chat",
    "Responses": "openai_responses",
    "Anthropic": "anthropic",
    "Gemini": "gemini",
}
KEPT = "kept"


def losses(name: str) -> set[tuple[str, str]]:
    """Return the losses that a table of the document names, each with the dialects that it is in."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n### Lossy: {name.lower()}\n")[1].split("\n#")[0]
    head, _, *rows = [_cells(line) for line in section.splitlines() if line.startswith("|")]
    assert head[1:] == ["what", *DIALECTS]
    return {
        (row[0].strip("`"), dialect)
        for row in rows
        for dialect, cell in zip(DIALECTS.values(), row[2:], strict=True)
        if cell != KEPT
    }


def table(head: str, first_row: str = "") -> list[list[str]]:
    """Return the rows of the table of the document whose head begins with `head`, and first row with `first_row`."""
    for block in DOCUMENT.read_text(encoding="utf-8").split("\n\n"):
        lines = block.splitlines()
        if len(lines) > 2 and lines[0].startswith(f"| {head}") and lines[2].startswith(first_row or "|"):
            rows = [_cells(line) for line in lines]
            assert rows[0][1:] == [*DIALECTS]
            return rows[2:]
    raise AssertionError(head)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
