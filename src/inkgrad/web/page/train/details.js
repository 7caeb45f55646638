/** Histograms of the weights and gradients of each layer, and how many units are dead; asked for only while open. */
import { colours } from "../learning/charts.js";
import { make, say, shown, whenSized } from "../frame/make.js";
import { placeName } from "../frame/names.js";

const WIDTH = 240;
const HEIGHT = 64;

function drawBars(canvas, { counts }, colour) {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = WIDTH * scale;
  canvas.height = HEIGHT * scale;
  const brush = canvas.getContext("2d");
  brush.scale(scale, scale);
  brush.fillStyle = colour;
  const highest = Math.max(1, ...counts);
  const wide = WIDTH / counts.length;
  counts.forEach((count, i) => {
    const high = count ? Math.max(1, (HEIGHT * count) / highest) : 0;
    brush.fillRect(i * wide, HEIGHT - high, wide - 1, high);
  });
}

function histogram(title) {
  const canvas = make("canvas", { width: WIDTH, height: HEIGHT, role: "img", class: "histogram" });
  const from = make("span");
  const to = make("span");
  return {
    element: make("div", { class: "spread-of" }, make("p", { class: "hint", text: title }), canvas,
      make("p", { class: "hint ends" }, from, to)),
    draw(values, colour) {
      canvas.hidden = !values;
      say(to, "");
      if (!values) {
        say(from, "some are no numbers: the learning rate is too large");
        return;
      }
      drawBars(canvas, values, colour);
      say(from, shown(values.from));
      say(to, shown(values.to));
      canvas.setAttribute("aria-label", `${title} from ${shown(values.from)} to ${shown(values.to)}`);
    },
  };
}

function layerPanel() {
  const name = make("h4");
  const dead = make("p", { class: "dead" });
  const weights = histogram("weights");
  const gradients = histogram("gradients");
  return {
    element: make("li", {}, make("div", { class: "row spread" }, name, dead), weights.element, gradients.element),
    draw(layer, palette) {
      say(name, placeName(layer.layer));
      const known = layer.units !== null && layer.units !== undefined;
      say(dead, known ? `${layer.dead} of ${layer.units} units dead` : "");
      dead.classList.toggle("some", known && layer.dead > 0);
      weights.draw(layer.weights, palette.lines[0]);
      gradients.draw(layer.gradients, palette.lines[1]);
    },
  };
}

/**
 * Fill a <details> with the panels.
 * @param {HTMLDetailsElement} panel
 * @param {{details: (wanted: boolean) => void, listen: Function}} line the training
 */
export function makeDetails(panel, line) {
  const list = make("ul", { class: "histograms" });
  const none = make("p", { class: "hint", text: "Waiting for them ..." });
  panel.append(make("p", {
    class: "hint",
    text: "Weights and their gradients of each layer. A dead unit gives the same for all examples, so it says nothing.",
  }), none, list);
  let panels = [];
  let latest = null;

  function draw() {
    none.hidden = Boolean(latest?.length);
    if (!panel.open || !latest || list.clientWidth === 0) {
      return;
    }
    if (panels.length !== latest.length) {
      panels = latest.map(layerPanel);
      list.replaceChildren(...panels.map((each) => each.element));
    }
    const palette = colours();
    latest.forEach((layer, i) => panels[i].draw(layer, palette));
  }

  let asked = false;
  panel.addEventListener("toggle", () => {
    if (panel.open !== asked) {
      asked = panel.open;
      line.details(asked);
    }
    draw();
  });
  line.listen((all) => {
    latest = all.layers;
    draw();
  });
  whenSized(list, draw);
  document.addEventListener("themechange", draw);
}
