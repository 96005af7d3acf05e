"""JupyterLab on a copy of the notebooks, and a headless Chromium."""

import os
import shutil
import socket
import subprocess
import sys
from threading import Thread

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from submission.files import ROOT
from submission.lab import PROMPT
from submission.run import METADATA

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SETTINGS = {  # all cells of a notebook are there; nothing is saved unasked
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "docmanager-extension/plugin": '{"autosave": false}',
}
OPEN = """async (path) => {
  const notebook = await jupyterapp.commands.execute(
    "docmanager:open", { path });
  await notebook.revealed;
  jupyterapp.shell.activateById(notebook.id);
}"""
CLOSE = """async () => {
  for (const widget of [...jupyterapp.shell.widgets("main")]) {
    await widget.sessionContext?.shutdown();
    widget.dispose();
  }
}"""
START = """async (theme) => {
  const { commands, shell } = jupyterapp;
  await commands.execute("apputils:change-theme", { theme });
  const { context, sessionContext } = shell.currentWidget;
  await Promise.all([context.ready, sessionContext.ready]);
  await sessionContext.session.kernel.info;
  commands.execute("notebook:run-all-cells");
}"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The folder of the notebooks and the address of JupyterLab on them."""
    folder = tmp_path_factory.mktemp("lab")
    for name in "notebooks", "helpers":
        shutil.copytree(ROOT / name, folder / name)
    shutil.copytree(ROOT / "data", folder / "data")  # MNIST may be in it
    settings = folder / "config/lab/user-settings/@jupyterlab"
    for name, text in SETTINGS.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", "--expose-app-in-browser"]
    command += ["--LabApp.news_url=None"]
    command += [f"--ServerApp.kernel_websocket_connection_class={PROMPT}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]
    places = {
        f"JUPYTER_{kind}_DIR": str(folder / kind.lower())
        for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | places | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        log = []
        for line in server.stderr:
            log.append(line)
            if f"127.0.0.1:{port}/lab" in line:
                break
        else:
            pytest.fail("JupyterLab did not start:\n" + "".join(log))
        # A full pipe would stop it, so somebody has to read on.
        reader = Thread(target=log.extend, args=[server.stderr])
        reader.start()
        yield folder, f"http://127.0.0.1:{port}"
        server.terminate()
        reader.join()


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium; where there is none the tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("No Chromium is installed, so no panel was moved.")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        # All pages share a cache: JupyterLab is loaded once.
        yield browser.new_context(viewport={"width": 1366, "height": 900})
        browser.close()


@pytest.fixture(scope="session")
def window(lab, chromium):
    """A page with JupyterLab, and the errors in the browser's console."""
    page = chromium.new_page()
    errors = []
    page.on(
        "console",
        lambda m: errors.append(m.text) if m.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab[1]}/lab?reset")
    page.wait_for_selector(".jp-Launcher", timeout=60_000)
    return page, errors


@pytest.fixture
def visited(window):
    """Open a notebook by its name; gives the page.

    A test fails if the browser's console has an error in it.
    """
    page, errors = window
    errors.clear()

    def visit(name):
        page.evaluate(OPEN, f"notebooks/{name}")
        return page

    yield visit
    page.evaluate(CLOSE)
    assert not errors


@pytest.fixture
def opened(lab, visited):
    """Open a notebook of one cell with a panel and run it; gives the page."""
    folder, _ = lab

    def open_cell(name, source, theme="JupyterLab Light"):
        path = folder / "notebooks" / f"{name}.ipynb"
        cell = new_code_cell('import sys\nsys.path[:0] = [".."]\n' + source)
        nbformat.write(new_notebook(cells=[cell], metadata=METADATA), path)
        page = visited(path.name)
        page.evaluate(START, theme)
        page.wait_for_selector("section.panel", timeout=60_000)
        return page

    return open_cell
