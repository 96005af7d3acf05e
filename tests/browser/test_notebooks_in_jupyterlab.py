"""Every notebook in JupyterLab: it runs, and its pictures have words."""

import nbformat
import pytest

from submission.files import all_notebooks

RUN = """async () => {
  const { commands, shell } = jupyterapp;
  const { context, sessionContext } = shell.currentWidget;
  await Promise.all([context.ready, sessionContext.ready]);
  await sessionContext.session.kernel.info;
  return commands.execute("notebook:run-all-cells");
}"""
ERRORS = "error", "stderr"


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_its_pictures_with_words(path, visited):
    page = visited(path.name)
    cells = nbformat.read(path, as_version=4).cells
    page.evaluate(RUN)
    outputs = page.locator(".jp-Notebook .jp-OutputArea-output")
    for kind in ERRORS:
        mime_type = f"application/vnd.jupyter.{kind}"
        assert not page.locator(f'[data-mime-type="{mime_type}"]').count()
    assert outputs.count() >= sum(c.cell_type == "code" for c in cells) / 3
    figures = page.locator(".jp-Notebook img")
    words = [figure.get_attribute("alt") for figure in figures.all()]
    assert len(words) == sum(
        "<img" in output.get("data", {}).get("text/html", "")
        for cell in cells
        for output in cell.get("outputs", [])
        if "interactive" not in cell.metadata.get("tags", [])
    )
    assert all(len(text or "") > 40 for text in words)
    panels = [c for c in cells if c.source.endswith("_panel()")]
    assert page.locator("section.panel").count() == len(panels) > 0
