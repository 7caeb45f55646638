/** One step in slow motion: forward values, the cost, and the gradient back along the lines of the picture. */
import { post } from "../frame/api.js";
import { make, say, shown } from "../frame/make.js";
import { LINEAR } from "../frame/names.js";
import { attempt } from "../frame/notice.js";

const MOST = 6; // terms of a sum that are written out
const number = (value) => shown(value).replaceAll("-", "−");

// A number after a minus.
const bracketed = (value) => (value < 0 ? `(${number(value)})` : number(value));

// A sum in words; of a long one its beginning.
function sum(terms) {
  const few = terms.length > MOST ? [...terms.slice(0, MOST - 1), "..."] : terms;
  return few.join(" + ").replaceAll("+ −", "− ");
}

// What is told and shown at each place of the way, from what the server found.
function phasesOf(found, { settings, labels, targets }, costOfNumbers) {
  const n = found.values.length;
  const last = n - 1;
  const isNumber = targets === "numbers";
  const activation = (column) => settings.layers[column - 1]?.activation ?? (isNumber ? LINEAR : "softmax");
  const unitName = (column, row) => (column === n ? labels[row] ?? "Output" : `Unit ${row + 1} of hidden layer ${column}`);
  const largest = found.dW.map((matrix) => Math.max(1e-12, ...matrix.flat().map(Math.abs)));
  const isWrong = new Set(found.wrong.map(String));
  const still = {
    moving: null, back: false, line: () => null, wrong: () => false, strength: () => 0, number: () => null,
    unit: () => null, weight: () => null,
  };
  const before = (column) => (column === 0 ? found.inputs : found.values[column - 1]);
  const forward = (column, row) => {
    const terms = before(column - 1).map((value, i) => `${number(found.weights[column - 1][i]?.[row])} · ${number(value)}`);
    return `${unitName(column, row)}: z = ${number(found.biases[column - 1][row])} + ${sum(terms)} = ` +
      `${number(found.z[column - 1][row])}${activation(column) === LINEAR ? ", which is what it gives." :
        `, and ${activation(column)} makes ${number(found.values[column - 1][row])} of it.`}`;
  };
  const backward = (column, row) => {
    const dz = number(found.dz[column - 1][row]);
    if (column === n && isNumber) {
      return `${unitName(column, row)}: dC/dz = y − t = ${number(found.values[last][0])} − ${bracketed(found.target)} = ${dz}, from the cost.`;
    }
    if (column === n) {
      return `${unitName(column, row)}: dC/dz = ${dz}, from the cost${settings.cost === "SoftmaxCrossEntropy" ? "" : " back through the softmax"}.`;
    }
    const terms = found.weights[column][row].map((weight, j) => `${number(weight)} · ${number(found.dz[column][j])}`);
    const slope = activation(column) === LINEAR ? "a is z, so" : `times the slope of ${activation(column)}`;
    return `${unitName(column, row)}: dC/da = Σ w · dC/dz = ${sum(terms)}; ${slope} that is dC/dz = ${dz}.`;
  };
  const dW = (gap, row, column, sign) => {
    const differences = found.by_differences?.[gap][row][column];
    const same = isWrong.has(String([gap, row, column])) ? " WRONG: by differences" : " by differences";
    return `dC/dw = ${sign} · dC/dz = ${number(before(gap)[row])} · ${number(found.dz[gap][column])} = ` +
      `${number(found.dW[gap][row][column])}${differences === undefined ? "" : `,${same} ${number(differences)}`}`;
  };

  const upTo = (until) => (column, row) => (column <= until ? before(column)[row] ?? null : null);
  const phases = [{
    title: "An example comes in",
    text: `Example ${found.example + 1} of ${found.examples}, ` +
      `${isNumber ? `whose target is ${number(found.target)}` : `of the class ${labels[found.target]}`}, is marked on the plane.` +
      `${settings.noise || settings.dropout ? " Noise and dropout are left out." : ""}`,
    overlay: { ...still, number: upTo(0) },
  }];
  for (let column = 1; column <= n; column += 1) {
    phases.push({
      title: column === n ? "Forward, to the output" : `Forward, to hidden layer ${column}`,
      text: `Each unit adds up w · a over its lines, and its bias: z = b + Σ w a. ${forward(column, 0)}`,
      overlay: {
        ...still, moving: column - 1, number: upTo(column),
        unit: (at, row) => (at > 0 && at <= column ? forward(at, row) : null),
      },
    });
  }
  const parted = found.wrong.length;
  phases.push({
    title: "The cost",
    text: isNumber
      ? `The target is t = ${number(found.target)}, and the network gives y = ${number(found.values[last][0])}. ` +
        `${found.cost_layer.kind} gives C = ${costOfNumbers} = ${number(found.cost)}: one number for how wrong it is.`
      : `The class is ${labels[found.target]}, to which the network gives ${number(found.values[last][found.target])}. ` +
        `${found.cost_layer.kind} gives C = ${number(found.cost)}: one number for how wrong it is.`,
    overlay: { ...still, number: upTo(n) },
  });
  for (let column = n; column >= 1; column -= 1) {
    const wrongHere = found.wrong.filter(([gap]) => gap === column - 1).length;
    phases.push({
      title: column === n ? "Back, from the cost to the output" : `Back, to hidden layer ${column}`,
      text: `${backward(column, 0)} Each line to it gets dC/dw = a · dC/dz, which is its colour and width now.` +
        `${wrongHere ? ` On ${wrongHere} of these lines the differences say something else: backward is wrong.` : ""}`,
      overlay: {
        ...still, moving: column - 1, back: true,
        number: (at, row) => (at >= column && at > 0 ? found.dz[at - 1][row] : null),
        line: (gap, row, to) => (gap >= column - 1 ? found.dW[gap][row]?.[to] ?? null : null),
        strength: (value, gap) => Math.abs(value) / largest[gap],
        wrong: (...place) => isWrong.has(String(place)),
        unit: (at, row) => (at >= column && at > 0 ? backward(at, row) : null),
        weight: (gap, row, to, sign) => (gap >= column - 1 ? dW(gap, row, to, sign) : null),
      },
    });
  }
  const checked = found.by_differences === null ? "" : parted
    ? ` Differences of the cost say something else on ${parted} lines, drawn dashed: find the mistake with Check.`
    : " Differences of the cost, (C(w + h) − C(w − h)) / 2h, say the same on every line.";
  phases.push({
    title: "The step",
    text: `A step takes the mean of dC/dw over the examples of a batch, ${settings.batch_size} here, and moves each weight ` +
      `against it, by the learning rate ${number(settings.lr)}.${checked}`,
    overlay: phases.at(-1).overlay,
  });
  return phases;
}

/**
 * Make the panel that goes through a step; it is hidden until it is opened.
 * @param {HTMLElement} host
 * @param {HTMLButtonElement} opener
 * @param {object} picture of the network
 * @param {{send: (message: object) => void, mark: (point: number[]|null) => void, costOfNumbers: string}} told the
 *   last is its formula
 * @returns {{show: (state: object) => void}} told each state, as another one ends it
 */
export function makeSlow(host, opener, picture, { send, mark, costOfNumbers }) {
  let state = null;
  let phases = null;
  let at = 0;
  let example = 0;
  let standing = null; // which step and settings it is about

  const title = make("h4");
  const text = make("p", { class: "hint" });
  const button = (words, onclick, kind = "small") => make("button", { type: "button", class: kind, text: words, onclick });
  const back = button("Back", () => go(at - 1));
  const next = button("Next", () => (at === phases.length - 1 ? take() : go(at + 1)), "small main");
  const other = button("Another example", () => open(example + 1));
  host.hidden = true;
  host.replaceChildren(title, make("div", { role: "status" }, text),
    make("div", { class: "row" }, back, next, other, button("Close", close, "small quiet")));
  opener.addEventListener("click", () => open(example));

  const placeOf = ({ step, settings, n_by_hand }) => JSON.stringify([step, settings, n_by_hand]);

  function go(to) {
    at = to;
    const phase = phases[at];
    say(title, `${at + 1} of ${phases.length}: ${phase.title}`);
    say(text, phase.text);
    back.disabled = at === 0;
    say(next, at === phases.length - 1 ? "Take the step" : "Next");
    picture.over(phase.overlay);
  }

  async function open(which) {
    send({ do: "pause" });
    const found = await attempt(() => post("/api/slow", { example: which % state.points.length }));
    if (found) {
      example = found.example;
      standing = placeOf(state);
      phases = phasesOf(found, state, costOfNumbers);
      mark([...found.point, found.target]);
      host.hidden = false;
      go(0);
      next.focus({ preventScroll: true });
      host.parentElement.scrollIntoView({ block: "start" }); // picture and words together
    }
  }

  function close() {
    phases = null;
    host.hidden = true;
    mark(null);
    picture.over(null);
  }

  function take() {
    close();
    send({ do: "step" });
    opener.focus({ preventScroll: true });
  }

  return {
    show(now) {
      state = now;
      if (phases && placeOf(now) !== standing) {
        close();
      }
    },
  };
}
