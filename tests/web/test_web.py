"""The playground answers right: what the page is told is what the library says."""

import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.playground import Page, as_bytes, kinds_in

from inkgrad import costs, layers
from inkgrad.check import Verdict
from inkgrad.check.lessons import LAYERS, LESSONS
from inkgrad.data.curve import curve
from inkgrad.errors import SettingError
from inkgrad.layout import Layout
from inkgrad.models import Model, load
from inkgrad.reader import Reader
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.pen_order import pen_order
from inkgrad.web.playground_settings import ACTIVATIONS, parsed
from lab.synthetic import Look, write_line


@pytest.fixture
def page(client):
    return Page(client)


@pytest.fixture
def seven(digits):
    return digits.test.x[0, :, :, 0]  # the first test digit is a seven


def model_in(page, folder, network="trained"):
    """The network of a visitor, by way of its file."""
    (folder / "model.safetensors").write_bytes(page.model_file(network))
    return load(folder / "model.safetensors")


# Draw.


@pytest.mark.parametrize("index", range(5))
def test_the_probabilities_of_a_drawing_are_the_model_s_own(page, digits, index):
    image = digits.test.x[index, :, :, 0]
    found = page.draw("think", image)
    p = load("cnn").probabilities(image)[0]
    np.testing.assert_allclose(found["probabilities"], p, atol=2e-6)  # they come with 6 digits
    assert found["predicted"] == p.argmax()
    assert (as_bytes(found["image"], 28, 28) == image).all()
    assert found["labels"] == list("0123456789")


def test_the_pull_of_each_pixel_agrees_with_finite_differences_of_the_cost(page, seven, tmp_path):
    found, model = page.draw("think", seven, "trained"), model_in(page, tmp_path)
    p = Layout(model.network.shapes()).views(model.theta.astype(np.float64))
    t = np.full(784, found["predicted"])

    def costs_with_one_pixel_moved(h):
        x = (seven.reshape(1, 784) / 255 + h * np.eye(784)).reshape(784, 28, 28, 1)
        return model.cost.losses(model.network.forward(p, x)[0], t)

    differences = (costs_with_one_pixel_moved(1e-5) - costs_with_one_pixel_moved(-1e-5)) / 2e-5
    # the network has ELU, whose slope has no jump; the pull comes with 3 digits
    np.testing.assert_allclose(found["pull"], differences, rtol=6e-3, atol=1e-5)
    largest = abs(differences).max()
    np.testing.assert_allclose(as_bytes(found["saliency"]), 255 * abs(differences) / largest, atol=1)


def test_a_drawing_is_shown_on_its_way_through_every_layer(page, seven):
    found = page.draw("think", seven)
    shapes = [layer["shape"] for layer in found["layers"]]
    assert shapes == [[28, 28, 32]] * 2 + [[14, 14, 64]] * 2 + [[10]]
    for layer in found["layers"]:
        assert {len(as_bytes(each)) for each in layer["maps"]} == {layer["width"] * layer["height"]}
    model = load("cnn")
    W = Layout(model.network.shapes()).views(model.theta)["0"].W
    first = found["first"]
    shown = np.stack([as_bytes(each, 3, 3) for each in first["maps"]], axis=-1)
    np.testing.assert_allclose((shown - 128.0) / 127 * first["largest"], W[:, :, 0], atol=first["largest"] / 250)


def test_a_dense_network_shows_what_each_unit_looks_for(page, seven, tmp_path):
    first = page.draw("think", seven, "trained")["first"]
    W = Layout((model := model_in(page, tmp_path)).network.shapes()).views(model.theta)["1"].W
    shown = np.stack([as_bytes(each) for each in first["maps"]], axis=-1)
    np.testing.assert_allclose((shown - 128.0) / 127 * first["largest"], W[:, :32], atol=first["largest"] / 250)


@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (1000, 1000), (7, 300)])
def test_an_empty_drawing_is_said_to_be_empty(page, shape):
    assert page.draw("think", np.zeros(shape, np.uint8)) == {"empty": True}


@pytest.mark.parametrize(("shape", "at"), [((300, 300), (100, 100)), ((211, 997), (5, 800)), ((1000, 163), (839, 2))])
def test_a_drawing_is_read_the_same_wherever_it_is_and_whatever_its_size(page, seven, shape, at):
    large = np.kron(seven[7:27, 4:24], np.ones((8, 8), np.uint8))
    drawing = np.zeros(shape, np.uint8)
    (top, left), (height, width) = at, large.shape
    drawing[top : top + height, left : left + width] = large
    found, whole = page.draw("think", drawing), page.draw("think", large)
    assert found == whole
    assert found["labels"][found["predicted"]] == "7"


# Correct.


@pytest.mark.parametrize("network", ["reader", "cnn", "trained"])
def test_a_correction_makes_the_label_more_probable_and_undo_gives_back_the_same_bits(page, seven, network):
    file, thought = page.model_file(network), page.draw("think", seven, network)
    found = page.draw("correct", seven, network, label=3)
    assert found["after"][3] > max(found["before"][3], 0.5)
    assert found["before"] == pytest.approx(thought["probabilities"], abs=1e-5)
    assert found["predicted"] == "3"
    assert 1 <= found["steps"] <= 30
    assert page.draw("think", seven, network)["probabilities"][3] == pytest.approx(found["after"][3], abs=1e-3)
    assert page.ask(f"/api/undo?network={network}", b"") == {"can_undo": 0}
    assert page.model_file(network) == file
    assert page.draw("think", seven, network) == thought


def test_corrections_are_undone_one_by_one(page, seven):
    files = []
    for label in 1, 2, 3:
        files.append(page.model_file("cnn"))
        assert page.draw("correct", seven, label=label)["can_undo"] == label
    for left in 2, 1, 0:
        assert page.ask("/api/undo?network=cnn", b"")["can_undo"] == left
        assert page.model_file("cnn") == files[left]


@pytest.mark.parametrize(("n_thetas", "left"), [(2.5, 2), (0.5, 1)])
def test_as_many_corrections_can_be_undone_as_fill_no_memory(page, seven, monkeypatch, n_thetas, left):
    n_bytes = int(n_thetas * load("cnn").theta.nbytes)
    monkeypatch.setattr("inkgrad.web.visitor_networks.LIMITS", replace(LIMITS, bytes_of_corrections=n_bytes))
    for label in 1, 2, 3:
        kept = page.draw("correct", seven, label=label)["can_undo"]
    assert kept == left


def test_a_correction_does_not_make_the_network_forget_the_rest(page, digits, tmp_path):
    image = digits.test.x[8, :, :, 0]  # an untidy five
    page.draw("correct", image, label=6)
    corrected = model_in(page, tmp_path, "cnn")
    assert np.mean(corrected.predict(digits.test.x[:1000]) == digits.test.t[:1000]) > 0.95


def test_a_correction_is_forgotten_when_its_network_is_built_anew(page, seven):
    page.draw("correct", seven, "trained", label=3)
    with page.training("digits") as line:
        line.tell("change", settings={"seed": 1})
        line.state(lambda state: state["settings"]["seed"] == 1)
    file = page.model_file("trained")
    assert page.post("/api/undo?network=trained", b"").status_code == 400
    assert page.model_file("trained") == file


# Train.


def test_the_confusions_are_those_that_one_counts_one_by_one(page, digits, tmp_path):
    found, model = page.ask("/api/confusion", {}), model_in(page, tmp_path)
    matrix = [[0] * 10 for _ in range(10)]
    for t, predicted in zip(digits.test.t, model.predict(digits.test.x), strict=True):
        matrix[t][predicted] += 1
    assert found["matrix"] == matrix
    assert found["n"] == 10_000
    assert found["accuracy"] == sum(matrix[k][k] for k in range(10)) / 10_000
    assert found["labels"] == list("0123456789")


def test_the_misread_digits_are_the_ones_that_were_counted(page, digits):
    matrix = np.array(page.ask("/api/confusion", {})["matrix"])
    right, wrong = np.unravel_index(np.argmax(matrix * (1 - np.eye(10))), (10, 10))
    found = page.ask("/api/misread", {"truth": int(right), "predicted": int(wrong)})["digits"]
    assert len(found) == min(40, matrix[right, wrong])
    for each in found:
        image = digits.test.x[each["index"], :, :, 0]
        assert digits.test.t[each["index"]] == right
        assert (as_bytes(each["image"], 28, 28) == image).all()
        thought = page.draw("think", image, "trained")
        assert thought["predicted"] == wrong
        assert thought["probabilities"][wrong] == pytest.approx(each["probability"], abs=1e-4)


@pytest.mark.parametrize("index", [0, 61, 9999])
def test_a_test_digit_is_one_of_mnist(page, digits, index):
    found = page.get(f"/api/digits/{index}").json()
    assert (as_bytes(found["image"], 28, 28, 1) == digits.test.x[index]).all()
    assert found["label"] == str(digits.test.t[index])
    assert as_bytes(found["order"]).tobytes() == pen_order(digits.test.x[index, :, :, 0]).tobytes()


# Check.


def assert_whole(array):
    """Each entry is in one of the four counts."""
    shown = array["map"]
    counted = shown["right"] + shown["kink"] + shown["cannot_tell"] + shown["wrong"]
    assert counted == len(shown["ratio"]) == shown["rows"] * shown["columns"]


def verdicts_in(found):
    """Return the verdict on each array; all rows of the table have a cell for each title."""
    assert all(len(array["row"]) == len(found["head"]) for array in found["arrays"])
    assert all(array["row"][found["head"].index("verdict")] == array["verdict"] for array in found["arrays"])
    return {(array["layer"]["path"], array["array"]): array["verdict"] for array in found["arrays"]}


@pytest.mark.parametrize("which", ["points", "digits"])
def test_the_check_finds_no_fault_in_the_networks_that_training_begins_with(page, which):
    found = page.ask("/api/check", {"which": which})
    assert found["ok"]
    assert found["verdict"] == "right"
    assert found["findings"] == []
    assert found["broken"] is None
    assert {array for _, array in verdicts_in(found)} >= {"W", "b"}
    assert set(verdicts_in(found).values()) == {"right"}
    assert not any(array["map"]["wrong"] for array in found["arrays"])


def test_the_check_names_the_diagonal_softmax_of_a_broken_network(page):
    with page.training() as line:
        line.tell("change", settings={"broken": "softmax-diagonal", "classes": 3})
        line.state(lambda state: state["settings"]["broken"])
    found = page.ask("/api/check", {"which": "points"})
    (finding,) = found["findings"]
    assert not found["ok"]
    assert found["broken"] == "softmax-diagonal"
    assert finding["kind"] == LESSONS["softmax-diagonal"].kind
    assert finding["sentence"] == LESSONS["softmax-diagonal"].kind.sentence
    assert finding["explained"]["wrong_line"] == "return y * (1 - y) * dy"
    assert finding["layer"]["kind"] == LESSONS["softmax-diagonal"].wrong.__name__
    for array in found["arrays"]:
        assert_whole(array)
    assert [place for place, verdict in verdicts_in(found).items() if verdict == "wrong"] == [
        (finding["layer"]["path"], "x")
    ]
    assert found["meaning"]["wrong"] == Verdict.wrong.sentence


def check_with_convolutions(page, **settings):
    conv = {"kind": "conv", "size": 2, "activation": "Tanh"}
    with page.training("digits") as line:
        line.tell("change", settings={"layers": [conv], "noise": 0.1, "dropout": 0.2} | settings)
        broken = settings.get("broken")
        line.state(lambda state: "Conv2D" in kinds_in(state["network"]) and state["settings"]["broken"] == broken)
    return page.ask("/api/check", {"which": "digits"})


def test_a_network_with_convolutions_is_judged_as_a_whole(page):
    found = check_with_convolutions(page)
    assert found["ok"]
    assert not found["every_entry"]
    assert set(verdicts_in(found).values()) == {"right"}
    assert {layer for layer, _ in verdicts_in(found)} == {"1", "6"}
    assert [array["map"] for array in found["arrays"]] == [None] * 4
    assert found["head"][-1] == "least seen"


def test_where_a_network_with_convolutions_is_wrong_its_layers_are_looked_at(page):
    found = check_with_convolutions(page, broken="bias-mean")
    assert not found["ok"]
    assert [(finding["array"], finding["kind"]) for finding in found["findings"]] == [("b", "factor")]
    assert verdicts_in(found)["wiring", "6.b"] == "wrong"  # of the whole
    assert any(array["map"] for array in found["arrays"])


def test_a_lesson_about_a_function_shows_its_gradients_alone(page):
    found = page.ask("/api/experiment", {"lesson": "rope-turned"})
    (exhibit,) = found["exhibits"]
    assert found["runs"] == []
    assert len(exhibit["rows"]) == 6
    assert exhibit["finding"].startswith("x: jacobian-not-transposed: ")


def test_two_labels_hide_the_diagonal_softmax_and_a_third_shows_it(page):
    found = page.ask("/api/experiment", {"lesson": "softmax-diagonal"})
    runs = {(run["labels"], run["broken"]): run for run in found["runs"]}
    assert list(runs) == [(2, False), (2, True), (3, False), (3, True)]
    last = {key: run["cost"][-1] for key, run in runs.items()}
    assert all(run["cost"][-1] < run["cost"][0] for run in runs.values())  # all of them learn something
    assert last[3, True] > last[3, False]
    two, three = found["exhibits"]
    assert {round(row["ratio"], 3) for row in two["rows"]} == {2}  # half as long, but the same way
    assert len({row["ratio"] for row in three["rows"]}) > 1
    assert all(exhibit["finding"] for exhibit in found["exhibits"])


@pytest.mark.parametrize(
    "lesson",
    [
        "relu-mask-inverted",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("dropout-unscaled", "sign-flipped")),
    ],
)
def test_a_mistake_is_shown_beside_the_right_network(page, lesson):
    found = page.ask("/api/experiment", {"lesson": lesson})
    assert [(run["labels"], run["broken"]) for run in found["runs"]] == [(2, False), (2, True), (3, False), (3, True)]
    for run in found["runs"]:
        assert len(run["cost"]) == len(run["accuracy"])
        assert all(0 <= each <= 1 for each in run["accuracy"])
    assert {len(run["cost"]) for run in found["runs"] if not run["broken"]} == {151}


# Read.


def test_a_picture_is_read_as_the_reader_reads_it(page, some, rng):
    line, file = write_line("20263", Look(), rng, some), io.BytesIO()
    Image.fromarray(line.picture).save(file, "PNG")
    found, reading = (
        page.ask("/api/read?threshold=0.5&expect=", file.getvalue()),
        Reader(threshold=0.5).read(line.picture),
    )
    assert found["text"] == reading.text == "20263"
    assert found["size"] == list(reading.size)
    assert found["table"] is None
    assert [each["text"] for each in found["lines"]] == [each.text for each in reading.lines]
    for shown, digit in zip(found["characters"], reading.characters, strict=True):
        assert (shown["label"], shown["best"], tuple(shown["box"])) == (digit.label, digit.best, tuple(digit.box))
        assert shown["probability"] == pytest.approx(digit.probability, abs=1e-4)
        assert (as_bytes(shown["image"], 28, 28) == digit.image.reshape(28, 28)).all()
    assert (found["number"], found["skipped"], found["turned"]) == ("20263", {"words": 0, "blots": 0}, 0)
    assert {shown["gap"] for shown in found["characters"]} == {""}


def test_a_threshold_and_an_expectation_are_obeyed(page, some, rng):
    line, file = write_line("20263", Look(), rng, some), io.BytesIO()
    Image.fromarray(line.picture).save(file, "PNG")
    assert page.ask("/api/read?threshold=1&expect=", file.getvalue())["text"] == "?????"
    found = page.ask("/api/read?threshold=0&expect=[19]{5}", file.getvalue())["text"]
    assert set(found) <= {"1", "9"}
    assert len(found) == 5


def saved(kind, pages, **settings):
    file = io.BytesIO()
    pages[0].save(file, kind, save_all=len(pages) > 1, append_images=pages[1:], **settings)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["TIFF", "PDF", "HEIF"])
def test_each_page_of_a_file_is_read_and_shown(page, some, rng, kind):
    if extra := {"PDF": "pypdfium2", "HEIF": "pillow_heif"}.get(kind):
        package = pytest.importorskip(extra)
        if kind == "HEIF":
            package.register_heif_opener()
    texts = ["20263"] if kind == "HEIF" else ["20263", "81734", "44519"]
    lines = [Image.fromarray(write_line(text, Look(), rng, some).picture) for text in texts]
    raw = saved(kind, [line.convert("RGB") for line in lines], resolution=300)
    assert page.ask("/api/read", raw)["pages"] == list(range(1, len(texts) + 1))
    for number, text in enumerate(texts, start=1):
        found = page.ask(f"/api/read?page={number}", raw)
        assert (found["text"], found["page"]) == (text, number)
        shown = Image.open(io.BytesIO(page.post(f"/api/picture?page={number}", raw).content))
        assert shown.size == tuple(found["size"])
        ink = np.asarray(shown.convert("L"), float) - np.asarray(
            lines[number - 1].convert("L").resize(shown.size), float
        )
        assert np.abs(ink).mean() < 10


def test_a_large_page_is_shown_smaller(page):
    shown = page.post("/api/picture", saved("TIFF", [Image.new("L", (4000, 3000), 200)])).content
    assert Image.open(io.BytesIO(shown)).size == (SHOWN.page_side_px, 3 * SHOWN.page_side_px // 4)


# Inside.


@pytest.mark.parametrize("cost", ["CrossEntropy", "SquaredError"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_terms_of_every_cell_add_up_to_its_value(page, activation, cost):
    page.visitor.bucket.left = 1e9  # so many cells are not looked at in a second
    what = {"n_hidden": 2, "activation": activation, "cost": cost, "example": 5, "seed": 1}
    for stage in page.ask("/api/inside", what)["layers"]:
        for array in stage["arrays"]:
            assert np.shape(array["values"]) == (array["rows"], array["columns"])
            for (row, column), value in np.ndenumerate(array["values"]):
                place = {"layer": stage["index"], "array": array["name"], "row": row, "column": column}
                cell = page.ask("/api/inside/cell", what | place)
                # numbers come with 6 digits; terms may be larger than their sum
                near = pytest.approx(value, rel=1e-5, abs=1e-5 * max(abs(term["value"]) for term in cell["terms"]))
                assert cell["value"] == near
                assert sum(term["value"] for term in cell["terms"]) == near
                assert cell["formula"]


def test_a_sum_names_the_numbers_that_it_is_made_of(page):
    what = {"n_hidden": 3, "example": 5}
    values = {
        (stage["index"], array["name"]): np.array(array["values"])
        for stage in page.ask("/api/inside", what)["layers"]
        for array in stage["arrays"]
    }

    def used(layer, array, row, column):
        place = {"layer": layer, "array": array, "row": row, "column": column}
        cell = page.ask("/api/inside/cell", what | place)
        return [values[use["layer"], use["array"]][use["row"], use["column"]] for use in cell["uses"]], cell["value"]

    (x1, w1, x2, w2, b), y = used(0, "y", 0, 1)
    assert x1 * w1 + x2 * w2 + b == pytest.approx(y, rel=1e-4)
    (above,), dy = used(0, "dy", 0, 2)  # of the layer after it
    assert above == pytest.approx(dy)
    (before,), x = used(1, "x", 0, 2)  # of the layer before it
    assert before == pytest.approx(x)


@pytest.mark.parametrize(
    ("activation", "cost"), [("Tanh", "CrossEntropy"), ("Sigmoid", "SquaredError"), ("GELU", "CrossEntropy")]
)
def test_the_numbers_inside_agree_with_finite_differences_of_the_cost(page, activation, cost):
    found = page.ask("/api/inside", {"n_hidden": 4, "activation": activation, "cost": cost, "example": 3, "seed": 2})
    first, _, second, _, last = (
        {each["name"]: np.array(each["values"]) for each in stage["arrays"]} for stage in found["layers"]
    )
    t, its_cost, its_activation = last["t"], getattr(costs, cost)(), getattr(layers, activation)()

    def C():
        hidden, _ = its_activation.forward(None, first["x"] @ first["W"] + first["b"])
        y = hidden @ second["W"] + second["b"]
        return its_cost.value_and_gradient(np.exp(y) / np.exp(y).sum(), t)[0]

    assert C() == pytest.approx(found["cost"], rel=1e-4)
    for stage, names in (first, ("x", "W", "b")), (second, ("W", "b")):
        for name in names:
            differences = np.empty_like(stage[name])
            for place in np.ndindex(differences.shape):
                before = stage[name][place]
                stage[name][place] = before + 1e-5
                above = C()
                stage[name][place] = before - 1e-5
                differences[place] = (above - C()) / 2e-5
                stage[name][place] = before
            # the parameters come with 6 digits
            np.testing.assert_allclose(stage[f"d{name}"], differences, rtol=1e-4, atol=1e-6)


def test_the_example_is_the_one_that_was_asked_for(page):
    from inkgrad.data import animals

    train = animals().train
    found = page.ask("/api/inside", {"example": 7})
    np.testing.assert_allclose(found["example"]["x"], train.x[7], rtol=1e-3)
    assert found["example"]["label"] == ("fish", "goat")[train.t[7]]
    assert found["examples"] == len(train)


# Models.


def test_a_model_that_was_taken_home_comes_back_the_same(page, seven):
    answer = page.get("/api/model?network=cnn")
    assert answer.headers["content-disposition"] == 'attachment; filename="cnn.safetensors"'
    found = page.ask("/api/model", answer.content)
    assert found["labels"] == list("0123456789")
    assert found["n_parameters"] == load("cnn").theta.size
    assert page.model_file("loaded") == answer.content
    assert page.draw("think", seven, "loaded") == page.draw("think", seven, "cnn")


def test_a_model_goes_home_as_onnx_and_comes_back_the_same(page, seven):
    assert page.options["formats"] == ["safetensors", "onnx"]
    answer = page.get("/api/model?network=cnn&format=onnx")
    assert answer.headers["content-disposition"] == 'attachment; filename="cnn.onnx"'
    assert page.ask("/api/model", answer.content)["n_parameters"] == load("cnn").theta.size
    assert page.model_file("loaded") == page.model_file("cnn")
    assert page.draw("think", seven, "loaded") == page.draw("think", seven, "cnn")


def test_without_the_package_onnx_it_is_not_offered(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    page = Page(client)
    assert page.options["formats"] == ["safetensors"]
    answer = page.get("/api/model?network=cnn&format=onnx")
    assert (answer.status_code, "format is one of safetensors" in answer.json()["error"]) == (400, True)


def test_a_trained_model_answers_outside_as_it_does_here(page, digits, tmp_path):
    with page.training("digits") as line:
        line.tell("step")
        line.state(lambda state: state["step"] == 1)
    model = model_in(page, tmp_path)
    assert isinstance(model, Model)
    assert model.evaluate(digits.test).accuracy == page.ask("/api/confusion", {})["accuracy"]


# Visitors and pages.


def test_a_visitor_does_not_see_what_another_does(client, seven):
    one, other = Page(client), Page(client)
    assert one.token != other.token
    before = {name: other.model_file(name) for name in ("cnn", "trained")}
    one.draw("correct", seven, label=3)
    one.draw("correct", seven, "trained", label=3)
    one.ask("/api/model", one.model_file("cnn"))
    with one.training() as line:
        line.tell("change", settings={"data": "xor"})
        line.state(lambda state: state["settings"]["data"] == "xor")
    assert {name: other.model_file(name) for name in before} == before
    assert other.post("/api/undo?network=cnn", b"").status_code == 400
    assert other.get("/api/model?network=loaded").status_code == 400
    with other.training() as line:
        assert line.state()["settings"]["data"] == "animals"


def test_a_visitor_who_comes_back_finds_everything(client, seven):
    page = Page(client)
    assert not page.resumed
    page.draw("correct", seven, label=3)
    again = Page(client, page.token)
    assert again.resumed
    assert again.draw("think", seven)["can_undo"] == 1
    assert Page(client, "a token of yesterday").resumed is False


def test_the_page_is_told_what_it_can_choose(page, digits):
    options = page.options
    assert [lesson["name"] for lesson in options["lessons"]] == list(LESSONS)
    assert [lesson["name"] for lesson in options["lessons"] if lesson["of_a_layer"]] == list(LAYERS)
    assert options["datasets"] == {
        "classes": ["animals", "xor", "circles", "spirals", "curve", "own"],
        "numbers": ["plane", "gaussians"],
    }
    assert options["cost_of_numbers"] == "½ (y − t)²"
    assert options["defaults"]["digits"]["data"] == "mnist"
    assert {"parameters", "units", "layers", "points", "picture_bytes"} <= options["limits"].keys()
    assert options["limits"]["test_digits"] == len(digits.test)
    assert page.get(f"/api/digits/{len(digits.test) - 1}").status_code == 200
    longest = "x" + " " * (options["limits"]["curve_letters"] - 1)
    curve(longest)
    with pytest.raises(SettingError, match="a curve has at most 100 letters, got 101"):
        curve(longest + " ")


@pytest.mark.parametrize("which", ["digits", "points"])
def test_a_slider_offers_what_is_taken_and_more_is_refused(page, which):
    for name, knob in page.options["knobs"][which].items():
        if which == "points" or name not in ("data_noise", "share"):  # which digits do not have
            for value in (knob[end] for end in ("low", "first", "last", "high")):
                assert getattr(parsed({name: value}, which), name) == value
            for value in knob["low"] - 1, knob["high"] + 1:
                with pytest.raises(SettingError, match=f"^{name} is a"):
                    parsed({name: value}, which)


def test_the_page_has_all_its_parts_here(client):
    from re import findall

    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    parts = findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert parts
    for part in [*parts, "plotly.min.js"]:
        assert client.get(f"/{part.removeprefix('./').removeprefix('/')}").status_code == 200, part


def test_every_script_finds_those_that_it_imports(client):
    from posixpath import dirname, normpath
    from re import findall

    waiting, seen = ["/frame/app.js"], set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        text = client.get(path).text
        parts = {normpath(f"{dirname(path)}/{part}") for part in findall(r'(?:from |import\()"([^"]+)"', text)}
        assert {part: client.get(part).status_code for part in parts} == dict.fromkeys(parts, 200)
        waiting += parts - seen
    assert {f"/{tab}/{tab}.js" for tab in ("draw", "train", "two", "check", "read", "inside", "models")} <= seen


def test_a_page_that_has_not_changed_is_not_sent_again(client):
    first = client.get("/")
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
