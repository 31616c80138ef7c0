from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.core import think
from relay.core.events import ReasoningDelta, TextDelta
from relay.core.think import ThinkSplitter, split_unopened


def split(*pieces: str, starts_inside: bool = False) -> tuple[str, str]:
    """Return all reasoning and all text."""
    splitter = ThinkSplitter(starts_inside=starts_inside)
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)] + splitter.flush()
    reasoning = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    return reasoning, "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<reason>", "</reason>"),
        ("<reasoning>", "</reasoning>"),
        ("<thought>", "</thought>"),
        ("<Thought>", "</Thought>"),
        ("<THINK>", "</think>"),
        ("<antThinking>", "</antThinking>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("◁think▷", "◁/think▷"),
        ("[THINK]", "[/THINK]"),
        ("<|channel|>analysis<|message|>", "<|end|>"),
        ('<think time="3" mode=deep>', "</think>"),
        ("<think\n>", "</think>"),
    ],
)
def test_known_tags(opening, closing):
    assert split(f"{opening}why{closing}because") == ("why", "because")


def test_tag_cut_between_pieces():
    assert split("<th", "ink>why</", "think>because") == ("why", "because")


def test_harmony_headers_are_neither_reasoning_nor_answer():
    text = "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>because"
    assert split(text) == ("why", "because")


def test_text_without_tags():
    assert split("a < b", " and <think> is a tag") == ("", "a < b and <think> is a tag")


@pytest.mark.parametrize(
    "answer",
    [
        "`<think>` opens a block",
        "The tag <think>x</think> is common",
        "<thinker>no</thinker>",
        "<think/>no",
        "<think />no",
        "<think a<b>no",
        f"<think {'x' * 300}>no</think>",
        "[THIN]no",
        "  <p>indented</p>",
        "<think",
        "\u212a <thin\u212a>Kelvin</thin\u212a>",
        "<thin\u212a>Kelvin</thin\u212a>",
    ],
)
def test_what_is_no_tag_stays(answer):
    assert split(answer) == ("", answer)


def test_white_space_before_a_tag_is_dropped():
    assert split("\n", "  ", "<think>why</think>because") == ("why", "because")


def test_white_space_before_an_answer_is_kept():
    assert split("\n", "  ", "because") == ("", "\n  because")


def test_white_space_alone_is_kept():
    assert split(" \n") == ("", " \n")


def test_line_breaks_after_a_block_are_dropped():
    assert split("<think>why</think>\r", "\n \n", "    code") == ("why", "    code")


def test_one_block_after_another():
    assert split("<think>a</think>\n <reasoning>b</reasoning>\nc<think>d</think>") == ("ab", "c<think>d</think>")


def test_open_block_is_reasoning():
    assert split("<think>why</thi") == ("why</thi", "")


def test_so_many_blocks_are_no_reasoning():
    assert split("<think>a</think>" * 1000 + "<think>b</think>") == ("a" * 1000, "<think>b</think>")


def test_many_blocks_take_no_longer_than_one():
    rest = "<think>" * 2**22
    assert split("<think>a</think>" * 1000 + rest) == ("a" * 1000, rest)


def test_empty_block_gives_nothing():
    splitter = ThinkSplitter()
    assert splitter.feed("<think></think>\n\n") + splitter.flush() == []


def test_another_closing_tag_does_not_close():
    assert split("<think>a</thinking>b</think>c") == ("a</thinking>b", "c")


def test_reasoning_is_given_out_as_soon_as_it_is_certain():
    splitter = ThinkSplitter()
    assert splitter.feed("<think>why</th") == [ReasoningDelta("why", source="tags")]
    assert splitter.feed("at") == [ReasoningDelta("</that", source="tags")]


def test_answer_passes_through_once_it_has_begun():
    splitter = ThinkSplitter()
    assert not splitter.passthrough
    assert splitter.feed("a") == [TextDelta("a")]
    assert splitter.passthrough
    assert splitter.feed("<think>") == [TextDelta("<think>")]
    assert splitter.feed("") == []


@pytest.mark.parametrize("closing", ["</think>", "</REASONING>", "◁/think▷"])
def test_text_that_starts_inside(closing):
    assert split(f"\nwhy{closing}\n\nbecause", starts_inside=True) == ("\nwhy", "because")


def test_text_that_starts_inside_with_an_opening_tag_after_all():
    assert split("<think>why</think>because", starts_inside=True) == ("why", "because")


def test_text_that_starts_inside_has_one_block():
    assert split("why</think>because</think>", starts_inside=True) == ("why", "because</think>")


def test_text_does_not_start_inside_where_reasoning_came_beside_it():
    splitter = ThinkSplitter(starts_inside=True)
    assert splitter.feed("\n") == []
    splitter.told_apart()
    assert splitter.feed("because") + splitter.flush() == [TextDelta("\nbecause")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>why</think>\n\nbecause", ("why", "because")),
        (" ◁think▷why", ("why", "")),
        ("because <think>x</think>", ("", "because <think>x</think>")),
        ("<p>because", ("", "<p>because")),
        ("", ("", "")),
    ],
)
def test_whole_text(text, expected):
    assert think.split(text) == expected


TAGS = ["<think>", "</think>", "<thinking a=1>", "</thinking>", "◁think▷", "◁/think▷", "[THINK]", "[/THINK]"]
HARMONY = ["<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant", "<|channel|>final<|message|>"]
SCRAPS = ["<", "</", "thi", "\n", "\r\n", " ", "a", ">"]


@given(
    st.lists(st.sampled_from([*TAGS, *HARMONY, *SCRAPS]), max_size=12).map("".join),
    st.lists(st.integers(0, 60), max_size=8),
    st.booleans(),
)
@example("<think>a</think>b", [3, 12], True)
def test_cutting_the_input_differently_changes_nothing(text, cuts, inside):
    borders = [0, *sorted(cuts), len(text) + 60]
    pieces = [text[start:end] for start, end in pairwise(borders)]
    whole = split(text, starts_inside=inside)
    assert split(*pieces, starts_inside=inside) == whole
    assert split(*text, starts_inside=inside) == whole


@given(st.text().filter(lambda text: not text.lstrip().startswith(("<", "◁", "["))))
def test_text_that_begins_with_no_bracket_is_the_answer(text):
    assert split(text) == ("", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("why\n</think>\n\nbecause", ("why\n", "because")),
        ("why</think>", ("why", "")),
        ("why</think>\r\nbecause", ("why", "because")),
        ("because", ("", "because")),
        ("The `</think>` tag\nends it", ("", "The `</think>` tag\nends it")),
        ("```\n</think>\n```\n", ("", "```\n</think>\n```\n")),
        ("</think>\nbecause", ("", "because")),
    ],
)
def test_only_a_closing_tag_in_a_whole_text(text, expected):
    assert split_unopened(text) == expected
