"""The wheel's long description; everything else about packaging is in pyproject.toml."""

import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
readme = (HERE / "README.md").read_text(encoding="utf-8")
history = (HERE / "HISTORY.rst").read_text(encoding="utf-8")
# One page cannot be of two markups: the history's headings become Markdown.
for underline, heading in ((r"={3,}", "##"), (r"\+{3,}", "###")):
    history = re.sub(rf"^(.+)\n{underline}$", rf"{heading} \1", history, flags=re.MULTILINE)

setup(
    long_description=f"{readme}\n{history}",
    long_description_content_type="text/markdown",
)
