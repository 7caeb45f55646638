/** The tab Inside: all numbers of a tiny network, forward and backward, and the sum behind each. */
import { post } from "../frame/api.js";
import { shortName } from "../frame/names.js";
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
  const costs = context.options.costs.filter((cost) => cost !== "SoftmaxCrossEntropy"); // it has the softmax in it
  fill($("inside-cost"), costs);
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
  const box = document.createElement("div");
  const title = document.createElement("h4");
  const row = document.createElement("div");
  box.className = "layer card";
  title.textContent = `${layer.index} ${shortName(layer.name)}`;
  title.title = layer.name;
  row.className = "arrays";
  const arrays = layer.arrays.filter((array) => FORWARD.includes(array.name) === forward);
  const order = forward ? FORWARD : ["dy", "db", "dW", "dx"];
  arrays.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  row.append(...arrays.map((array) => tableOf(layer, array)));
  box.append(title, row);
  return box;
}

function tableOf(layer, array) {
  const table = document.createElement("table");
  const caption = table.createCaption();
  const name = document.createElement("b");
  const largest = Math.max(...array.values.flat().map(Math.abs), 1e-12);
  name.textContent = array.name;
  caption.append(name, ` ${MEANING[array.name] ?? ""}`);
  table.className = "array";
  array.values.forEach((values, r) => {
    const row = table.insertRow();
    values.forEach((value, c) => {
      const cell = document.createElement("button");
      cell.type = "button";
      cell.className = "cell";
      cell.textContent = number(value);
      cell.tabIndex = r === 0 && c === 0 ? 0 : -1; // one stop for the Tab key a table
      cell.setAttribute("aria-label", `${array.name} row ${r} column ${c}: ${number(value)}`);
      cell.style.setProperty("--share", `${Math.round((42 * Math.abs(value)) / largest)}%`);
      cell.classList.add(value < 0 ? "below" : "above");
      Object.assign(cell.dataset, { layer: layer.index, array: array.name, row: r, column: c });
      row.insertCell().append(cell);
    });
  });
  return table;
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
  const used = new Set(answer.terms.flatMap((term) => term.text.match(/\w+\[[\d,]+\]/g) ?? []));
  const from = sourceOf(body.layer, array);
  for (const each of document.querySelectorAll("#tab-inside .cell")) {
    const { dataset } = each;
    const place = dataset.array === "b" ? dataset.column : `${dataset.row},${dataset.column}`;
    const isUsed = Number(dataset.layer) === from && used.has(`${dataset.array}[${place}]`);
    each.classList.toggle("chosen", each === cell);
    each.classList.toggle("used", each !== cell && isUsed);
    each.setAttribute("aria-pressed", String(each === cell));
  }
  showSum(answer, network.layers.find((each) => each.index === body.layer), `${array}[${row},${column}]`);
}

// The layer that the terms of an array come from: x is the y of the layer before, dy the dx of the layer after.
function sourceOf(layer, array) {
  const last = network.layers.length - 1;
  if (array === "x" || (layer === last && array === "y")) {
    return layer - 1;
  }
  return array === "dy" && layer < last ? layer + 1 : layer;
}

function showSum(answer, layer, name) {
  const title = document.createElement("h3");
  const formula = document.createElement("p");
  const list = document.createElement("ol");
  const total = document.createElement("p");
  title.textContent = `${name} of ${layer.index} ${shortName(layer.name)}`;
  formula.className = "formula";
  formula.textContent = answer.formula;
  list.className = "terms";
  list.replaceChildren(...answer.terms.map((term, i) => line(term, i > 0)));
  total.className = "total";
  total.textContent = `${name} = ${number(answer.value)}`;
  $("inside-hint").hidden = true;
  $("inside-answer").replaceChildren(title, formula, list, total, docOf(layer));
  if (window.matchMedia("(max-width: 60rem)").matches) {
    $("inside-sum").scrollIntoView({ block: "nearest" });
  }
}

function line(term, isAdded) {
  const row = document.createElement("li");
  const text = document.createElement("span");
  const value = document.createElement("b");
  text.textContent = (isAdded ? "+ " : "") + term.text.replace(/(^|[ (])-(?=\d)/g, "$1−");
  value.className = "number";
  value.textContent = number(term.value);
  row.append(text, value);
  return row;
}

function docOf(layer) {
  const box = document.createElement("details");
  const title = document.createElement("summary");
  const text = document.createElement("pre");
  title.textContent = `All formulas of ${shortName(layer.name)}`;
  text.textContent = layer.formula ?? "";
  box.append(title, text);
  box.hidden = !layer.formula;
  return box;
}
