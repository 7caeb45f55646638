/** What each hidden unit says over the plane, as small pictures; pressing one shows it large. */
import { isSeen, make, say, whenSized } from "../frame/make.js";
import { classColours, unitImage } from "./plane.js";
import { fromBase64 } from "../parts/pixels.js";

/**
 * Make the pictures in a place.
 * @param {HTMLElement} host
 * @param {(bytes: Uint8Array|null) => void} onChosen the unit to show large, or none
 * @returns {{show: (boundary: object, layers: object[]) => void}}
 */
export function makeUnits(host, onChosen) {
  let shape = "";
  let layers = [];
  let latest = null;
  let chosen = null; // [layer, unit]

  function choose(layer, unit) {
    const again = chosen && chosen[0] === layer && chosen[1] === unit;
    chosen = again ? null : [layer, unit];
    layers.forEach((buttons, i) => buttons.forEach((button, j) =>
      button.setAttribute("aria-pressed", String(Boolean(chosen && chosen[0] === i && chosen[1] === j)))));
    onChosen(bytesOfChosen());
  }

  function bytesOfChosen() {
    const text = chosen && latest ? latest.layers[chosen[0]]?.[chosen[1]] : null;
    return text ? fromBase64(text) : null;
  }

  function build(boundary, settings) {
    chosen = null;
    layers = boundary.layers.map((units, i) => units.map((_, j) => make("button", {
      type: "button", class: "unit", "aria-pressed": "false",
      "aria-label": `Unit ${j + 1} of hidden layer ${i + 1}: show it large`,
      onclick: () => choose(i, j),
    }, make("canvas", { width: boundary.unit_n, height: boundary.unit_n, "aria-hidden": "true" }))));
    host.replaceChildren(...layers.map((buttons, i) => {
      const about = settings[i] ? `${settings[i].size} units, ${settings[i].activation}` : "";
      const some = settings[i] && settings[i].size > buttons.length ? `, the first ${buttons.length}` : "";
      return make("section", {}, make("h4", {}, `Hidden layer ${i + 1} `,
        make("span", { class: "soft", text: about + some })), make("div", { class: "units" }, ...buttons));
    }));
    if (layers.length === 0) {
      host.replaceChildren(make("p", {
        class: "hint", text: "No hidden layer: the boundary can only be a straight line.",
      }));
    }
  }

  function draw() {
    if (!latest || !isSeen(host)) {
      return;
    }
    const colours = classColours();
    latest.layers.forEach((units, i) => units.forEach((text, j) => {
      const image = unitImage(fromBase64(text), latest.unit_n, colours);
      layers[i][j].firstChild.getContext("2d").putImageData(image, 0, 0);
    }));
  }

  whenSized(host, draw);
  document.addEventListener("themechange", draw);
  return {
    show(boundary, settings) {
      latest = boundary;
      const now = JSON.stringify([boundary.layers.map((units) => units.length), settings]);
      if (now !== shape) {
        shape = now;
        build(boundary, settings);
      }
      draw();
      onChosen(bytesOfChosen());
    },
  };
}

/** The key to the plane: each class with its form and colour. */
export function showKey(host, labels, drawPoint) {
  const colours = classColours();
  const scale = Math.min(2, window.devicePixelRatio || 1);
  host.replaceChildren(...labels.map((label, i) => {
    const canvas = make("canvas", { width: 18 * scale, height: 18 * scale, class: "key-mark", "aria-hidden": "true" });
    const brush = canvas.getContext("2d");
    brush.scale(scale, scale);
    drawPoint(brush, 9, 9, i, colours, true, 6);
    const item = make("li", {}, canvas);
    const name = make("span");
    say(name, label);
    item.append(name);
    return item;
  }));
}
