"""Images of an answer in dialects whose answers have a place for text only."""

from __future__ import annotations

from typing import Final

_URL_ESCAPES: Final = str.maketrans({"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E", "\n": "%0A"})


def markdown_image(url: str, *, first: bool) -> str:
    """Return the paragraph that shows the image: https://spec.commonmark.org/0.31.2/#images.

    `first` tells that no text comes before it.
    """
    image = f"![image]({url.translate(_URL_ESCAPES)})\n\n"
    return image if first else f"\n\n{image}"
