"""The playground in a real browser: each tab used as a person would use it."""

import os
import re
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from PIL import Image
from playwright import sync_api as playwright
from support import CHROMIUM, ROOT, needs_chromium
from support.commands import command, started
from support.playground import wait_until

from inkgrad import load
from inkgrad.check import Verdict
from inkgrad.data import mnist
from inkgrad.layout import Layout
from inkgrad.reader import Character, Reading, Skipped
from inkgrad.reader.corrections import corrected_digits, read_corrections
from inkgrad.web.limits import LIMITS
from inkgrad.web.playground_settings import KNOBS, KNOBS_OF_POINTS
from inkgrad.web.wire import as_read

pytestmark = needs_chromium

WAIT = 20_000  # milliseconds; a busy machine takes long
PAGE = ROOT / "examples" / "page.jpg"
TABS = ("draw", "train", "two", "check", "read", "inside", "models")


@pytest.fixture(scope="module")
def address():
    words = command("serve", "--port", 0, "--no-browser", "--visitors", 1000)  # all tests come within a minute
    process = started(words, stderr=None)
    yield process.stdout.readline().split()[4]
    process.terminate()
    process.wait(20)
    process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address, request):
    """A page whose console stays clean, and that asks nobody else; its last look is kept as an artefact."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT)
    page, complaints, strangers = context.new_page(), [], []
    page.on("console", lambda message: complaints.append(message.text) if _is_bad(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if _is_own(asked.url, address) else strangers.append(asked.url))
    show(page, "draw", address)
    yield page
    folder = os.environ.get("INKGRAD_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{request.node.name}.png", full_page=True)
    context.close()
    assert complaints == []
    assert strangers == []


def show(page, tab, address=None):
    """Go to a tab, and wait until it can be used."""
    page.goto(f"{address or page.url.split('#')[0]}#{tab}")
    page.locator(f"#tab-{tab.split('?')[0]}:visible:not([aria-busy])").wait_for()


def _is_bad(message):
    """Whether the console holds an error; that an answer was 400 the browser says by itself."""
    return message.type == "error" and "status of 400" not in message.text


def _is_own(url, address):
    return url.startswith((address, address.replace("http", "ws"), "blob:", "data:"))


def draw(page, strokes):
    """Draw with the mouse: each stroke is points (x, y) from 0 to 1 of the pad."""
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        for k, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
            if k == 0:
                page.mouse.down()
        page.mouse.up()


SEVEN = [[(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]]
OFF_CENTRE = [[(0.05, 0.08), (0.27, 0.08), (0.13, 0.42)]]
TINY = [[(0.45, 0.45), (0.55, 0.45), (0.48, 0.62)]]  # half as wide again as the pen
DOT = [[(0.5, 0.5)]]
LETTER_A = [[(0.25, 0.85), (0.5, 0.15), (0.75, 0.85)], [(0.35, 0.6), (0.65, 0.6)]]
FOUR_SEVEN = [
    [(0.2, 0.3), (0.1, 0.55), (0.38, 0.55)],
    [(0.3, 0.4), (0.3, 0.75)],
    [(0.55, 0.3), (0.9, 0.3), (0.7, 0.75)],
]


TUTORIAL = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md"))


@pytest.mark.parametrize("chapter", TUTORIAL, ids=lambda path: path.stem)
def test_a_chapter_of_the_tutorial_opens_the_playground_in_its_state(page, chapter):
    ((tab, asked),) = re.findall(r"\(http://127\.0\.0\.1:8000/#(\w+)\??([^)]*)\)", chapter.read_text())
    show(page, f"{tab}?{asked}")
    if tab in ("two", "train"):  # once the server has taken them, the tab writes all settings into the address
        page.wait_for_url("**&seed=*")
    wanted, shown = parse_qs(asked), parse_qs(page.url.partition("?")[2])
    assert {name: shown[name] for name in wanted} == wanted
    assert page.locator(".notice:visible").count() == 0


def expect(locator):
    playwright.expect.set_options(timeout=WAIT)
    return playwright.expect(locator)


# Draw.


@pytest.mark.parametrize("strokes", [SEVEN, OFF_CENTRE, TINY], ids=["large", "small and in a corner", "tiny"])
def test_a_digit_drawn_with_the_mouse_is_read(page, strokes):
    draw(page, strokes)
    expect(page.locator("#draw-best")).to_have_text("7")
    expect(page.locator("#draw-bars li")).to_have_count(11)  # ten digits, and none of them
    assert page.locator("#draw-layers canvas").count() >= 5
    expect(page.locator("#draw-first-title")).to_contain_text("ernels")


def test_undo_and_clear_take_strokes_back(page):
    draw(page, SEVEN)
    expect(page.locator("#draw-best")).to_have_text("7")
    page.click("#pad-undo")
    expect(page.locator("#draw-sure")).to_have_text("Nothing drawn yet")
    draw(page, SEVEN)
    page.click("#pad-clear")
    expect(page.locator("#pad-clear")).to_be_disabled()


def test_it_learns_from_my_digit_and_forgets_again(page):
    draw(page, SEVEN)
    expect(page.locator("#draw-best")).to_have_text("7")
    page.locator("#draw-keys button").nth(3).click()
    expect(page.locator("#draw-best")).to_have_text("3")
    expect(page.locator("#draw-bars li").nth(7).locator("u")).to_be_visible()  # where its bar was
    page.click("#draw-unlearn")
    expect(page.locator("#draw-best")).to_have_text("7")
    expect(page.locator("#draw-before")).to_be_hidden()


@pytest.mark.parametrize("strokes", [DOT, LETTER_A], ids=["a dot", "the letter A"])
def test_what_is_no_digit_is_read_as_none(page, strokes):
    draw(page, strokes)
    expect(page.locator("#draw-best")).to_have_text("?")
    expect(page.locator("#draw-sure")).to_contain_text("No digit")


def test_two_digits_are_read_as_two_and_each_can_be_looked_into(page):
    draw(page, FOUR_SEVEN)
    expect(page.locator("#draw-best")).to_have_text("47")
    expect(page.locator("#draw-bars .best b")).to_have_text("7")
    page.get_by_role("button", name="Digit 1, 4").click()
    expect(page.locator("#draw-bars .best b")).to_have_text("4")


def test_a_digit_is_written_and_read_before_anything_is_touched(page):
    expect(page.locator("#draw-invite")).to_be_visible()
    expect(page.locator("#draw-best")).to_have_text("2")
    expect(page.locator("#draw-digit-said")).to_have_text("Test digit 35: somebody wrote a 2.")
    expect(page.locator("#pad-undo")).to_be_disabled()  # it is no drawing of the visitor's


def test_a_stroke_ends_the_demonstration_and_has_the_paper_for_itself(page):
    expect(page.locator("#draw-best")).to_have_text("2")
    draw(page, SEVEN)
    expect(page.locator("#draw-best")).to_have_text("7")
    expect(page.locator("#draw-invite")).to_be_hidden()


def test_who_wants_no_motion_sees_one_digit_that_is_written_already(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    page, asked = context.new_page(), []
    page.on("request", lambda each: asked.append(each.url) if "/api/think" in each.url else None)
    show(page, "draw", address)
    expect(page.locator("#draw-best")).to_have_text("2")
    assert len(asked) == 1
    context.close()


def test_a_digit_is_drawn_with_the_keyboard_alone(page):
    page.locator("#pad").focus()
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(24):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#draw-best")).to_have_text("1")


# Train.


def test_digits_are_learned_and_a_misread_one_lands_on_the_paper(page):
    show(page, "train")
    page.click("#train-controls button:has-text('One epoch')")
    expect(number(page, "train", "Epoch")).to_have_text("1.00")
    expect(page.locator("#train-curves .plotly").first).to_be_visible()
    page.click("#train-confusion button:has-text('Test it')")
    page.locator("#train-confusion td button:enabled").filter(has_text=re.compile(r"^\d\d$")).first.click()
    page.locator("#train-confusion .strip button").first.click()
    expect(page.locator("#draw-sure")).not_to_have_text("Nothing drawn yet")


def test_knobs_work_while_it_trains(page):
    show(page, "train")
    page.click("#train-controls button:has-text('Start')")
    expect(page.locator("#train-controls .start")).to_have_text("Pause")
    before = page.locator("#train-network").text_content()
    page.locator("#train-details summary").click()
    page.select_option("#train-settings select:has(option[value=Adam])", "Adam")
    page.click("#train-settings button:has-text('dense')")
    expect(page.locator("#train-network")).not_to_have_text(before)
    expect(page.locator("#train-controls .start")).to_have_text("Pause")
    page.click("#train-controls button:has-text('Reset')")
    expect(number(page, "train", "Step")).to_have_text("0")


def test_sliders_and_fields_go_as_far_as_the_server_says(page):
    show(page, "inside")
    expect(page.locator("#inside-hidden")).to_have_attribute("max", str(LIMITS.n_units_inside))
    for tab, which, knobs in ("train", "digits", KNOBS), ("two", "points", KNOBS_OF_POINTS):
        show(page, tab)
        for name in "momentum", "batch_size", "l1":
            slider = page.locator(f"#{which}-set-{name}-slider")
            assert float(slider.get_attribute("max")) == knobs[name].last
            assert float(slider.get_attribute("step")) == knobs[name].step


def test_a_silly_network_is_refused_and_the_old_one_stays(page):
    show(page, "train")
    expect(page.locator("#train-network")).not_to_be_empty()
    sizes = page.locator("#train-settings .stack input")
    add = page.locator("#train-settings button:has-text('dense')")
    for _ in range(8):  # there are at most six
        if add.is_enabled():
            add.click(force=True)
        page.wait_for_timeout(300)  # for the server's answer, which draws the form anew
    for k in range(sizes.count()):
        sizes.nth(k).fill("1024")
        sizes.nth(k).blur()
    expect(page.locator("#notice-text")).to_contain_text("parameters, more than 2,000,000")


# Two inputs.


def train_until(page, right):
    page.click("#two-controls .start")
    expect(number(page, "two", "Training")).to_have_text(right, timeout=WAIT)
    page.click("#two-controls .start")
    expect(page.locator("#two-controls .start")).to_have_text("Start")


def number(page, tab, name):
    """The number beside a name, below the buttons of a tab."""
    return page.locator(f"#{tab}-controls dl div", has=page.locator(f"dt:text-is('{name}')")).locator("dd")


def test_xor_is_learned_to_100_percent(page):
    show(page, "two?data=xor")
    expect(page.locator("#two-net .unit")).to_have_count(7 + 8 + 2)
    train_until(page, re.compile(r"100(\.0)? ?%"))
    expect(page.locator("#two-curves .plotly").first).to_be_visible()


def test_a_reload_and_a_link_show_the_same(page, browser, address):
    show(page, "two?data=circles&seed=4")
    for _ in range(3):
        page.click("#two-controls button:has-text('One epoch')")
    expect(number(page, "two", "Epoch")).to_have_text("3.00")
    cost = number(page, "two", "Cost").text_content()
    page.wait_for_url(re.compile("epoch=3"))
    link = page.url
    page.reload()
    expect(number(page, "two", "Cost")).to_have_text(cost)
    other = browser.new_page()  # of another visitor
    other.goto(link)
    expect(number(other, "two", "Epoch")).to_have_text("3.00", timeout=WAIT)
    expect(number(other, "two", "Cost")).to_have_text(cost)
    other.close()


def unit(page, name):
    """The thumbnail of an input, a hidden unit or an output in the picture of the network."""
    return page.locator(f"#two-net .unit:is([aria-label='{name}'], [aria-label^='{name}:'])")


def test_the_network_is_a_picture_whose_lines_say_their_weights(page):
    show(page, "two?data=xor&layers=1-Tanh&seed=4")
    expect(page.locator("#two-net path")).to_have_count(2 + 2)
    left, right = unit(page, "Input x₁").bounding_box(), unit(page, "Unit 1 of hidden layer 1").bounding_box()
    x = (left["x"] + left["width"] + right["x"]) / 2
    y = (left["y"] + right["y"] + left["height"]) / 2
    page.mouse.move(x, y)
    expect(page.locator("#two-net .net-tip")).to_have_text(re.compile(r"^x₁ → h₁ +−?\d[\d.]*$"))
    weight = page.locator("#two-net .net-tip").text_content().split()[-1]
    expect(page.locator("#two-net path.lit")).to_have_class(f"{'below' if '−' in weight else 'above'} lit")
    unit(page, "Unit 1 of hidden layer 1").focus()
    expect(page.locator("#two-net .net-said")).to_contain_text(f"{weight.strip('−')} · x₁")


def test_the_keyboard_goes_through_the_picture_and_shows_a_unit_large(page):
    show(page, "two?data=xor")
    unit(page, "Input x₁").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(unit(page, "Unit 2 of hidden layer 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#two-shown")).to_have_text("Unit 2 of hidden layer 1, alone")
    page.keyboard.press("Enter")
    expect(page.locator("#two-shown")).to_have_text("What the network says")


def test_a_weight_is_set_by_hand_and_a_unit_is_taken_out(page):
    show(page, "two?data=xor&layers=2-Tanh")
    unit(page, "Unit 2 of hidden layer 1").click()
    field = page.get_by_label("Weight of x₂")
    before = field.input_value()
    field.fill("-4.5")
    field.press("Enter")
    expect(page.locator("#two-undo")).to_be_visible()
    unit(page, "Unit 2 of hidden layer 1").focus()
    expect(page.locator("#two-net .net-said")).to_contain_text("− 4.5 · x₂")
    page.click(".net-panel button:has-text('Take it out')")
    expect(unit(page, "Unit 2 of hidden layer 1")).to_have_class(re.compile("idle"))
    page.click("#two-undo")
    expect(unit(page, "Unit 2 of hidden layer 1")).not_to_have_class(re.compile("idle"))
    page.click("#two-undo")
    expect(field).to_have_value(before)
    expect(page.locator("#two-undo")).to_be_hidden()


@pytest.fixture
def phone(browser, address):
    """A page on a small window that is touched; its console stays clean, of warnings too."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(WAIT)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    show(page, "draw", address)
    yield page
    context.close()
    assert complaints == []


def test_on_a_phone_the_digits_to_press_stay_where_they_are_when_it_learns(phone):
    draw(phone, SEVEN)
    expect(phone.locator("#draw-best")).to_have_text("7")
    key = phone.locator("#draw-keys button").nth(3)
    key.scroll_into_view_if_needed()
    place = "key => key.getBoundingClientRect().top + scrollY"
    before = key.evaluate(place)
    key.tap()
    expect(phone.locator("#draw-before")).to_be_visible()
    assert key.evaluate(place) == before


def test_a_weight_is_set_and_a_unit_taken_out_by_touch_on_a_phone(phone):
    show(phone, "two?data=xor&layers=2-Tanh&seed=4")
    unit(phone, "Unit 1 of hidden layer 1").scroll_into_view_if_needed()
    left, right = (unit(phone, name).bounding_box() for name in ("Input x₁", "Unit 1 of hidden layer 1"))
    x = (left["x"] + left["width"] + right["x"]) / 2
    y = (left["y"] + right["y"] + left["height"]) / 2
    phone.touchscreen.tap(x, y - 14)  # a finger is wide, and no other line is near
    panel, field = phone.locator("#two-net .net-panel"), phone.get_by_label("Weight of x₁")
    expect(field).to_be_focused()
    field.fill("-4.5")
    field.press("Enter")
    expect(phone.locator("#two-undo")).to_be_visible()
    unit(phone, "Unit 2 of hidden layer 1").tap()
    panel.get_by_role("button", name="Take it out").tap()
    expect(unit(phone, "Unit 2 of hidden layer 1")).to_have_class(re.compile("idle"))
    phone.locator("#two-undo").tap()
    expect(unit(phone, "Unit 2 of hidden layer 1")).not_to_have_class(re.compile("idle"))
    unit(phone, "Unit 1 of hidden layer 1").tap()
    expect(field).to_have_value("-4.5")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    unit(phone, "Input x₁²").tap()
    expect(phone.locator("#two-net path")).to_have_count(3 * 2 + 2 * 2)


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=str)
def test_undo_moves_nothing_when_it_comes_and_goes(page, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    show(page, "two?data=xor&layers=2-Tanh")
    page.wait_for_url("**&seed=*")
    unit(page, "Unit 2 of hidden layer 1").click()
    places = []
    for press, undo in (
        (None, "hidden"),
        (".net-panel button:has-text('Take it out')", "visible"),
        ("#two-undo", "hidden"),
    ):
        if press:
            page.click(press)
        page.locator("#two-undo").wait_for(state=undo)
        places.append(page.locator("#two-net").bounding_box()["y"] + page.evaluate("scrollY"))
    assert places == [places[0]] * 3


def test_a_step_is_seen_in_slow_motion_forward_and_back(page):
    show(page, "two?data=xor&layers=2-Tanh&epoch=3")
    expect(number(page, "two", "Step")).to_have_text("3")
    page.click("#two-slowly")
    told, following = page.locator("#two-slow .hint"), page.locator("#two-slow button.main")
    for title, words in (
        ("An example comes in", "Example 1 of 4"),
        ("Forward, to hidden layer 1", "Tanh makes"),
        ("Forward, to the output", "softmax makes"),
        ("The cost", "CrossEntropy gives C ="),
        ("Back, from the cost to the output", "dC/dz ="),
        ("Back, to hidden layer 1", "slope of Tanh"),
        ("The step", "say the same on every line"),
    ):
        expect(page.locator("#two-slow h4")).to_contain_text(title)
        expect(told).to_contain_text(words)
        if title.startswith("Back, to"):
            expect(page.locator("#two-net path.moving.back")).to_have_count(4)
            unit(page, "Unit 1 of hidden layer 1").focus()
            expect(page.locator("#two-net .net-said")).to_contain_text("dC/da = Σ w · dC/dz =")
        following.click()
    expect(page.locator("#two-slow")).to_be_hidden()
    expect(number(page, "two", "Step")).to_have_text("4")


def test_slow_motion_shows_where_a_broken_backward_parts_from_the_differences(page):
    show(page, "two?data=circles&layers=2-Tanh&broken=softmax-diagonal")
    page.wait_for_url("**&seed=*broken=softmax-diagonal*")
    page.click("#two-slowly")
    for _ in range(4):
        page.click("#two-slow button.main")
    expect(page.locator("#two-slow .hint")).to_contain_text("On 4 of these lines the differences say something else")
    expect(page.locator("#two-net path.wrong")).to_have_count(4)
    page.click("#two-slow button:has-text('Close')")
    expect(page.locator("#two-net path.wrong")).to_have_count(0)


def test_a_hidden_layer_may_be_linear_and_says_its_sums_as_they_are(page):
    show(page, "two?data=circles&layers=3-Tanh&batch_size=100")
    page.select_option("#points-set-activation-0", "Linear")
    page.wait_for_url("**layers=3-Linear*")
    unit(page, "Unit 1 of hidden layer 1").focus()
    expect(page.locator("#two-net .net-said")).to_have_text(
        re.compile(r"^Unit 1 of hidden layer 1 = −?[\d.]+ [+−] [\d.]+ · x₁ [+−] [\d.]+ · x₂$")
    )
    page.click("#two-slowly")
    page.click("#two-slow button.main")
    expect(page.locator("#two-slow .hint")).to_contain_text("which is what it gives.")
    show(page, "two?data=circles&layers=3-Linear&batch_size=100&epoch=220")
    expect(page.locator("#two-hint")).to_contain_text("Linear layers, however many and large, draw a straight line")


def test_a_network_that_gets_no_further_is_told_what_it_lacks(page):
    show(page, "two?data=circles&layers=_&batch_size=100&epoch=220")
    expect(page.locator("#two-hint")).to_contain_text("Without a hidden layer it draws a straight line")


def test_inputs_and_units_are_chosen_in_the_picture(page, browser):
    show(page, "two?data=circles&layers=_&lr=1")
    expect(page.locator("#two-net path")).to_have_count(2 * 2)
    for name, n_lines in ("Input x₁²", 6), ("Input x₂²", 8):
        unit(page, name).click()
        expect(page.locator("#two-net path")).to_have_count(n_lines)
    train_until(page, re.compile(r"^100 %"))
    assert "features=x1_x2_x1x1_x2x2" in page.url
    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator("#two-net path")).to_have_count(8)
    other.close()
    show(page, "two?data=circles&layers=3-ReLU")
    page.get_by_role("button", name="One unit more in hidden layer 1").click()
    expect(unit(page, "Unit 4 of hidden layer 1")).to_be_visible()


def test_points_are_painted_with_the_mouse(page):
    show(page, "two?data=xor")
    page.wait_for_url("**&seed=*")
    page.click("#two-mine")
    expect(page.locator("#two-own")).to_be_visible()
    before = page.url
    box = page.locator("#two-plane").bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    page.wait_for_function("before => location.href !== before", arg=before)
    assert "own" in page.url


def test_the_curve_between_the_classes_is_typed(page):
    show(page, "two")
    page.select_option("#points-set-data", "curve")
    field = page.get_by_label("Curve", exact=True)
    expect(field).to_have_value("y = sin 3x")
    expect(page.locator("#two-key")).to_contain_text("above")
    field.fill("y = foo x")
    field.press("Enter")
    expect(page.locator("#notice-text")).to_contain_text("'foo' is unknown")
    expect(field).to_have_value("y = foo x")  # to be mended
    field.fill("y = 1/2 + x/4")
    field.press("Enter")
    page.wait_for_url(re.compile("curve=y.*1%2F2"))
    page.reload()
    expect(field).to_have_value("y = 1/2 + x/4")


def evenness_of(page, canvas):
    """The share of the two commonest colours of a canvas."""
    return page.evaluate(
        """canvas => {
          const copy = document.createElement("canvas");
          [copy.width, copy.height] = [canvas.width, canvas.height];
          const brush = copy.getContext("2d", { willReadFrequently: true });
          brush.drawImage(canvas, 0, 0);
          const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Map();
          for (let k = 0; k < data.length; k += 4) {
            const colour = `${data[k]} ${data[k + 1]} ${data[k + 2]}`;
            seen.set(colour, (seen.get(colour) ?? 0) + 1);
          }
          const [first, second] = [...seen.values()].sort((one, other) => other - one);
          return 4 * (first + second) / data.length;
        }""",
        page.locator(canvas).element_handle(),
    )


def test_the_decision_is_shown_alone_without_how_sure_it_is(page):
    show(page, "two?data=circles")
    page.wait_for_url("**&seed=*")
    page.get_by_role("button", name="One epoch").click()
    expect(page.locator("#two-controls")).to_contain_text("1.00")
    page.get_by_label("Show the decision alone").check()
    page.wait_for_timeout(500)  # until it is drawn
    alone = evenness_of(page, "#two-plane")
    page.get_by_label("Show the decision alone").uncheck()
    page.wait_for_timeout(500)
    assert alone > 0.6 > 2 * evenness_of(page, "#two-plane")


def test_a_surface_is_learned_and_its_error_is_said(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    show(page, "two?data=circles&cost=SoftmaxCrossEntropy&optimizer=Adam&lr=0.01")
    page.wait_for_url("**&seed=*")
    page.get_by_label("Points", exact=True).select_option("A plane")
    expect(page.locator("#two-key")).to_have_text("−101")
    expect(unit(page, "Output")).to_be_visible()
    expect(page.locator("#two-net .net-head").last).to_have_text("Output1 number")
    expect(page.locator("#points-set-classes")).to_be_hidden()
    expect(page.locator("#points-set-cost")).to_be_hidden()
    expect(page.locator("#two-settings")).to_contain_text("C = ½ (y − t)²")
    expect(page.locator("#two-mine")).to_be_hidden()
    page.click("#two-controls .start")
    expect(number(page, "two", "Training MSE")).to_have_text(re.compile(r"^(0\.00\d+|\d\.\d·10⁻.+)$"), timeout=WAIT)
    page.click("#two-controls .start")
    expect(number(page, "two", "Test MSE")).to_have_text(re.compile(r"^(0\.0\d+|\d\.\d·10⁻.+)$"))
    expect(page.get_by_role("heading", name="Mean squared error")).to_be_visible()
    expect(page.get_by_role("heading", name="Accuracy")).to_be_hidden()
    unit(page, "Output").focus()
    expect(page.locator("#two-net .net-said")).to_have_text(re.compile(r"^Output = −?[\d.]+ [+−] [\d.]+ · h₁"))
    colours = [colour_at(page, x, y) for x, y in ((0.07, 0.93), (0.93, 0.07))]  # of -1 and of 1
    assert [blue > red for red, _, blue in colours] == [True, False]
    with page.expect_download() as download:
        page.click("#two-csv")
    head = Path(download.value.path()).read_text().splitlines()[0]
    assert head == "step,epoch,cost,training_mean_squared_error,test_mean_squared_error"
    page.wait_for_url("**data=plane*epoch=*")
    error = number(page, "two", "Test MSE").text_content()
    page.reload()
    expect(number(page, "two", "Test MSE")).to_have_text(error)
    page.get_by_label("Points", exact=True).select_option("Circles")
    expect(page.locator("#points-set-cost")).to_have_value("SoftmaxCrossEntropy")  # as it was
    expect(page.get_by_role("heading", name="Accuracy")).to_be_visible()


def colour_at(page, x, y):
    """The colour of the plane at a place of its canvas, from 0 to 1."""
    return page.evaluate(
        """([x, y]) => {
          const canvas = document.getElementById("two-plane");
          return [...canvas.getContext("2d").getImageData(x * canvas.width, y * canvas.height, 1, 1).data.slice(0, 3)];
        }""",
        [x, y],
    )


def test_a_step_of_regression_is_seen_in_slow_motion(page):
    show(page, "two?data=gaussians&layers=2-Tanh&epoch=3")
    expect(number(page, "two", "Epoch")).to_have_text("3.00")
    page.click("#two-slowly")
    told = page.locator("#two-slow .hint")
    expect(told).to_contain_text(re.compile(r"Example 1 of 160, whose target is −?[\d.]+, is marked on the plane"))
    for words in (
        "Unit 1 of hidden layer 1: z =",
        re.compile(r"Output: z = .*, which is what it gives\."),
        re.compile(
            r"The target is t = −?[\d.]+, and the network gives y = −?[\d.]+\. SquaredError gives C = ½ \(y − t\)² ="
        ),
        re.compile(r"Output: dC/dz = y − t = −?[\d.]+ − \(?−?[\d.]+\)? = −?[\d.]+, from the cost"),
        "slope of Tanh",
        "say the same on every line",
    ):
        page.click("#two-slow button.main")
        expect(told).to_contain_text(words)
    page.click("#two-slow button.main")
    expect(number(page, "two", "Step")).to_have_text("49")


def test_a_surface_is_learned_by_touch_on_a_phone(phone):
    show(phone, "two")
    phone.locator("#two-settings summary", has_text="Data").tap()
    phone.get_by_label("Points", exact=True).select_option("Hills and hollows")
    expect(phone.locator("#two-key")).to_have_text("−101")
    phone.get_by_role("button", name="One epoch").tap()
    expect(number(phone, "two", "Epoch")).to_have_text("1.00")
    expect(number(phone, "two", "Test MSE")).to_have_text(re.compile(r"^0\.\d+$"))
    before = evenness_of(phone, "#two-plane")
    phone.get_by_label("Show above and below zero alone").tap()
    wait_until(lambda: evenness_of(phone, "#two-plane") > 0.5)
    assert before < 0.3
    unit(phone, "Output").scroll_into_view_if_needed()
    unit(phone, "Output").tap()
    expect(phone.locator("#two-shown")).to_have_text("Output, alone")
    expect(phone.get_by_role("button", name="Take it out")).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_after_regression_own_points_have_classes_again(page):
    show(page, "two?data=plane")
    expect(page.locator("#two-key")).to_have_text("−101")
    expect(page.locator("#points-set-classes")).to_be_hidden()
    page.get_by_label("Points", exact=True).select_option("Your own points")
    expect(page.locator("#two-key")).to_have_text("blueorange")
    expect(page.locator("#two-mine")).to_be_hidden()  # the training is still of numbers
    for name in "classes", "cost":
        expect(page.locator(f"#points-set-{name}")).to_be_visible()
    expect(page.locator("#two-settings")).to_contain_text("Classes")
    expect(page.get_by_text("half the squared error")).to_be_hidden()
    box = page.locator("#two-plane").bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect(page.locator("#two-controls dt").nth(3)).to_have_text("Training")
    expect(page.locator("#two-net .unit")).to_have_count(7 + 8 + 2)
    expect(page.locator("#two-mine")).to_be_visible()


def test_a_point_painted_before_the_server_answers_has_its_class(page):
    show(page, "two")
    page.click("#two-mine")
    page.locator("#two-own label", has_text="green").click()
    page.wait_for_url("**data=own*points=*")
    page.get_by_label("Points", exact=True).select_option("A plane")
    expect(page.locator("#two-key")).to_have_text("−101")
    colour = page.get_by_label("Points", exact=True).evaluate(
        """async (select) => {
          const canvas = document.getElementById("two-plane");
          const box = canvas.getBoundingClientRect();
          const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
          canvas.setPointerCapture = () => {}; // there is no real pointer
          const classes = { attributeFilter: ["class"] };
          const opened = new Promise((done) => new MutationObserver(done).observe(canvas, classes));
          select.value = "own";
          select.dispatchEvent(new Event("change"));
          await opened;
          canvas.dispatchEvent(new PointerEvent("pointerdown", { clientX, clientY }));
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
          return [...data.slice(0, 3)];
        }"""
    )
    assert colour == [20, 128, 84]


def test_of_own_points_some_test_and_few_have_no_test(page):
    points = [[k / 20, (k % 3) / 2, k % 2] for k in range(16)]
    show(page, "two")
    page.click("#two-mine")
    page.click("#two-own summary")
    page.fill("#own-text", "\n".join(",".join(map(str, point)) for point in points[:4]))
    page.click("button:has-text('Take these points')")
    expect(page.locator("#two-rings")).to_be_hidden()
    page.click("#two-controls button:has-text('One epoch')")
    expect(number(page, "two", "Training")).to_have_text(re.compile("%"))
    expect(number(page, "two", "Test")).to_have_text("–")
    page.fill("#own-text", "\n".join(",".join(map(str, point)) for point in points))
    page.click("button:has-text('Take these points')")
    expect(page.locator("#two-rings")).to_be_visible()
    expect(page.locator("#points-set-share")).to_have_value("0.75")
    page.click("#two-controls button:has-text('One epoch')")
    expect(number(page, "two", "Test")).to_have_text(re.compile("%"))


# Check.


def test_the_broken_softmax_is_caught_and_mended(page):
    show(page, "check")
    page.get_by_role("radio", name="softmax-diagonal").check(force=True)
    page.click("#check-lessons button:has-text('Break it')")
    expect(page.locator("#check-lessons .broken-now")).to_contain_text("softmax-diagonal")
    page.click("#check-go")
    expect(page.locator("#check-report")).to_contain_text("diagonal-jacobian", timeout=WAIT)
    page.click("#check-report summary:has-text('What diagonal-jacobian means')")
    expect(page.locator("#check-report .line-of.wrong")).to_contain_text("y * (1 - y) * dy")
    expect(page.locator("#check-report tr:has-text('Softmax') .told")).to_have_text("wrong")
    expect(page.locator("#check-report")).to_contain_text(Verdict.wrong.sentence)
    page.click("#check-lessons button:has-text('Mend it')")
    page.click("#check-go")
    expect(page.locator("#check-report")).to_contain_text("The gradient is right", timeout=WAIT)
    expect(page.locator("#check-report .told.wrong")).to_have_count(0)


def test_a_check_says_that_it_works_and_can_be_stopped(page):
    page.route("**/api/check", lambda route: route.fallback() if route.request.method == "GET" else None)  # no answer
    show(page, "check")
    expect(page.locator("#check-network")).not_to_be_empty()
    page.click("#check-go")
    expect(page.locator("#check-work")).to_contain_text("Checking 42 derivatives")
    page.route("**/api/check", lambda route: route.fulfill(json={"progress": "checking Tanh 1, part 2 of 5"}))
    expect(page.locator("#check-work")).to_contain_text("checking Tanh 1, part 2 of 5")
    page.click("#check-work button:has-text('Stop')")
    expect(page.locator("#check-work")).to_be_empty()
    expect(page.locator("#check-go")).to_be_enabled()
    expect(page.locator("#notice")).to_be_hidden()


def test_a_lesson_about_a_function_is_checked_alone(page):
    show(page, "check?lesson=rope-turned")
    expect(page.locator("#check-lessons button:has-text('Break it')")).to_be_hidden()
    page.click("#check-lessons button:has-text('Check it')")
    expect(page.locator("#check-lessons .exhibit")).to_contain_text("jacobian-not-transposed", timeout=WAIT)
    page.get_by_role("radio", name="bias-mean").check(force=True)
    expect(page.locator("#check-lessons .exhibit")).to_be_hidden()
    expect(page.locator("#check-lessons button:has-text('Break it')")).to_be_visible()


def test_the_experiment_tells_two_labels_from_three(page):
    show(page, "check")
    page.click("#check-experiment button:has-text('Run the experiment')")
    expect(page.locator("#check-experiment .exhibit")).to_have_count(2, timeout=4 * WAIT)  # it trains sixteen networks
    expect(page.locator("#check-experiment")).to_contain_text("diagonal-jacobian")
    expect(page.locator("#check-experiment .plotly")).to_have_count(2, timeout=WAIT)


# Read.


def test_a_photo_is_read_and_a_digit_of_it_set_right(page):
    show(page, "read")
    page.set_input_files("#read-file", str(PAGE))
    expect(page.locator("#read-text")).to_contain_text("79018923")
    boxes = page.locator("#read-boxes button")
    assert boxes.count() == 34
    boxes.first.click()
    expect(page.locator("#read-digit")).to_be_visible()
    page.locator("#read-keys button").nth(1).click()
    expect(page.locator("#read-text")).to_contain_text("19018923")


def test_what_was_set_right_is_saved_for_the_reader_to_learn_from(page, tmp_path):
    show(page, "read")
    page.set_input_files("#read-file", str(PAGE))
    boxes, save = page.locator("#read-boxes button"), page.locator("#read-save")
    expect(boxes).to_have_count(34)
    expect(save).to_be_disabled()
    text = "79018923456"
    for k, label in enumerate([*text, "1"]):  # the first once more: the last word counts
        boxes.nth(k % len(text)).click()
        page.locator("#read-keys").get_by_role("button", name=f"It was a {label}", exact=True).click()
        expect(save).to_have_text(f"Save corrections ({min(k + 1, len(text))})")
    page.locator("#read-unlearn").click()
    expect(save).to_have_text("Save corrections (10)")
    page.reload()
    show(page, "draw")
    draw(page, SEVEN)
    page.locator("#draw-keys").get_by_role("button", name="It was a 7").click()
    expect(page.locator("#draw-save")).to_have_text("Save corrections (11)")
    with page.expect_download() as download:
        page.locator("#draw-save").click()
    download.value.save_as(tmp_path / "corrections.zip")
    corrections = read_corrections(tmp_path / "corrections.zip")
    assert [each.text for each in corrections] == [*text[1:], "7"]
    found = corrected_digits(corrections, load("reader"), load("lines"))
    assert found.labels.tolist() == [int(each.text) for each in corrections]
    assert np.mean(load("reader").predict(found.images) == found.labels) > 0.7


def test_a_test_digit_is_not_kept_as_the_hand_of_who_corrects_it(page):
    show(page, "draw?digit=3")
    expect(page.locator("#draw-digit-said")).to_contain_text("Test digit 3")
    page.locator("#draw-keys").get_by_role("button", name="It was a 7").click()
    expect(page.locator("#draw-learned")).to_contain_text("Learned in")
    expect(page.locator("#draw-save")).to_be_disabled()


def test_marks_gaps_and_what_was_left_out_are_shown(page):
    """The answer is made by hand: which one the reader gives is another test's."""
    image = np.full((28, 28), 9, np.uint8)
    characters = tuple(
        Character(label, label, 0.97, (("7", 0.02),), (60 + 40 * k, 100, 90 + 40 * k, 150), 0, k, image, gap)
        for k, (label, gap) in enumerate(zip("-1,250.50", ["", " ", *[""] * 7], strict=True))
    )
    answer = as_read(Reading(characters, None, (591, 682), skipped=Skipped(12, 1), turned=90)) | {
        "pages": [1],
        "page": 1,
    }
    page.route("**/api/read?*", lambda route: route.fulfill(json=answer))
    show(page, "read")
    page.set_input_files("#read-file", str(PAGE))
    text, notes = page.locator("#read-text pre"), page.locator("#read-notes")
    expect(text).to_have_text("- 1,250.50")
    left_out = "It was turned by 90° to read it. Left out: 12 words and 1 blot."
    expect(notes).to_have_text(f"As a number it is -1250.50. {left_out}")
    boxes = page.locator("#read-boxes button")
    assert boxes.count() == 9
    boxes.nth(2).click()
    expect(page.locator("#read-digit-title")).to_have_text("Line 1, character 3: ,")
    page.get_by_role("button", name="It was a .", exact=True).click()
    expect(text).to_have_text("- 1.250.50")
    expect(notes).to_have_text(left_out)
    expect(page.locator("#read-learned")).to_have_text("Set right. The network of Draw learns digits alone.")


def test_of_pictures_in_quick_succession_only_the_last_is_read(page):
    aborted = []
    page.on("requestfailed", lambda asked: aborted.append(asked.failure))
    show(page, "read")
    for _ in range(5):
        page.set_input_files("#read-file", str(PAGE))
    expect(page.locator("#read-text")).to_contain_text("79018923")
    expect(page.locator("#notice")).to_be_hidden()
    assert aborted == ["net::ERR_ABORTED"] * 4


def test_a_page_of_a_file_that_a_browser_cannot_show_is_chosen_and_shown(page, tmp_path):
    first, second = Image.new("L", (300, 200), 255), Image.open(PAGE).convert("L")
    first.save(tmp_path / "scan.tif", save_all=True, append_images=[second])
    show(page, "read")
    page.set_input_files("#read-file", str(tmp_path / "scan.tif"))
    expect(page.locator("#read-text")).to_contain_text("No digits found")
    pages = page.locator("#read-page")
    assert pages.locator("option").all_inner_texts() == ["1 of 2", "2 of 2"]
    pages.select_option("2")
    expect(page.locator("#read-text")).to_contain_text("79018923")
    assert page.locator("#read-picture").evaluate("image => image.decode().then(() => image.naturalWidth)") == 591
    page.set_input_files("#read-file", str(PAGE))
    expect(page.locator("#read-pages")).to_be_hidden()


def test_a_file_that_is_no_picture_gets_a_clear_line(page, tmp_path):
    show(page, "read")
    (tmp_path / "no.png").write_bytes(b"no picture")
    page.set_input_files("#read-file", str(tmp_path / "no.png"))
    expect(page.locator("#notice-text")).to_contain_text("must be an undamaged picture file")
    page.set_input_files("#read-file", str(PAGE))
    expect(page.locator("#read-text")).to_contain_text("79018923")
    page.set_input_files("#read-file", str(tmp_path / "no.png"))
    expect(page.locator("#notice-text")).to_contain_text("must be an undamaged picture file")
    expect(page.locator("#read-result")).to_be_hidden()  # what was read before is not this one's


# Inside.


def test_a_click_on_a_number_shows_the_sum_that_made_it(page):
    show(page, "inside")
    cells = page.locator("#inside-forward button")
    expect(cells.nth(14)).to_be_visible()
    page.locator("#inside-backward button").first.click()
    expect(page.locator("#inside-answer")).not_to_be_empty()
    page.select_option("#inside-activation", "ReLU")
    expect(page.locator("#inside-forward")).to_contain_text("1 ReLU")


# Models.


def test_the_trained_network_is_downloaded_and_loaded_again(page, tmp_path):
    show(page, "models")
    with page.expect_download() as download:
        page.click("#models-download")
    download.value.save_as(tmp_path / "mine.safetensors")
    model = load(tmp_path / "mine.safetensors")
    assert model.theta.size == Layout(model.network.shapes()).size
    assert model.probabilities(mnist().test.x[:1]).shape == (1, 10)
    page.set_input_files("#models-file", str(tmp_path / "mine.safetensors"))
    expect(page.locator("#models-use")).to_be_visible()


def test_the_trained_network_goes_home_as_onnx_too(page, tmp_path):
    show(page, "models")
    with page.expect_download() as download:
        page.click("#models-download-onnx")
    assert download.value.suggested_filename == "trained.onnx"
    download.value.save_as(tmp_path / "mine.onnx")
    assert load(tmp_path / "mine.onnx").probabilities(mnist().test.x[:1]).shape == (1, 10)
    page.set_input_files("#models-file", str(tmp_path / "mine.onnx"))
    expect(page.locator("#models-loaded")).to_contain_text("mine.onnx")
    expect(page.locator("#models-use")).to_be_visible()


# The page as a whole.


def test_the_theme_button_names_what_it_does(page):
    button = page.locator("#theme")
    expect(button).to_have_text("Dark")
    button.click()
    expect(button).to_have_text("Light")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_chart_has_no_axes_before_there_is_a_line(page):
    show(page, "train")
    expect(page.locator("#train-curves .plot.empty")).to_have_count(2)
    expect(page.locator("#train-curves")).to_contain_text("Nothing yet: press Start.")


def test_a_word_of_the_trade_is_explained_to_who_asks(page):
    show(page, "two")
    asked = page.locator("#two-settings .label-line").filter(has_text="Learning rate")
    expect(asked.locator(".tip")).to_be_hidden()
    asked.locator(".what").focus()
    expect(asked.locator(".tip")).to_contain_text("How far each step goes")


def test_on_a_phone_every_tab_is_seen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for tab in TABS:
        expect(page.locator(f"#to-{tab}")).to_be_in_viewport()


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("width", [360, 1280])
def test_each_tab_fits_its_window(page, tab, width):
    page.set_viewport_size({"width": width, "height": 800})
    show(page, tab)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_no_serious_violation(browser, address, tab, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev has axe")
    context = browser.new_context(bypass_csp=True, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    show(page, tab, address)
    page.wait_for_load_state("networkidle")
    found = axe.Axe().run(page).response["violations"]
    context.close()
    bad = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
    assert bad == []


def test_a_page_at_a_full_server_opens_when_there_is_room(browser, address):
    context = browser.new_context()
    page, answers = context.new_page(), [503]

    def answer(route):
        if answers:
            line = "there are 40 visitors, and this machine can serve 40"
            route.fulfill(status=answers.pop(), json={"code": "full", "error": line})
        else:
            route.continue_()

    page.route("**/api/visitors", answer)
    page.goto(f"{address}#draw")
    expect(page.locator("#notice")).to_contain_text("opens by itself when there is room")
    page.locator("#tab-draw:visible:not([aria-busy])").wait_for()
    expect(page.locator("#notice")).to_be_hidden()
    context.close()
