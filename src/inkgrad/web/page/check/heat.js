/** A heat map of one array of a gradient check: how large each error is beside its error bar. */
import { make, say, whenSized } from "../frame/make.js";
import { placeName } from "../frame/names.js";

const MOST = 160; // squares drawn along a side; beyond that a square stands for the worst of several
const HIGHEST = 160; // pixels of a map of few rows; one of many has a pixel a row
const FULL = 3; // powers of ten at which a colour is full
const INSIDE = [30, 92, 190];
const OUTSIDE = [200, 40, 30];
const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** The colour of a power of ten: blue inside the error bar, white at its edge, red outside. */
export function colourOf(power) {
  const to = power < 0 ? INSIDE : OUTSIDE;
  const share = Math.min(1, Math.abs(power) / FULL);
  return to.map((value) => Math.round(255 + (value - 255) * share));
}

function wordsOf(power) {
  if (power >= 6) {
    return "a million error bars or more";
  }
  const times = 10 ** power;
  return `${times >= 100 ? Math.round(times).toLocaleString("en") : Number(times.toPrecision(2))} error bars`;
}

function verdictOf(array) {
  const parts = [["right", array.right], ["wrong", array.wrong], ["at a kink", array.kink],
    ["cannot be told", array.cannot_tell]];
  return parts.filter(([, n]) => n).map(([name, n]) => `${n.toLocaleString("en")} ${name}`).join(", ");
}

/**
 * Make the figure of an array.
 * @param {object} array of the answer of /api/check
 * @returns {HTMLElement}
 */
export function heatMap(array) {
  const { rows, columns, ratio } = array;
  const block = [Math.ceil(rows / MOST), Math.ceil(columns / MOST)];
  const [high, wide] = [Math.ceil(rows / block[0]), Math.ceil(columns / block[1])];
  const canvas = make("canvas", { width: wide, height: high, class: "heat", tabindex: "0", role: "img" });
  const image = new ImageData(wide, high);
  for (let row = 0; row < high; row += 1) {
    for (let column = 0; column < wide; column += 1) {
      let worst = -Infinity;
      for (let i = row * block[0]; i < Math.min(rows, (row + 1) * block[0]); i += 1) {
        for (let j = column * block[1]; j < Math.min(columns, (column + 1) * block[1]); j += 1) {
          worst = Math.max(worst, ratio[i * columns + j]);
        }
      }
      image.data.set([...colourOf(worst), 255], 4 * (row * wide + column));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);

  const frame = make("div", { class: "heat-frame" }, canvas);
  const mark = make("span", { class: "heat-mark", "aria-hidden": "true" });
  frame.append(mark);
  const value = make("output", { class: "hint number", text: "\u00a0" });
  const size = `${rows} × ${columns}`;
  const several = block[0] * block[1] > 1 ? ` A square stands for the worst of up to ${block[0] * block[1]}.` : "";
  canvas.setAttribute("aria-label", `${array.array} of ${placeName(array.layer)}, ${size}: ${verdictOf(array)}`);

  let at = [0, 0];
  function point(row, column) {
    at = [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    const power = ratio[at[0] * columns + at[1]];
    const where = rows === 1 ? `${array.array}[${at[1]}]` : `${array.array}[${at[0]}, ${at[1]}]`;
    say(value, `${where}: ${wordsOf(power)}${power > 0 ? ", outside" : ", inside"}`);
    mark.style.left = `${(100 * Math.floor(at[1] / block[1])) / wide}%`;
    mark.style.top = `${(100 * Math.floor(at[0] / block[0])) / high}%`;
    mark.style.width = `${100 / wide}%`;
    mark.style.height = `${100 / high}%`;
    mark.classList.add("on");
  }
  const toPoint = (event) => {
    const box = canvas.getBoundingClientRect();
    point(Math.floor(((event.clientY - box.top) / box.height) * high) * block[0],
      Math.floor(((event.clientX - box.left) / box.width) * wide) * block[1]);
  };
  canvas.addEventListener("pointermove", toPoint);
  canvas.addEventListener("pointerdown", toPoint);
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) {
      event.preventDefault();
      value.setAttribute("aria-live", "polite"); // read out where keys move, not where a mouse passes
      point(at[0] + move[0] * block[0], at[1] + move[1] * block[1]);
    }
  });

  const figure = make("figure", { class: array.wrong ? "wrong" : "" },
    make("figcaption", {}, make("h4", {}, make("code", { text: array.array }), ` of ${placeName(array.layer)}`),
      make("p", { class: "hint", text: `${size}: ${verdictOf(array)}.${several}` })), frame, value);
  whenSized(figure, () => {
    const cell = Math.max(1, Math.min(22, Math.floor(figure.clientWidth / wide), Math.floor(HIGHEST / high)));
    const broad = Math.max(cell, Math.min(8, Math.floor(figure.clientWidth / wide))); // a tall array is no thread
    canvas.style.width = `${Math.min(figure.clientWidth, wide * broad)}px`;
    canvas.style.height = `${Math.max(high * cell, 14)}px`;
  });
  return figure;
}

/** The key to the colours. */
export function heatKey() {
  const stops = [-3, -1.5, 0, 1.5, 3].map((power) => `rgb(${colourOf(power).join(" ")})`);
  const bar = make("span", { class: "heat-bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  return make("div", { class: "heat-key" }, bar,
    make("p", { class: "hint ends" }, make("span", { text: "÷ 1000" }), make("span", { text: "the error bar" }),
      make("span", { text: "× 1000" })));
}
