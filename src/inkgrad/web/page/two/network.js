/** The network as a picture: inputs, units and outputs as thumbnails in columns, weights as lines between them. */
import { isSeen, make, say, shown, whenSized } from "../frame/make.js";
import { LINEAR, networkName } from "../frame/names.js";
import { fromBase64 } from "../parts/pixels.js";
import { makePanel } from "./panel.js";
import { classColours, shareImage, unitImage } from "./plane.js";

const SVG = "http://www.w3.org/2000/svg";
const FEATURE_NAMES = { x1: "x₁", x2: "x₂", x1x1: "x₁²", x2x2: "x₂²", x1x2: "x₁x₂", sin1: "sin 2πx₁", sin2: "sin 2πx₂" };
const SIDES = [[8, 36], [11, 30], [99, 25]]; // so many units fit in a column, with thumbnails so wide
const HEAD = 54; // height of the titles above the columns
const LEFT = 76; // room for the names of the inputs
const RIGHT = 74; // and of the classes
const LEAST = 140; // between the left edges of two columns
const NEAR = 9; // between a line and the pointer that means it
const FINGER = 18; // and a finger
const UNDER = "₀₁₂₃₄₅₆₇₈₉";

const indexed = (letter, n) => letter + [...String(n)].map((digit) => UNDER[digit]).join("");

// A number that fits on a thumbnail.
function short(value) {
  const size = Math.abs(value);
  const text = value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  return (Number(text) === 0 ? "0" : text).replace("-", "−");
}

// A line is thicker for a larger weight, and never fills the room of a unit.
const widthOf = (weight) => 0.75 + 7 * (1 - Math.exp(-Math.abs(weight) / 3));

// How far down a line between two columns is, as a share of its fall, at a share of the way across.
function fallAt(across) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 20; i += 1) { // the curve's x is 3/2 (t - t²) + t³, which only grows
    const t = (low + high) / 2;
    if (1.5 * (t - t * t) + t ** 3 < across) {
      low = t;
    } else {
      high = t;
    }
  }
  return 3 * low ** 2 - 2 * low ** 3;
}

/**
 * Make the picture in a place.
 * @param {HTMLElement} host
 * @param {{name: string, image: string}[]} features that a network may have as inputs
 * @param {{onLook: Function, onChange: Function, send: Function}} told `onLook` gets the unit to show large, as {bytes, label, name},
 *   or null; `onChange` the part of the settings that is changed; `send` orders for the server
 * @returns {{show: (state: object) => void, over: (overlay: object|null) => void}} `over` lays an overlay on the picture:
 *   `number` of a (column, row) is written on a unit, null for none; `line` of a (gap, row, column) is what a line shows
 *   instead of its weight, null for none; `wrong` whether that is wrong, `moving` which gap moves, and `back` which way;
 *   `unit` and `weight` say in words what a unit and a line have
 */
export function makeNetwork(host, features, { onLook, onChange, send }) {
  const lines = document.createElementNS(SVG, "svg");
  lines.setAttribute("aria-hidden", "true");
  const tip = make("p", { class: "net-tip", hidden: true, "aria-hidden": "true" });
  const sheet = make("div", { class: "net-sheet" });
  const frame = make("div", { class: "net-frame" }, sheet);
  const said = make("p", { class: "hint net-said", role: "status" });
  const corner = make("div", { class: "net-panel" });
  const panel = makePanel(corner, { send, onClose: () => choose(null) });
  host.replaceChildren(frame, said, corner);

  let shape = "";
  let latest = null;
  let columns = []; // of [{button, name, bytes, label, used, x, y}]
  let paths = []; // of a gap between two columns: [{path, from, to}]
  let chosen = null; // [column, row] that is shown large until it is pressed again
  let overlay = null;
  let current = [0, 0]; // where the keyboard is

  const side = () => SIDES.find(([most]) => columns.every((column) => column.length <= most))[1];

  function unit(column, row) {
    return columns[column]?.[row] ?? null;
  }

  function look() {
    const one = chosen && unit(...chosen);
    onLook(one ? { bytes: one.bytes, label: one.label, name: one.name } : null);
  }

  function press(column, row) {
    if (column === 0) {
      const names = columns[0].filter((one, i) => (i === row ? !one.used : one.used)).map((one) => one.feature);
      if (names.length) {
        onChange({ features: names });
      } else {
        say(said, "A network needs an input: press another one first.");
      }
      return;
    }
    choose(chosen && chosen[0] === column && chosen[1] === row ? null : [column, row]);
    light(column, row);
  }

  function choose(next) {
    chosen = next;
    for (const one of columns.slice(1).flat()) {
      one.button.setAttribute("aria-pressed", String(chosen !== null && one === unit(...chosen)));
    }
    look();
    open();
  }

  // The panel of the unit that is chosen.
  function open() {
    const one = chosen && unit(...chosen);
    if (!one) {
      panel.show(null);
      return;
    }
    const layer = one.column - 1;
    const terms = columns[layer].filter((from) => from.used).map((from) =>
      ({ row: rowOf(from), sign: from.sign, value: weight(from, one) }));
    panel.show({
      name: one.name, layer, column: one.row, terms: [{ row: null, sign: "", value: latest.boundary.biases[layer][one.row] }, ...terms],
      unit: one.column < columns.length - 1 ? { layer, unit: one.row } : null, isOut: isOut(one),
    });
  }

  function isOut(one) {
    return latest.out.some(([layer, row]) => layer === one.column - 1 && row === one.row);
  }

  // Rows of a weight matrix are the inputs that are used, in their order.
  function rowOf(one) {
    return one.column > 0 ? one.row : columns[0].filter((other) => other.used).indexOf(one);
  }

  function weight(from, to) {
    return latest.boundary.weights[to.column - 1]?.[rowOf(from)]?.[to.row] ?? null;
  }

  function light(column, row, alone = null) {
    const one = column === null ? null : unit(column, row);
    paths.flat().forEach(({ path, from, to }) =>
      path.classList.toggle("lit", alone ? path === alone : one !== null && (to === one || (from === one && one.used))));
    lines.classList.toggle("some", alone !== null || one !== null);
    tell(one);
  }

  // The numbers of a unit in words, which is all that who sees no lines needs.
  function tell(one) {
    const told = overlay && one && (one.column > 0 || one.used) ? overlay.unit(one.column, rowOf(one)) : null;
    if (told) {
      say(said, told);
      return;
    }
    if (!one) {
      say(said, `${networkName(latest.network)}, ${latest.n_parameters.toLocaleString("en")} parameters`);
      return;
    }
    if (one.column === 0) {
      say(said, `${one.name}: ${one.used ? "an input of the network" : "not used"}. Press to ` +
        `${one.used ? "take it away" : "use it"}; the network begins anew.`);
      return;
    }
    const terms = columns[one.column - 1].filter((from) => from.used).map((from) =>
      `${shown(weight(from, one))} · ${from.sign}`);
    const bias = latest.boundary.biases[one.column - 1][one.row];
    const more = latest.settings.layers[one.column - 2]?.size > terms.length ? " + ..." : "";
    const sum = `${shown(bias)} + ${terms.join(" + ")}${more}`;
    say(said, `${one.name} = ${one.wraps === LINEAR ? sum : `${one.wraps}(${sum})`}`.replaceAll("+ -", "− ").replaceAll("-", "−"));
  }

  function button(column, row, about) {
    const canvas = make("canvas", { width: latest.boundary.unit_n, height: latest.boundary.unit_n, "aria-hidden": "true" });
    const made = make("button", {
      type: "button", class: "unit", "aria-pressed": "false", "aria-label": about.described, tabindex: "-1",
      onclick: () => press(column, row),
      onfocus: () => {
        current = [column, row];
        roam();
        light(column, row);
      },
      onblur: () => light(null),
    }, canvas);
    made.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") {
        const one = unit(column, row);
        onLook({ bytes: one.bytes, label: one.label, name: one.name });
        light(column, row);
      }
    });
    made.addEventListener("pointerleave", () => {
      look();
      light(null);
    });
    const number = make("span", { class: "unit-number", "aria-hidden": "true" });
    made.append(number);
    return { ...about, column, row, button: made, canvas, number };
  }

  // One stop of the tab key is enough; from there the arrows go.
  function roam() {
    const stop = unit(...current) ?? columns[0][0];
    columns.flat().forEach((one) => {
      one.button.tabIndex = one === stop ? 0 : -1;
    });
  }

  function move(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) {
      return;
    }
    event.preventDefault();
    const column = Math.min(columns.length - 1, Math.max(0, current[0] + way[0]));
    const row = Math.min(columns[column].length - 1, Math.max(0, current[1] + way[1]));
    unit(column, row).button.focus();
  }

  function build() {
    const { settings, boundary, targets, labels } = latest;
    chosen = null;
    const used = new Set(settings.features);
    columns = [features.map(({ name, image }, row) => button(0, row, {
      feature: name, name: FEATURE_NAMES[name], sign: FEATURE_NAMES[name], used: used.has(name), bytes: fromBase64(image),
      label: null, described: `Input ${FEATURE_NAMES[name]}`,
    }))];
    boundary.layers.forEach((units, i) => columns.push(units.map((_, row) => button(i + 1, row, {
      name: `Unit ${row + 1} of hidden layer ${i + 1}`, sign: indexed("h", row + 1), wraps: settings.layers[i].activation,
      used: true, label: null, described: `Unit ${row + 1} of hidden layer ${i + 1}: show it large`,
    }))));
    columns.push(targets === "numbers"
      ? [button(columns.length, 0, { name: "Output", wraps: LINEAR, used: true, label: null, described: "Output: show it large" })]
      : labels.map((name, row) => button(columns.length, row, {
        name, wraps: "softmax of ", used: true, label: row, described: `Output ${name}: show it large`,
      })));
    paths = columns.slice(1).map((column, gap) => column.flatMap((to) =>
      columns[gap].filter((from) => from.used).map((from) => {
        const path = document.createElementNS(SVG, "path");
        return { path, from, to };
      })));
    lines.replaceChildren(...paths.flat().map(({ path }) => path));
    for (const one of columns[0]) {
      one.button.setAttribute("aria-pressed", String(one.used));
      one.button.classList.toggle("idle", !one.used);
    }
    place();
    roam();
  }

  // One unit more, or fewer, in a hidden layer.
  function changer(layer, by) {
    const { layers } = latest.settings;
    const size = layers[layer].size + by;
    return make("button", {
      type: "button", class: "net-changer", text: by > 0 ? "+" : "−", disabled: size < 1,
      "aria-label": `${by > 0 ? "One unit more" : "One unit fewer"} in hidden layer ${layer + 1}`,
      onclick: () => onChange({ layers: layers.map((one, i) => (i === layer ? { ...one, size } : one)) }),
    });
  }

  function titles() {
    const { settings } = latest;
    const hidden = settings.layers.map(({ size, activation }, i) => {
      const few = columns[i + 1].length;
      return [`Hidden ${i + 1}`, `${size > few ? `${few} of ${size}` : size} ${activation}`];
    });
    return [["Inputs", `${settings.features.length} used`], ...hidden, ["Output", latest.targets === "numbers" ? "1 number" : "softmax"]];
  }

  function place() {
    const wide = side();
    const n = columns.length;
    const width = Math.max(frame.clientWidth, LEFT + RIGHT + wide + (n - 1) * LEAST);
    const apart = (width - LEFT - RIGHT - wide) / (n - 1);
    const tall = Math.max(...columns.map((column) => column.length));
    const step = wide + 6;
    const height = HEAD + tall * step;
    sheet.style.width = `${width}px`;
    sheet.style.height = `${height}px`;
    lines.setAttribute("width", width);
    lines.setAttribute("height", height);
    const heads = titles().map(([title, about], i) => {
      const isHidden = i > 0 && i < n - 1;
      const head = make("div", { class: "net-head" }, make("p", {},
        isHidden ? changer(i - 1, -1) : "", make("b", { text: title }), isHidden ? changer(i - 1, 1) : ""),
      make("span", { text: about }));
      head.style.left = `${LEFT + i * apart + wide / 2}px`;
      return head;
    });
    const names = [];
    columns.forEach((column, i) => column.forEach((one, row) => {
      one.x = LEFT + i * apart;
      one.y = HEAD + (tall - column.length) * step / 2 + row * step;
      one.button.style.cssText = `left: ${one.x}px; top: ${one.y}px; width: ${wide}px; height: ${wide}px`;
      if (i === 0 || i === n - 1) {
        const name = make("span", { class: i === 0 ? "net-name before" : "net-name", text: one.name, "aria-hidden": "true" });
        name.style.cssText = i === 0
          ? `right: ${width - one.x + 7}px; top: ${one.y + wide / 2}px`
          : `left: ${one.x + wide + 7}px; top: ${one.y + wide / 2}px`;
        name.classList.toggle("unused", !one.used);
        names.push(name);
      }
    }));
    for (const { path, from, to } of paths.flat()) {
      const [x0, x1, y0, y1] = [from.x + wide, to.x, from.y + wide / 2, to.y + wide / 2];
      const middle = (x0 + x1) / 2;
      path.setAttribute("d", `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`);
    }
    sheet.replaceChildren(lines, ...heads, ...names, ...columns.flat().map((one) => one.button), tip);
  }

  function draw() {
    if (!latest || !isSeen(host)) {
      return;
    }
    const { boundary } = latest;
    const colours = classColours();
    boundary.layers.forEach((units, i) => units.forEach((text, row) => {
      unit(i + 1, row).bytes = fromBase64(text);
    }));
    boundary.outputs.forEach((text, row) => {
      unit(columns.length - 1, row).bytes = fromBase64(text);
    });
    for (const one of columns.flat()) {
      const image = one.label === null
        ? unitImage(one.bytes, boundary.unit_n, colours)
        : shareImage(one.bytes, boundary.unit_n, colours, one.label);
      one.canvas.getContext("2d").putImageData(image, 0, 0);
    }
    for (const one of columns.slice(1).flat()) {
      one.button.classList.toggle("idle", isOut(one));
    }
    for (const { path, from, to } of paths.flat()) {
      const place = [to.column - 1, rowOf(from), to.row];
      const instead = overlay?.line(...place) ?? null;
      const value = instead === null ? weight(from, to) : instead;
      const kinds = [value === 0 ? "zero" : value < 0 ? "below" : "above", path.classList.contains("lit") && "lit"];
      if (overlay) {
        kinds.push(overlay.moving === place[0] ? "moving" : "still", overlay.back && "back");
        kinds.push(instead !== null && overlay.wrong(...place) && "wrong");
      }
      path.setAttribute("class", kinds.filter(Boolean).join(" "));
      path.setAttribute("stroke-width", (instead === null ? widthOf(value) : 1 + 7 * overlay.strength(value, place[0])).toFixed(2));
    }
    for (const one of columns.flat()) {
      const number = overlay && one.used ? overlay.number(one.column, rowOf(one)) : null;
      say(one.number, number === null ? "" : short(number));
    }
  }

  // The line that the pointer is near, if it is near one.
  function lineAt(event) {
    const box = sheet.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const wide = side();
    let best = null;
    let least = event.pointerType === "touch" ? FINGER : NEAR;
    for (const gap of paths) {
      const [x0, x1] = gap.length ? [gap[0].from.x + wide, gap[0].to.x] : [0, 0];
      if (x <= x0 || x >= x1) {
        continue;
      }
      const fall = fallAt((x - x0) / (x1 - x0));
      for (const line of gap) {
        const away = Math.abs(y - wide / 2 - line.from.y - (line.to.y - line.from.y) * fall);
        if (away < least) {
          [best, least] = [line, away];
        }
      }
    }
    return best && { ...best, x, y };
  }

  function point(event) {
    const line = event.target.closest?.(".unit") ? null : lineAt(event);
    tip.hidden = line === null;
    if (line) {
      const value = weight(line.from, line.to);
      const words = overlay?.weight(line.to.column - 1, rowOf(line.from), line.to.row, line.from.sign);
      say(tip, (words ?? `${line.from.sign} → ${line.to.sign ?? line.to.name}  ${shown(value)}`).replaceAll("-", "−"));
      tip.style.left = `${Math.min(line.x + 12, sheet.clientWidth - 120)}px`;
      tip.style.top = `${Math.max(0, line.y - 34)}px`;
      light(null, null, line.path);
    } else if (!event.target.closest?.(".unit")) {
      light(null);
    }
  }

  sheet.addEventListener("pointermove", point);
  sheet.addEventListener("pointerdown", point);
  sheet.addEventListener("click", (event) => {
    const line = event.target.closest?.("button") ? null : lineAt(event);
    if (line) {
      choose([line.to.column, line.to.row]);
      panel.focus(rowOf(line.from));
    }
  });
  sheet.addEventListener("pointerleave", () => {
    tip.hidden = true;
    light(null);
  });
  sheet.addEventListener("keydown", move);
  whenSized(frame, () => {
    if (latest) {
      place();
      draw();
    }
  });
  document.addEventListener("themechange", draw);

  return {
    over(next) {
      overlay = next;
      draw();
      tell(null);
    },
    show(state) {
      latest = state;
      const { boundary, settings, targets, labels } = state;
      const now = JSON.stringify([boundary.layers.map((units) => units.length), settings.layers, settings.features, targets, labels]);
      if (now !== shape) {
        shape = now;
        const hadFocus = sheet.contains(document.activeElement);
        build();
        if (hadFocus) {
          (unit(...current) ?? unit(0, 0)).button.focus();
        }
      }
      draw();
      open();
      if (!sheet.matches(":hover")) {
        look();
        tell(sheet.contains(document.activeElement) ? unit(...current) : null);
      }
    },
  };
}
