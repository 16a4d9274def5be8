"""What a reader sees of a page."""

import re
from pathlib import Path


def text_of(page: Path) -> str:
    content = re.sub(r"<(style|script)>.*?</\1>", "", page.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))
