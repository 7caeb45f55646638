/** The tab Draw: a paper, and what the network makes of it while the ink flows. */
import { get, post, postBytes } from "../frame/api.js";
import { forget, keep, setUpSaving } from "../parts/corrections.js";
import { keys } from "../parts/keys.js";
import { make, percent } from "../frame/make.js";
import { layerName, settingsOf } from "../frame/names.js";
import { attempt, hush, notice } from "../frame/notice.js";
import { Pad } from "./pad.js";
import { drawDiverging, drawGrey, drawSheet, fromBase64 } from "../parts/pixels.js";
import { bars } from "../parts/bars.js";

const TEST_DIGITS = 10000;
const FRAME = 16; // milliseconds between two requests while drawing; the server counts them
const PAINT = 60; // milliseconds between two drawings of the layers, while drawing
const $ = (id) => document.getElementById(id);

let context = null;
let pad = null;
let chart = null;
let network = "cnn";
let asking = false; // one request is on the way
const opened = Date.now(); // with it drawings of this page have other names than those before a reload
const taught = { cnn: [], trained: [], loaded: [] }; // the names of the drawings that each network has learned
let testDigit = -1; // the version of the drawing that is a test digit: not of the visitor's hand
let sent = -1; // the version of the drawing that was sent last
let drawing = false;
let newest = null; // the newest answer, until its layers are drawn
let painted = 0; // when layers were drawn last
let asked = 0; // when the last request was sent
let settle = null; // resolves when the newest drawing is read
const sheets = []; // the canvases of the layers, used again for each answer

const address = (path, { width, height }, more = "") =>
  `/api/${path}?network=${network}&width=${width}&height=${height}${more}`;

/** Build the tab. */
export async function mount(section, given) {
  context = given;
  chart = bars($("draw-bars"), context.options.labels);
  pad = new Pad({
    canvas: $("pad"),
    mark: $("pad-mark"),
    say: (text) => {
      $("pad-said").textContent = text;
    },
    onInk: (done) => {
      drawing = !done;
      if (done) {
        $("pad-undo").disabled = !pad.canUndo;
        $("pad-clear").disabled = pad.isEmpty;
      }
      think();
      announce();
    },
  });
  $("pad-undo").addEventListener("click", () => pad.undo());
  $("pad-clear").addEventListener("click", () => {
    pad.clear();
    $("draw-digit-said").textContent = "";
  });
  $("pad-pens").addEventListener("change", (event) => {
    pad.size = Number(event.target.value);
  });
  $("draw-network").addEventListener("change", (event) => {
    choose(event.target.value);
    remember();
    think(true);
  });
  $("draw-digit").addEventListener("click", () => takeDigit(Math.floor(Math.random() * TEST_DIGITS)));
  $("draw-unlearn").addEventListener("click", unlearn);
  setUpSaving($("draw-save"));
  $("draw-keys").append(...keys(context.options.labels, correct));
  showNothing();
  onHash(context.state);
}

/** Put a 28x28 image on the paper. */
export function putImage(bytes) {
  $("draw-digit-said").textContent = "";
  pad.put(bytes);
}

/** Another state of the tab, from the address. */
export function onHash(params) {
  choose(params.get("network") ?? network);
  const digit = params.get("digit");
  if (digit !== null) {
    takeDigit(Number(digit));
  } else if (!pad.isEmpty) {
    think(true);
  }
}

function choose(name) {
  network = ["cnn", "trained", "loaded"].includes(name) ? name : "cnn";
  $("draw-network").value = network;
}

function remember(digit) {
  const params = new URLSearchParams();
  if (network !== "cnn") {
    params.set("network", network);
  }
  if (digit !== undefined) {
    params.set("digit", digit);
  }
  context.setState(params);
}

async function takeDigit(index) {
  await attempt(async () => {
    const digit = await get(`/api/digits/${index}`);
    pad.put(fromBase64(digit.image));
    testDigit = pad.version;
    $("draw-digit-said").textContent = `Test digit ${index}: somebody wrote a ${digit.label}.`;
    remember(index);
  });
}

// One request at a time: what is drawn meanwhile is asked for when the answer is there, and only the newest.
async function think(again = false) {
  sent = again ? -1 : sent;
  if (asking) {
    return settle.promise;
  }
  if (sent === pad.version) {
    return undefined; // the end of a stroke adds no ink
  }
  asking = true;
  settle = Promise.withResolvers?.() ?? withResolvers();
  const { promise } = settle;
  do {
    const wait = asked + FRAME - performance.now();
    if (drawing && wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    sent = pad.version;
    asked = performance.now();
    try {
      const image = pad.image();
      const answer = await postBytes(address("think", image), image.bytes);
      show(answer);
      hush();
    } catch (error) {
      notice(error.message);
    }
  } while (sent !== pad.version);
  asking = false;
  announce();
  setTimeout(showInside); // the last one, when it was left out above
  settle.resolve();
  return promise;
}

function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve) => {
    parts.resolve = resolve;
  });
  return parts;
}

function show(answer) {
  if (answer.empty) {
    showNothing();
    return;
  }
  const best = answer.probabilities.reduce((at, p, i, all) => (p > all[at] ? i : at), 0);
  const sure = percent(answer.probabilities[best]);
  chart.set(answer.probabilities, answer.labels);
  $("draw-best").textContent = answer.labels[best];
  $("draw-sure").textContent = `${sure} sure`;
  announce();
  $("draw-unlearn").disabled = !answer.can_undo;
  drawGrey($("draw-seen"), fromBase64(answer.image), 28, 28);
  // The bars are on the screen first; a newer answer overtakes these.
  newest = answer;
  requestAnimationFrame(() => setTimeout(showInside));
}

// For screen readers: what it reads, once the stroke is finished.
function announce() {
  const best = $("draw-best").textContent;
  if (!drawing && !asking && !pad.isEmpty) {
    $("draw-said").textContent = `It reads ${best}, ${$("draw-sure").textContent}`;
  }
}

function showNothing() {
  newest = null;
  const blank = new Uint8Array(784);
  chart.set(context.options.labels.map(() => 0), context.options.labels);
  $("draw-best").textContent = "–";
  $("draw-sure").textContent = "Nothing drawn yet";
  $("draw-said").textContent = "";
  drawGrey($("draw-seen"), blank, 28, 28);
  drawGrey($("draw-saliency"), blank, 28, 28);
  $("draw-inside").hidden = true;
  $("draw-first").hidden = true;
}

function showInside() {
  const answer = newest;
  if (!answer || (pad.isEmpty && !drawing) || (drawing && performance.now() < painted + PAINT)) {
    return;
  }
  newest = null;
  painted = performance.now();
  drawGrey($("draw-saliency"), fromBase64(answer.saliency), 28, 28);
  $("draw-inside").hidden = false;
  answer.layers.forEach((layer, index) => showLayer(layer, index));
  for (const sheet of sheets.splice(answer.layers.length)) {
    sheet.box.remove();
  }
  const { first } = answer;
  $("draw-first").hidden = !first;
  if (first) {
    const small = first.width < 10;
    $("draw-first-title").textContent =
      `${first.what === "kernels" ? "Kernels" : "Weights"} of ${layerName(first.layer)}`;
    const options = { columns: small ? 16 : 8, diverging: true };
    drawSheet($("draw-weights"), first.maps.map(fromBase64), first.width, first.height, options);
    $("draw-weights").style.width = `${$("draw-weights").width * (small ? 9 : 2.5)}px`;
  }
}

function showLayer(layer, index) {
  sheets[index] ??= newSheet();
  const { box, name, shape, canvas } = sheets[index];
  if (!box.isConnected) {
    $("draw-layers").append(box);
  }
  name.textContent = layerName(layer.layer);
  name.title = settingsOf(layer.layer);
  shape.textContent = layer.shape.join(" × ");
  canvas.setAttribute("aria-label", `Outputs of ${name.textContent}, the largest ${layer.largest.toPrecision(3)}`);
  const maps = layer.maps.map(fromBase64);
  if (layer.height === 1) {
    const cells = Array.from(maps[0], (value) => Uint8Array.of(value)); // each unit is a dot
    drawSheet(canvas, cells, 1, 1, { columns: cells.length <= 16 ? 16 : 32, gap: 0, diverging: layer.signed });
    canvas.style.width = `${canvas.width * (cells.length <= 16 ? 28 : 10)}px`;
  } else {
    drawSheet(canvas, maps, layer.width, layer.height, { columns: 8, diverging: layer.signed });
    canvas.style.width = "100%";
  }
}

function newSheet() {
  const name = make("span");
  const shape = make("span", { class: "soft number" });
  const canvas = make("canvas", { class: "sheet", role: "img" });
  const box = make("figure", {}, make("figcaption", {}, name, shape), canvas);
  return { box, name, shape, canvas };
}

async function correct(label) {
  await attempt(async () => {
    if (pad.isEmpty) {
      throw new Error("Draw a digit first, then say what it was.");
    }
    const image = pad.image();
    const name = `drawing ${opened} ${pad.version}`;
    const [its, isOwn] = [taught[network], pad.version !== testDigit];
    const learned = await postBytes(address("correct", image, `&label=${label}`), image.bytes);
    its.push(name);
    if (isOwn) {
      keep(name, label, learned.image);
    }
    const steps = learned.steps === 1 ? "1 step" : `${learned.steps} steps`;
    $("draw-learned").textContent =
      `Learned in ${steps}: how sure it is of ${label} went from ${percent(learned.before)}`
      + ` to ${percent(learned.after)}.`;
    $("draw-unlearn").disabled = !learned.can_undo;
    await think(true);
  });
}

async function unlearn() {
  await attempt(async () => {
    const { can_undo: left } = await post(`/api/undo?network=${network}`);
    forget(taught[network].pop());
    $("draw-unlearn").disabled = !left;
    $("draw-learned").textContent = left ? `Forgotten. ${left} more to undo.` : "Forgotten: all is as it was.";
    if (!pad.isEmpty) {
      await think(true);
    }
  });
}
