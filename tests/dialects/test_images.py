import pytest

from relay.dialects.images import markdown_image


@pytest.mark.parametrize(
    ("url", "first", "paragraph"),
    [
        ("https://x/a.png", True, "![image](https://x/a.png)\n\n"),
        ("https://x/a.png", False, "\n\n![image](https://x/a.png)\n\n"),
        ("https://x/(1) <2>\n", True, "![image](https://x/%281%29%20%3C2%3E%0A)\n\n"),
    ],
)
def test_image_is_a_paragraph_of_its_own(url: str, first: bool, paragraph: str):
    assert markdown_image(url, first=first) == paragraph
