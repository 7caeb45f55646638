/** The form of all that decides a training, the same for digits and for points. */
import { makeKnob } from "./knob.js";
import { makeLayers } from "./layers.js";
import { explained, make } from "../frame/make.js";

const QUIET = 600; // milliseconds after a touch in which the server's older settings are not shown
const BETWEEN = 120; // milliseconds between two messages while a slider moves
const WORDS = {
  classes: "Classification", numbers: "Regression", plane: "A plane", gaussians: "Hills and hollows",
  animals: "Fish or goat", xor: "XOR", circles: "Circles", spirals: "Spirals", curve: "A curve you type", own: "Your own points",
  SoftmaxCrossEntropy: "Softmax cross-entropy", CrossEntropy: "Cross-entropy", SquaredError: "Squared error", SGD: "SGD with momentum", Adam: "Adam",
};

const HELP = {
  data: "The points that the network learns from. Paint your own to see what it makes of them. " +
    "In classification each is of a class; in regression each has a number from −1 to 1, which is its colour.",
  classes: "How many kinds of points there are, and so how many outputs the network has.",
  cost: "What training makes small: one number for how far the outputs are from the targets. Cross-entropy " +
    "and squared error come after a softmax layer; the first one has it in itself.",
  optimizer: "How a step is made from the gradient. Adam scales the step of each weight by itself.",
  lr: "How far each step goes. Too large and the cost jumps up, too small and nothing moves.",
  momentum: "How much of the last step goes on in the next one.",
  batch_size: "How many examples the gradient of one step is averaged over.",
  noise: "Random numbers that are added to the inputs while it trains; this is their standard deviation.",
  curve: "Points above it are of one class, those below of the other: x from 0 to 1, numbers, + - * / ^, parentheses, pi, e, sin, " +
    "cos, tan, tanh, exp, log, sqrt, abs. Enter takes it.",
  data_noise: "How far the points are moved at random, in sides of the square: this is their standard deviation. XOR gets " +
    "25 points at each corner.",
  share: "The part of the points that it learns from; the others, drawn as rings, test it. Of your own points three of " +
    "four are learned from, and XOR without noise has four points, which do both.",
  weight_decay: "Lets weights shrink a little at each step (L2), so that only those stay large that the data need.",
  l1: "Pulls each weight towards 0 by the same amount at each step (L1): what the data do not need becomes exactly 0, and its " +
    "line grey. There it stays as long as the gradient of the cost is smaller than this number.",
  dropout: "The part of the outputs that is set to 0 at random while it trains, so that none is relied on alone.",
  seed: "Where the random numbers start. The same seed gives the same first weights and the same order.",
  broken: "A mistake in one backward pass: see what it does, and whether the check finds it.",
};

// `words` may stand in groups, {name: words}.
function select(id, label, help, words, onValue) {
  const listed = (some) => some.map((word) => make("option", { value: String(word), text: WORDS[word] ?? String(word) }));
  const element = make("select", { id }, ...Array.isArray(words) ? listed(words)
    : Object.entries(words).map(([name, some]) => make("optgroup", { label: WORDS[name] }, ...listed(some))));
  element.addEventListener("change", () => onValue(element.value));
  const field = make("div", { class: "field" }, explained(make("label", { for: id, text: label }), help), element);
  return { element: field, select: element };
}

// On a phone they are closed, so that the knobs are near the picture.
function group(title, ...children) {
  const open = !window.matchMedia("(max-width: 56rem)").matches;
  return make("details", { class: "group", open }, make("summary", {}, make("h3", { text: title })),
    make("div", { class: "group-parts" }, ...children));
}

/**
 * Make the form in a place.
 * @param {HTMLElement} host
 * @param {"digits"|"points"} which
 * @param {object} options of the server
 * @param {(settings: object) => void} onChange called with whole settings, at most some times a second
 * @returns {{show: Function, current: () => object, change: (part: object) => void}} `show` takes whole settings of the
 *   server, whether they are shown though the form was just touched, and what holds where they say nothing; `change`
 *   is what a knob elsewhere calls
 */
export function makeSettings(host, which, options, onChange) {
  const id = `${which}-set`;
  let current = { ...options.defaults[which] };
  host.inert = true; // until the server has said what is set, which would undo a quick hand's change
  let touched = 0;
  let latest = null;
  let usual = {}; // what holds where a setting says nothing
  let sending = null;
  let later = null;

  function change(part) {
    current = { ...current, ...part };
    touched = performance.now();
    sending ??= setTimeout(() => {
      sending = null;
      onChange(current);
    }, BETWEEN);
    hints();
    fitTargets();
  }

  const fields = {}; // name of a setting -> a <select>
  const knobs = {};
  const choose = (name, label, words, number = false) => {
    const made = select(`${id}-${name}`, label, HELP[name], words, (value) =>
      change({ [name]: number ? Number(value) : value || null }));
    fields[name] = made.select;
    return made.element;
  };
  const turn = (name, label) => {
    const { first: low, last: high, step } = options.knobs[which][name];
    const range = step === null ? { low, high, log: true } : { low, high, step };
    knobs[name] = makeKnob({ id: `${id}-${name}`, label, help: HELP[name], ...range }, (value) => change({ [name]: value }));
    return knobs[name].element;
  };

  const layers = makeLayers({
    id, activations: options.activations, convolutions: which === "digits", most: options.limits.layers,
  }, (next) => change({ layers: next }));

  host.addEventListener("submit", (event) => event.preventDefault()); // Enter in a field is no reason to load the page
  const curve = make("input", {
    type: "text", id: `${id}-curve`, maxlength: options.limits.curve_letters,
    autocomplete: "off", spellcheck: "false", autocapitalize: "off",
  });
  curve.addEventListener("change", () => change({ curve: curve.value }));
  const curveField = make("div", { class: "field" }, explained(make("label", { for: curve.id, text: "Curve" }), HELP.curve), curve);
  if (which === "points") {
    host.append(group("Data", choose("data", "Points", options.datasets), curveField,
      choose("classes", "Classes", options.point_classes.map((_, i) => i + 1).slice(1), true),
      turn("data_noise", "Noise of the points"),
      turn("share", "Share to learn from")));
  }
  const costOfNumbers = make("p", {
    class: "hint", hidden: true,
    text: `The output is one number y, and the cost half the squared error: C = ${options.cost_of_numbers}, where t is the target.`,
  });
  host.append(group("Network", layers.element, choose("cost", "Cost", options.costs), costOfNumbers));

  const speed = make("p", { class: "hint" });
  host.append(group("Learning",
    choose("optimizer", "Optimizer", options.optimizers),
    turn("lr", "Learning rate"), speed,
    turn("momentum", "Momentum"),
    turn("batch_size", "Examples in a batch")));

  const harder = [
    turn("weight_decay", "Weight decay (L2)"),
    turn("l1", "Weights to 0 (L1)"),
    turn("noise", "Noise on the inputs"),
    turn("dropout", "Dropout after hidden layers")];
  const moved = make("input", { type: "checkbox", id: `${id}-augmentation` });
  moved.addEventListener("change", () => change({ augmentation: moved.checked }));
  if (which === "digits") {
    harder.push(make("label", { class: "tick" }, moved, "Shift, turn and bend the digits"));
  }
  host.append(group("Against overfitting", ...harder));

  const seed = make("input", { type: "number", id: `${id}-seed`, min: 0, step: 1, inputmode: "numeric" });
  const setSeed = (value) => {
    seed.value = value;
    change({ seed: value });
  };
  seed.addEventListener("change", () => {
    if (seed.value !== "" && Number(seed.value) >= 0) {
      setSeed(Math.floor(Number(seed.value)));
    }
  });
  const another = make("button", {
    type: "button", class: "small", text: "Another", onclick: () => setSeed(Math.floor(Math.random() * 10000)),
  });
  const broken = choose("broken", "Broken backward", ["",
    ...options.lessons.filter((lesson) => lesson.of_a_layer).map((lesson) => lesson.name)]);
  fields.broken.options[0].textContent = "none, all is right";
  host.append(group("Start and mistakes",
    make("div", { class: "field" }, explained(make("label", { for: seed.id, text: "Seed of the first weights" }), HELP.seed),
      make("div", { class: "knob-parts" }, seed, another)),
    broken));

  function hints() {
    knobs.momentum.element.querySelector("label").textContent =
      current.optimizer === "Adam" ? "Momentum (beta 1 of Adam)" : "Momentum";
    const steep = current.optimizer === "Adam" && current.lr > 0.02;
    speed.textContent = steep ? "Adam mostly likes 0.001 to 0.01." : "";
    speed.hidden = !steep;
  }

  // Classes and their cost are chosen only where there are any.
  function fitTargets() {
    if (which === "points") {
      const isNumber = options.datasets.numbers.includes(current.data);
      for (const name of ["classes", "cost"]) {
        fields[name].closest(".field").hidden = isNumber;
      }
      costOfNumbers.hidden = !isNumber;
    }
  }

  function put(settings, force) {
    current = { ...settings };
    host.inert = false;
    for (const [name, field] of Object.entries(fields)) {
      field.value = String(current[name] ?? "");
    }
    for (const [name, knob] of Object.entries(knobs)) {
      knob.show(current[name] ?? usual[name] ?? "", force);
    }
    if (which === "points") {
      knobs.data_noise.enable(current.data !== "own");
      knobs.share.enable(current.data !== "xor" || current.data_noise > 0);
    }
    if (force || document.activeElement !== seed) {
      seed.value = current.seed;
    }
    curveField.hidden = current.data !== "curve";
    if (document.activeElement !== curve) { // what was refused is there to be mended
      curve.value = current.curve;
    }
    moved.checked = Boolean(current.augmentation);
    layers.show(current.layers);
    hints();
    fitTargets();
  }

  let seen = "";
  // What the server said last is shown once the form was left alone: until then it may be older than the form.
  function settle(force) {
    clearTimeout(later);
    const wait = touched + QUIET - performance.now();
    if (!force && (sending !== null || wait > 0)) {
      later = setTimeout(() => settle(false), Math.max(wait, BETWEEN));
      return;
    }
    seen = JSON.stringify([latest, usual]);
    put(latest, force);
  }

  return {
    show(settings, force = false, otherwise = usual) {
      usual = otherwise;
      latest = settings;
      const isNew = JSON.stringify([settings, usual]) !== seen;
      if (force || isNew || JSON.stringify(settings) !== JSON.stringify(current)) {
        settle(force);
      }
    },
    current: () => current,
    change,
  };
}
