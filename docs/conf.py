"""The documentation site: Sphinx with furo, built offline by `make docs`. Warnings are errors there."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docs import house_map  # noqa: E402
from docs.generated import pages  # noqa: E402

project = "ninelives"
author = "The ninelives authors"
copyright = "the ninelives authors, MIT"
release = version = installed("ninelives")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "ninelives"
html_theme_options = {
    "source_repository": "https://github.com/ninelives-dev/ninelives/",
    "source_directory": "docs/",
}
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "undoc-members": False}
default_role = "code"
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
suppress_warnings = ["misc.highlighting_failure"]  # transcripts and pieces of JSON are shown as they are


def _write_reference(app: Sphinx) -> None:
    folder = HERE / "pages"
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:  # an unchanged page is not read again
            path.write_text(text, "utf-8")


ON_THE_SITE = {
    "README.md": "start.md",
    "CHANGELOG.md": "changelog.md",
    "docs/options_page.py": "options.md",
    "harness/ninelives/lab/promises/__init__.py": "promises.md",
    "harness/ninelives/plugin.py": "pytest.md",
    "harness/ninelives/schemas.py": "formats.md",
}
"""Files of the repository, and the generated pages that replace them on the site. Links name the files:
GitHub has no generated pages.
"""


def _link_to_pages(app: Sphinx, page: str, source: list[str]) -> None:
    folder = (HERE / page).parent

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / match[1]))
        made = ON_THE_SITE.get(target.relative_to(HERE.parent).as_posix(), "")
        return f"]({os.path.relpath(HERE / 'pages' / made, folder)})" if made else match[0]

    source[0] = re.sub(r"\]\((\.\.?/[^)#]+)\)", link, source[0])


def _draw_the_map(app: Sphinx, failure: Exception | None) -> None:
    """Put the map of today in the place of the committed one, wherever the site has it."""
    for path in Path(app.outdir).rglob(house_map.PICTURE.name) if failure is None else ():
        path.write_text(house_map.draw(), "utf-8")


def _write_schemas(app: Sphinx, failure: Exception | None) -> None:
    from ninelives.schemas import SCHEMAS

    if failure is None and app.builder.format == "html":
        folder = Path(app.outdir) / "schemas"
        folder.mkdir(exist_ok=True)
        for name, make in SCHEMAS.items():
            (folder / f"{name}.json").write_text(json.dumps(make(), indent=2) + "\n", "utf-8")


_SECTIONS = ("Args:", "Raises:", "Returns:", "Yields:", "Attributes:", "Example:", "Note:")


def _as_rest(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Turn our docstrings, with code in single backticks or indented, into reStructuredText."""
    before = ""
    given, lines[:] = list(lines), []
    for line in given:
        code = line.startswith("    ") and before and not lines[-1] and not before.startswith((" ", "-"))
        if code and before not in _SECTIONS and not before.endswith("::"):
            lines += [".. code-block:: python", ""]
        lines.append(re.sub(r"(?<![`:])`([^`]+)`(?!`)", r"``\1``", line))
        before = line or before


def setup(app: Sphinx) -> None:
    """Generate the reference before the build and the schemas after it."""
    app.connect("autodoc-process-docstring", _as_rest, priority=400)  # before napoleon
    app.connect("builder-inited", _write_reference)
    app.connect("source-read", _link_to_pages)
    app.connect("build-finished", _draw_the_map)
    app.connect("build-finished", _write_schemas)
