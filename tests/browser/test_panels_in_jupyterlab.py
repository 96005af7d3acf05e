"""Panels in JupyterLab, moved with the pointer and with the keyboard."""

import io
import math
import os
import re
import signal
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from helpers.panel import PICTURES
from submission.files import NOTEBOOKS

EXPLORE = NOTEBOOKS / "00_explore.ipynb"
EVERY = Path(__file__).with_name("every_control.py").read_text("utf-8")
EVERY += "\nevery_control()"
WATCH = """(section) => {
  window.redraws = [];
  new MutationObserver(() => redraws.push(performance.now())).observe(
    section, { attributeFilter: ["data-redraws"] });
  addEventListener("pointerup",
    () => { window.released = performance.now(); }, true);
}"""


def panel_cells():
    """The code of each panel's own cell, by the panel's name."""
    cells = nbformat.read(EXPLORE, as_version=4).cells
    sources = [c.source for c in cells if c.source.endswith("_panel()")]
    return [
        pytest.param(source, id=source.split()[-1].removesuffix("()"))
        for source in sources
    ]


def says(page, text):
    """Wait until the sentence has a text in it."""
    page.locator("section.panel p[aria-live]", has_text=text).wait_for()


def press(page, name, *keys, role="slider"):
    """Focus a control by its name and press keys."""
    page.get_by_role(role, name=name, exact=True).focus()
    for key in keys:
        page.keyboard.press(key)


def middle(locator):
    """Where a visible element's middle is, in the window."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def violations(page):
    """What axe-core finds in the panel."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page, context="section.panel")
    return found.response["violations"]


@pytest.fixture
def every(opened):
    return opened("every_control", EVERY)


def test_every_control_answers_the_keyboard(every):
    press(every, "k", "ArrowRight")
    says(every, "k 3;")
    press(every, "step", "ArrowUp")
    says(every, "step 1;")
    press(every, "sum", "ArrowRight", role="radio")
    says(every, "kind mean;")
    press(every, "press", "Enter", role="button")
    says(every, "presses 1;")
    press(every, "spot", "ArrowRight", "Shift+ArrowUp")
    says(every, "spot 0.51 0.60;")
    press(every, "level", "ArrowRight", "ArrowUp")
    says(every, "level 0.51;")
    press(every, "point", "ArrowRight", "Space")
    says(every, "picked [1];")
    press(every, "point", "Space")
    says(every, "picked [];")
    assert every.locator(".jp-Cell").count() == 1  # none was added


def test_every_control_answers_the_pointer(every):
    for name, text in ("press", "presses 1;"), ("step", "step 1;"):
        every.get_by_role("button", name=name, exact=True).click()
        says(every, text)
    every.get_by_role("button", name="play").click()
    says(every, "step 4;")
    every.get_by_role("button", name="reset").click()
    says(every, "step 0;")
    every.get_by_label("mean").check()
    says(every, "kind mean;")
    plane = every.get_by_role("img", name="a plane")
    x, y = middle(plane)
    every.mouse.click(x + 20, y)  # where the click takes the handle
    spot = every.get_by_role("slider", name="spot")
    assert middle(spot) == pytest.approx((x + 20, y), abs=1)


def test_a_page_that_is_opened_again_shows_where_one_was(every):
    press(every, "k", "ArrowRight")
    says(every, "k 3;")
    every.evaluate("jupyterapp.commands.execute('docmanager:save')")
    every.reload()
    every.wait_for_selector("section.panel")
    says(every, "k 3;")
    press(every, "step", "ArrowRight")
    says(every, "step 1;")
    says(every, "k 3;")


def test_a_button_sets_the_others_back(every):
    press(every, "k", "ArrowRight")
    press(every, "spot", "ArrowRight")
    says(every, "spot 0.51 0.50;")
    every.get_by_role("button", name="start again").click()
    says(every, "spot 0.50 0.50;")
    says(every, "k 2;")


def test_one_paints_with_pointer_and_keyboard_and_clears(every):
    canvas = every.get_by_role("application")
    canvas.focus()
    every.keyboard.press("Space")
    every.keyboard.press("Shift+ArrowDown")
    says(every, re.compile("ink [1-9]"))
    every.get_by_role("button", name="clear").click()
    says(every, "ink 0;")
    x, y = middle(canvas)
    every.mouse.move(x, y)
    every.mouse.down()
    every.mouse.move(x + 40, y + 40)
    every.mouse.up()
    says(every, re.compile("ink [1-9]"))


def test_one_is_told_while_python_does_not_answer(opened):
    page = opened("busy", f"import os\nprint('pid', os.getpid())\n{EVERY}")
    printed = page.get_by_text(re.compile(r"^pid \d+")).inner_text()
    kernel = int(printed.split()[1])
    page.clock.install()
    os.kill(kernel, signal.SIGSTOP)
    press(page, "k", "ArrowRight")
    page.clock.fast_forward(6000)
    says(page, "Python has not answered for five seconds.")
    os.kill(kernel, signal.SIGCONT)
    says(page, "k 3;")


def test_an_error_becomes_the_sentence_and_can_be_undone(every):
    every.get_by_label("fails").check()
    says(every, "This cannot be drawn. ValueError: as it was asked to")
    every.get_by_label("fails").uncheck()
    says(every, "fails False;")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_the_controls(opened, theme):
    assert not violations(opened("every_control", EVERY, theme))


@pytest.mark.parametrize("source", panel_cells())
def test_a_panel_works_without_the_notebook_above_it(opened, source, capsys):
    page = opened("panel", source)
    section = page.locator("section.panel")
    sentence = section.locator("p[aria-live]")
    sliders = section.get_by_role("slider")
    for number in range(sliders.count()):
        sliders.nth(number).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "document.querySelector('section.panel').dataset.redraws > 0"
    )
    assert "cannot be drawn" not in sentence.inner_text()
    assert not violations(page)
    handle = section.locator(".panel-handle").first
    if handle.count():
        with capsys.disabled():
            print("\n" + dragged(page, handle))


def dragged(page, handle):
    """Drag a handle about; asserts that its last place is drawn.

    Returns how often it was redrawn.
    """
    page.locator("section.panel").evaluate(WATCH)
    x, y = middle(handle)
    page.mouse.move(x, y)
    page.mouse.down()
    began = page.evaluate("performance.now()")
    for i in range(30):  # the browser takes one a frame
        page.mouse.move(x + 60 * math.sin(i / 8), y + 40 * math.sin(i / 5))
    page.mouse.up()
    page.wait_for_selector("section.panel:not([data-waiting])")
    redraws, released = page.evaluate("[redraws, released]")
    during = sum(time <= released for time in redraws)
    assert during > 1
    return (
        f"{30_000 / (released - began):.0f} moves and "
        f"{1000 * during / (released - began):.0f} redraws a second, "
        f"the last {redraws[-1] - released:.0f} ms after release"
    )


@pytest.mark.skipif(
    not os.environ.get("PANEL_PICTURES"),
    reason="PANEL_PICTURES=1 stores the panels' pictures anew",
)
@pytest.mark.parametrize("source", panel_cells())
def test_pictures_of_the_panels_are_stored(opened, source):
    name = source.splitlines()[-1].removesuffix("()")
    page = opened("panel", source)
    PICTURES.mkdir(exist_ok=True)
    page.add_style_tag(content=".Toastify { display: none }")
    page.set_viewport_size({"width": 1366, "height": 1300})
    png = page.locator("section.panel").screenshot()
    fast = Image.Quantize.FASTOCTREE  # keeps the hues of small areas
    picture = Image.open(io.BytesIO(png)).quantize(256, method=fast)
    picture.save(PICTURES / f"{name}.png", optimize=True)
