"""An answer grows piece by piece; what is out and what is held is right at every moment."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from relay.core.toolcall.extract import Block, CallExtractor, Item

SIZES = st.integers(1, 40)
ARGUMENTS = st.dictionaries(
    st.text(max_size=5),
    st.text(max_size=10) | st.sampled_from(["```", "\n```\n", '"}}', "{[", "\\", "</tool_call>", "<think>"]),
    max_size=3,
)
FORMS = st.sampled_from(
    [
        "```tool_call\n{}\n```\n",
        "````tool_call\n\n{}\n\n````\n",
        "```json\n{}\n```\n",
        "```\nCopy code\n{}\n```\n",
        "<tool_call>\n{}\n</tool_call>\n",
        "tool_call\nCopy\n{}\n\n",
        "{}\n\n",
    ]
)
WORDS = st.sampled_from(
    ["I write it now.", "`{}` and `tool_call`", "x < y", '{"answer": 1}', "- a list", "tool_calls: none"]
)
CODE = st.sampled_from(["x = {}", '{"tool_call": {"name": "no"}}', "```py", "<tool_call>", "", "~~~", "tool_call"])


class Answer(RuleBasedStateMachine):
    """A model that writes text, code and calls; every step is a paragraph, cut into pieces of its own size."""

    def __init__(self) -> None:
        super().__init__()
        self.extractor = CallExtractor()
        self.items: list[Item] = []
        self.written = ""
        self.texts = ""
        self.calls: list[object] = []

    def write(self, text: str, size: int) -> None:
        self.written += text
        for at in range(0, len(text), size):
            self.items += self.extractor.feed(text[at : at + size])

    @rule(words=WORDS, size=SIZES)
    def prose(self, words: str, size: int) -> None:
        self.write(f"{words}\n\n", size)
        self.texts += words

    @rule(lines=st.lists(CODE, max_size=4), size=SIZES)
    def code(self, lines: list[str], size: int) -> None:
        block = "\n".join(["````python", "x = 1", *lines, "````"])
        self.write(f"{block}\n", size)
        self.texts += block

    @rule(form=FORMS, arguments=ARGUMENTS, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]), size=SIZES)
    def call(self, form: str, arguments: dict[str, str], ascii_only: bool, indent: int | None, size: int) -> None:
        value = {"tool_call": {"name": "editor", "arguments": arguments}}
        self.write(form.replace("{}", json.dumps(value, ensure_ascii=ascii_only, indent=indent)), size)
        self.calls.append(value)

    @invariant()
    def text_is_out_as_soon_as_it_is_whole(self) -> None:
        """All paragraphs but the line breaks behind them; a call may wait for what follows it."""
        said = "".join(item for item in self.items if isinstance(item, str))
        assert "".join(said.split()) == "".join(self.texts.split())

    @invariant()
    def nothing_is_lost(self) -> None:
        out = "".join(item if isinstance(item, str) else item.raw for item in self.items)
        assert self.written.startswith(out)

    def teardown(self) -> None:
        self.items += self.extractor.flush()
        assert "".join(item if isinstance(item, str) else item.raw for item in self.items) == self.written
        assert [json.loads(item.json) for item in self.items if isinstance(item, Block)] == self.calls
        self.text_is_out_as_soon_as_it_is_whole()


TestAnswer = Answer.TestCase
TestAnswer.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
