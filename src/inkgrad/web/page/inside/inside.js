/** The tab Inside: all numbers of a tiny network, forward and backward, and the sum behind each. */
import { post } from "../frame/api.js";
import { make } from "../frame/make.js";
import { layerName, placeName, settingsOf } from "../frame/names.js";
import { attempt } from "../frame/notice.js";

const FORWARD = ["x", "W", "b", "y", "t", "C"];
const MEANING = {
  x: "input", W: "weights", b: "biases", y: "output", t: "target", C: "cost",
  dy: "slope of the cost with y", dx: "slope with x", dW: "slope with W", db: "slope with b",
};
const $ = (id) => document.getElementById(id);

let context = null;
let network = null;
let asked = 0; // the newest answer counts

/** Build the tab. */
export async function mount(section, given) {
  context = given;
  fill($("inside-activation"), context.options.activations);
  fill($("inside-cost"), context.options.costs_inside);
  $("inside-hidden").max = context.options.limits.units_inside;
  $("inside-settings").addEventListener("submit", (event) => event.preventDefault());
  $("inside-settings").addEventListener("input", () => {
    context.setState(paramsOf());
    load();
  });
  for (const flow of [$("inside-forward"), $("inside-backward")]) {
    flow.addEventListener("click", (event) => {
      const cell = event.target.closest("button.cell");
      if (cell) {
        explain(cell);
      }
    });
    flow.addEventListener("keydown", moveByKeys);
  }
  await onHash(context.state);
}

/** Other settings, from the address. */
export async function onHash(params) {
  $("inside-hidden").value = params.get("hidden") ?? "3";
  choose($("inside-activation"), params.get("activation") ?? "Tanh");
  choose($("inside-cost"), params.get("cost") ?? "CrossEntropy");
  $("inside-example").value = params.get("example") ?? "0";
  $("inside-seed").value = params.get("seed") ?? "0";
  await load();
}

function fill(list, names) {
  list.replaceChildren(...names.map((name) => new Option(name, name)));
}

function choose(list, name) {
  list.value = name;
  if (list.selectedIndex < 0) {
    list.selectedIndex = 0;
  }
}

function paramsOf() {
  return new URLSearchParams({
    hidden: $("inside-hidden").value,
    activation: $("inside-activation").value,
    cost: $("inside-cost").value,
    example: $("inside-example").value,
    seed: $("inside-seed").value,
  });
}

function settings() {
  return {
    n_hidden: Number($("inside-hidden").value),
    activation: $("inside-activation").value,
    cost: $("inside-cost").value,
    example: Number($("inside-example").value),
    seed: Number($("inside-seed").value),
  };
}

async function load() {
  $("inside-hidden-said").textContent = $("inside-hidden").value;
  asked += 1;
  const mine = asked;
  const answer = await attempt(() => post("/api/inside", settings()));
  if (!answer || mine !== asked) {
    return;
  }
  network = answer;
  $("inside-example").max = network.examples - 1;
  $("inside-answer").replaceChildren();
  $("inside-hint").hidden = false;
  const [hair, swimming] = network.example.x;
  $("inside-summary").textContent =
    `Example ${$("inside-example").value} of ${network.examples}: hair ${number(hair)}, swimming ${number(swimming)},`
    + ` a ${network.example.label}. Cost ${number(network.cost)}.`;
  $("inside-forward").replaceChildren(...network.layers.map((layer) => card(layer, true)));
  $("inside-backward").replaceChildren(...network.layers.toReversed().map((layer) => card(layer, false)));
}

function card(layer, forward) {
  const arrays = layer.arrays.filter((array) => FORWARD.includes(array.name) === forward);
  const order = forward ? FORWARD : ["dy", "db", "dW", "dx"];
  arrays.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return make("div", { class: "layer card" },
    make("h4", { title: settingsOf(layer.layer), text: placeName(layer.layer) }),
    make("div", { class: "arrays" }, ...arrays.map((array) => tableOf(layer, array))));
}

function tableOf(layer, array) {
  const largest = Math.max(...array.values.flat().map(Math.abs), 1e-12);
  const cellOf = (value, r, c) => {
    const cell = make("button", {
      type: "button", class: `cell ${value < 0 ? "below" : "above"}`, text: number(value),
      tabindex: r === 0 && c === 0 ? 0 : -1, // one stop for the Tab key a table
      "aria-label": `${array.name} row ${r} column ${c}: ${number(value)}`,
    });
    cell.style.setProperty("--share", `${Math.round((42 * Math.abs(value)) / largest)}%`);
    Object.assign(cell.dataset, { layer: layer.index, array: array.name, row: r, column: c });
    return cell;
  };
  return make("table", { class: "array" },
    make("caption", {}, make("b", { text: array.name }), ` ${MEANING[array.name]}`),
    ...array.values.map((values, r) =>
      make("tr", {}, ...values.map((value, c) => make("td", {}, cellOf(value, r, c))))));
}

// Four digits, and a true minus sign.
function number(value) {
  if (value === 0) {
    return "0";
  }
  const size = Math.abs(value);
  const text = size >= 1e-4 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
  return text.replaceAll("-", "−");
}

function moveByKeys(event) {
  const cell = event.target.closest("button.cell");
  const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!cell || !way) {
    return;
  }
  event.preventDefault();
  const { rows } = cell.closest("table");
  const next = rows[Number(cell.dataset.row) + way[0]]?.cells[Number(cell.dataset.column) + way[1]]?.firstChild;
  if (next) {
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

async function explain(cell) {
  asked += 1;
  const mine = asked;
  const { layer, array, row, column } = cell.dataset;
  const body = { ...settings(), layer: Number(layer), array, row: Number(row), column: Number(column) };
  const answer = await attempt(() => post("/api/inside/cell", body));
  if (!answer || mine !== asked) {
    return;
  }
  const keyOf = (place) => [place.layer, place.array, place.row, place.column].join();
  const used = new Set(answer.uses.map(keyOf));
  for (const each of document.querySelectorAll("#tab-inside .cell")) {
    each.classList.toggle("chosen", each === cell);
    each.classList.toggle("used", each !== cell && used.has(keyOf(each.dataset)));
    each.setAttribute("aria-pressed", String(each === cell));
  }
  showSum(answer, network.layers.find((each) => each.index === body.layer), `${array}[${row},${column}]`);
}

function showSum(answer, layer, name) {
  $("inside-hint").hidden = true;
  $("inside-answer").replaceChildren(
    make("h3", { text: `${name} of ${placeName(layer.layer)}` }),
    make("p", { class: "formula", text: answer.formula }),
    make("ol", { class: "terms" }, ...answer.terms.map((term, i) => line(term, i > 0))),
    make("p", { class: "total", text: `${name} = ${number(answer.value)}` }), docOf(layer));
  if (window.matchMedia("(max-width: 60rem)").matches) {
    $("inside-sum").scrollIntoView({ block: "nearest" });
  }
}

function line(term, isAdded) {
  return make("li", {}, make("span", { text: (isAdded ? "+ " : "") + term.text }),
    make("b", { class: "number", text: number(term.value) }));
}

function docOf(layer) {
  return make("details", { hidden: !layer.formula },
    make("summary", { text: `All formulas of ${layerName(layer.layer)}` }),
    make("pre", { text: layer.formula ?? "" }));
}
