/** The tab Draw: a paper, and what the network makes of it while the ink flows. */
import { get, post, postBytes } from "../frame/api.js";
import { make, percent } from "../frame/make.js";
import { attempt, hush, notice } from "../frame/notice.js";
import { bars } from "../parts/bars.js";
import { forget as forgetCorrection, keep, setUpSaving } from "../parts/corrections.js";
import { keys } from "../parts/keys.js";
import { drawGrey, fromBase64 } from "../parts/pixels.js";
import { makeActivations } from "./activations.js";
import { makeDemo } from "./demo.js";
import { Pad } from "./pad.js";

const FRAME = 16; // milliseconds between two requests while drawing; the server counts them
const PAINT = 60; // milliseconds between two drawings of the layers, while drawing
const ABOUT = {
  reader: "Trained on digits of many pens, and on what is no digit.",
  cnn: "Knows nothing but digits: it takes a dot or a letter for one, too.",
  trained: "The one that you train in the tab Train.",
  loaded: "The one that you loaded in the tab Models.",
};
const $ = (id) => document.getElementById(id);

let context = null;
let pad = null;
let chart = null;
const opened = Date.now(); // with it drawings of this page have other names than those before a reload
const taught = { reader: [], cnn: [], trained: [], loaded: [] }; // names of the drawings that each network has learned
let testDigit = null; // the key of one on the paper: it is not of the visitor's hand
let activations = null;
let demo = null;
let network = "reader";
let answers = new Map(); // of the server, by the key of the digit; of this network as it stands
let digits = []; // on the paper, from left to right
let chosen = null; // the key of the digit that was pressed; else the newest one is looked into
let before = null; // {key, p}: what the network thought of a digit before it learned it
let asking = null; // a promise while a request is on the way
let drawing = false;
let waiting = null; // the answer whose layers are still to be drawn
let painted = 0; // when layers were drawn last

/** Build the tab. */
export async function mount(section, given) {
  context = given;
  chart = bars($("draw-bars"), [...context.options.labels, context.options.no_digit]);
  activations = makeActivations({
    layers: $("draw-layers"), first: $("draw-first"), title: $("draw-first-title"), weights: $("draw-weights"),
  });
  pad = new Pad({
    canvas: $("pad"),
    mark: $("pad-mark"),
    say: (text) => {
      $("pad-said").textContent = text;
    },
    onInk: (done) => {
      drawing = !done;
      if (!pad.shown) {
        stopDemo();
      }
      if (done) {
        $("pad-undo").disabled = !pad.canUndo;
        $("pad-clear").disabled = pad.isEmpty;
      }
      think();
    },
  });
  demo = makeDemo((bytes, { index, label }) => {
    pad.show(bytes);
    sayDigit(index, label);
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
    think();
  });
  const nDigits = context.options.limits.test_digits;
  $("draw-digit").addEventListener("click", () => takeDigit(Math.floor(Math.random() * nDigits)));
  $("draw-best").addEventListener("click", (event) => {
    chosen = event.target.closest("button")?.dataset.key ?? chosen;
    show();
  });
  $("draw-unlearn").addEventListener("click", unlearn);
  setUpSaving($("draw-save"));
  $("draw-keys").append(...keys(context.options.labels, correct));
  show();
  onHash(context.state);
  if (pad.isEmpty && !context.state.has("digit")) {
    startDemo();
  }
}

/** Put a 28x28 image on the paper. */
export function putImage(bytes) {
  stopDemo();
  $("draw-digit-said").textContent = "";
  pad.put(bytes);
}

/** Another state of the tab, from the address. */
export function onHash(params) {
  choose(params.get("network") ?? network);
  const digit = params.get("digit");
  if (digit !== null) {
    takeDigit(Number(digit));
  } else {
    think();
  }
}

async function startDemo() {
  $("draw-invite").hidden = false;
  document.addEventListener("pointerdown", leaveDemo);
  document.addEventListener("keydown", leaveDemo);
  window.addEventListener("hashchange", stopDemo); // nobody looks, and another tab's notices are not taken away
  await attempt(() => demo.play());
}

// A hand anywhere on the tab ends it; the digit stays until it is drawn over.
function leaveDemo(event) {
  if ($("tab-draw").contains(event.target)) {
    demo.finish();
  }
}

function stopDemo() {
  demo.stop();
  $("draw-invite").hidden = true;
  document.removeEventListener("pointerdown", leaveDemo);
  document.removeEventListener("keydown", leaveDemo);
  window.removeEventListener("hashchange", stopDemo);
  pad.show(null);
}

function choose(name) {
  network = name in ABOUT ? name : "reader";
  $("draw-network").value = network;
  $("draw-network-about").textContent = ABOUT[network];
  forget();
}

// All that was thought is another network's.
function forget() {
  answers = new Map();
  before = null;
}

function remember(digit) {
  const params = new URLSearchParams();
  if (network !== "reader") {
    params.set("network", network);
  }
  if (digit !== undefined) {
    params.set("digit", digit);
  }
  context.setState(params);
}

async function takeDigit(index) {
  stopDemo();
  await attempt(async () => {
    const digit = await get(`/api/digits/${index}`);
    pad.put(fromBase64(digit.image));
    testDigit = pad.digits()[0].key;
    sayDigit(index, digit.label);
    remember(index);
  });
}

function sayDigit(index, label) {
  $("draw-digit-said").textContent = `Test digit ${index}: somebody wrote a ${label}.`;
}

// One request at a time: what is drawn meanwhile is asked for when the answer is there, and only the newest.
function think() {
  asking ??= askAll().finally(() => {
    asking = null;
  });
  return asking;
}

async function askAll() {
  let asked = 0;
  for (;;) {
    digits = pad.digits();
    const open = digits.filter(({ key }) => !answers.has(key));
    if (open.length === 0) {
      break;
    }
    const wait = asked + FRAME - performance.now();
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    asked = performance.now();
    const newest = open.reduce((one, other) => (other.newest > one.newest ? other : one));
    const of = answers; // of the network that is asked
    try {
      const { bytes, width, height } = newest.image();
      of.set(newest.key, await postBytes(address("think", width, height), bytes));
      hush();
    } catch (error) {
      of.set(newest.key, { empty: true });
      notice(error.message);
    }
    show();
  }
  show();
  announce();
}

const address = (path, width, height, more = "") =>
  `/api/${path}?network=${network}&width=${width}&height=${height}${more}`;

// The digit that is looked into.
function current() {
  const known = digits.filter(({ key }) => answers.get(key)?.empty === false);
  return known.find(({ key }) => key === chosen) ??
    known.reduce((one, other) => (one && one.newest > other.newest ? one : other), null);
}

// What it takes a digit for: a label, how sure it is, and what to write for it.
function verdictOf({ probabilities, labels }) {
  const at = probabilities.indexOf(Math.max(...probabilities));
  const isNone = labels[at] === context.options.no_digit;
  const sure = probabilities[at];
  const isUnsure = !isNone && network === "reader" && sure < context.options.reader.threshold;
  return { label: labels[at], sure, isNone, isUnsure, text: isNone || isUnsure ? "?" : labels[at] };
}

function wordsOf({ label, sure, isNone, isUnsure }) {
  if (isNone) {
    return `No digit, ${percent(sure)} sure`;
  }
  return isUnsure ? `Perhaps a ${label}: ${percent(sure)}` : `${percent(sure)} sure`;
}

function show() {
  const digit = current();
  if (!digit) {
    if (digits.length === 0) {
      showNothing();
    }
    return;
  }
  const answer = answers.get(digit.key);
  const old = before?.key === digit.key ? before.p : null;
  chart.set(answer.probabilities, answer.labels, old);
  $("draw-before").classList.toggle("away", !old);
  showVerdict(digit, answer);
  $("draw-unlearn").disabled = !answer.can_undo;
  drawGrey($("draw-seen"), fromBase64(answer.image), 28, 28);
  if (waiting !== answer) { // the bars are on the screen first; a newer answer overtakes these
    waiting = answer;
    requestAnimationFrame(() => setTimeout(showInside));
  }
}

function showVerdict(digit, answer) {
  const read = digits.filter(({ key }) => answers.get(key)?.empty === false);
  const texts = read.map(({ key }) => verdictOf(answers.get(key)).text);
  const best = $("draw-best");
  if (read.length > 1) {
    best.replaceChildren(...read.map(({ key }, i) => make("button", {
      type: "button", class: "one-of", "data-key": key, "aria-pressed": String(key === digit.key), text: texts[i],
      "aria-label": `Digit ${i + 1}, ${texts[i]}: look into it`,
    })));
  } else {
    best.textContent = texts[0];
  }
  $("draw-sure").textContent =
    `${read.length > 1 ? `The ${ordinal(read.indexOf(digit))}: ` : ""}${wordsOf(verdictOf(answer))}`;
}

const ordinal = (i) => ["first", "second", "third", "fourth"][i] ?? `${i + 1}th`;

// For screen readers: what it reads, once the stroke is finished.
function announce() {
  if (!drawing && digits.length && !pad.shown) {
    $("draw-said").textContent = `It reads ${$("draw-best").textContent}. ${$("draw-sure").textContent}`;
  }
}

function showNothing() {
  waiting = null;
  const blank = new Uint8Array(784);
  const labels = network === "reader" ? [...context.options.labels, context.options.no_digit] : context.options.labels;
  chart.set(labels.map(() => 0), labels);
  $("draw-before").classList.add("away");
  $("draw-best").textContent = "–";
  $("draw-sure").textContent = "Nothing drawn yet";
  $("draw-said").textContent = "";
  drawGrey($("draw-seen"), blank, 28, 28);
  drawGrey($("draw-saliency"), blank, 28, 28);
  $("draw-inside").hidden = true;
  $("draw-first").hidden = true;
}

function showInside() {
  const answer = waiting;
  const isSoon = (drawing || demo.isOn()) && performance.now() < painted + PAINT;
  if (!answer || digits.length === 0 || isSoon) {
    waiting = isSoon ? null : waiting; // the next answer is on its way
    return;
  }
  painted = performance.now();
  drawGrey($("draw-saliency"), fromBase64(answer.saliency), 28, 28);
  $("draw-inside").hidden = false;
  activations.draw(answer);
}

async function correct(label) {
  await attempt(async () => {
    await think();
    const digit = current();
    if (!digit) {
      throw new Error("Draw a digit first, then say what it was.");
    }
    const { bytes, width, height } = digit.image();
    const [its, isOwn] = [taught[network], digit.key !== testDigit && !pad.shown];
    const learned = await postBytes(address("correct", width, height, `&label=${label}`), bytes);
    const name = `drawing ${opened} ${digit.key}`;
    its.push(name);
    if (isOwn) {
      keep(name, label, learned.image);
    }
    const at = learned.labels.indexOf(label);
    const steps = learned.steps === 1 ? "1 step" : `${learned.steps} steps`;
    $("draw-learned").textContent = `Learned in ${steps}: that it is a ${label}, it was `
      + `${percent(learned.before[at])} sure before and is ${percent(learned.after[at])} sure now.`;
    forget();
    before = { key: digit.key, p: learned.before };
    chosen = digit.key;
    await think();
  });
}

async function unlearn() {
  await attempt(async () => {
    const { can_undo: left } = await post(`/api/undo?network=${network}`);
    forgetCorrection(taught[network].pop());
    $("draw-unlearn").disabled = !left;
    $("draw-learned").textContent = left ? `Forgotten. ${left} more to undo.` : "Forgotten: all is as it was.";
    forget();
    await think();
  });
}
