/** The plane of two inputs on a canvas: what the network says everywhere, and the points. */
import { isSeen, make, whenSized } from "../frame/make.js";
import { fromBase64 } from "../parts/pixels.js";

const RADIUS = 4.5;
const SMALL = 3.75; // of a point whose target is a number; 240 stand all over the square, and the plane is seen between
const MARGIN = 0.045; // of the canvas around the square, so that points at its edge are whole
const RGB = {
  light: [[29, 95, 190], [214, 84, 10], [20, 128, 84]],
  dark: [[112, 165, 255], [255, 150, 80], [92, 205, 150]],
};
const PAPER = { light: [255, 255, 255], dark: [25, 28, 37] };

/** The colours of the classes and of the paper in the theme that is on. */
export function classColours() {
  const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  return { classes: RGB[theme], paper: PAPER[theme], isDark: theme === "dark" };
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// The colour of a number from -1 to 1, and how strong it is: that of lines below zero, or above.
const toned = (colours, value) => [colours.classes[value < 0 ? 0 : 1], Math.min(1, Math.abs(value)) * 0.85];

const mixed = (colours, [colour, strong]) =>
  colours.paper.map((paper, channel) => paper + (colour[channel] - paper) * strong);

// Classes have a form each beside their colour: a circle, a triangle, a square.
function trace(brush, x, y, label, radius) {
  brush.beginPath();
  if (label === 1) {
    const r = radius * 1.25;
    brush.moveTo(x, y - r);
    brush.lineTo(x + r * 0.95, y + r * 0.75);
    brush.lineTo(x - r * 0.95, y + r * 0.75);
    brush.closePath();
  } else if (label === 2) {
    const r = radius * 0.92;
    brush.rect(x - r, y - r, 2 * r, 2 * r);
  } else {
    brush.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

// Fill what was traced, with a line of so many pixels for its rim, or draw the line alone, as a ring with a rim.
function inkIn(brush, colour, rim, width, filled) {
  if (filled) {
    brush.fillStyle = colour;
    brush.fill();
  } else {
    brush.lineWidth = 4;
    brush.strokeStyle = rim;
    brush.stroke();
  }
  brush.lineWidth = width;
  brush.strokeStyle = filled ? rim : colour;
  brush.stroke();
}

// One point: a filled one of training, else a ring.
function drawPoint(brush, x, y, label, colours, filled, radius = RADIUS) {
  const colour = css(colours.classes[label] ?? colours.classes[0]);
  const rim = css(colours.paper);
  trace(brush, x, y, label, radius);
  inkIn(brush, colour, rim, filled ? 1.25 : 1.75, filled);
}

// A point whose target is a number is of the plane's colour for it, so where the network is right, only its rim is seen.
function drawNumber(brush, x, y, value, colours, filled, radius = SMALL) {
  const colour = css(mixed(colours, toned(colours, value)));
  const rim = colours.isDark ? "rgb(255 255 255 / 75%)" : "rgb(0 0 0 / 60%)";
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
  inkIn(brush, colour, rim, filled ? 1 : 2.5, filled);
}

// An image of n x n on paper, the top row of which is y = 1; of each place its colour, and how strong that is.
function imageOf(n, colours, at) {
  const image = new ImageData(n, n);
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column < n; column += 1) {
      const to = 4 * ((n - 1 - row) * n + column);
      const colour = mixed(colours, at(row * n + column));
      for (let channel = 0; channel < 3; channel += 1) {
        image.data[to + channel] = colour[channel];
      }
      image.data[to + 3] = 255;
    }
  }
  return image;
}

/** The classes over the square, each stronger where the network is surer, unless it is to be as strong everywhere. */
function fieldImage(boundary, n_classes, colours, isSharp) {
  const labels = fromBase64(boundary.class);
  const sure = fromBase64(boundary.sure);
  const least = 1 / n_classes;
  return imageOf(boundary.n, colours, (from) => {
    const share = isSharp ? 1 : Math.max(0, sure[from] / 255 - least) / (1 - least);
    return [colours.classes[labels[from]] ?? colours.classes[0], 0.1 + 0.5 * share];
  });
}

/** The output of one unit over the square: the colour of lines below zero, and that above, or only which of them. */
export function unitImage(bytes, n, colours, isSharp = false) {
  return imageOf(n, colours, (from) => {
    const value = (bytes[from] - 128) / 127;
    return toned(colours, isSharp ? Math.sign(value) : value);
  });
}

/** The probability of one class over the square, in its colour. */
export function shareImage(bytes, n, colours, label) {
  return imageOf(n, colours, (from) => [colours.classes[label], (bytes[from] / 255) * 0.85]);
}

/** The key to the plane: each class with its form and colour. */
export function showKey(host, labels) {
  const colours = classColours();
  const scale = Math.min(2, window.devicePixelRatio || 1);
  host.replaceChildren(...labels.map((label, i) => {
    const canvas = make("canvas", { width: 18 * scale, height: 18 * scale, class: "key-mark", "aria-hidden": "true" });
    const brush = canvas.getContext("2d");
    brush.scale(scale, scale);
    drawPoint(brush, 9, 9, i, colours, true, 6);
    return make("li", {}, canvas, make("span", { text: label }));
  }));
}

/** The key to a plane of numbers: its colours from -1 to 1. */
export function showScale(host) {
  const colours = classColours();
  const canvas = make("canvas", { width: 201, height: 1, class: "key-scale", "aria-hidden": "true" });
  const image = new ImageData(201, 1);
  for (let k = 0; k <= 200; k += 1) {
    image.data.set([...mixed(colours, toned(colours, k / 100 - 1)), 255], 4 * k);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  const marks = ["−1", "0", "1"].map((text) => make("span", { text }));
  host.replaceChildren(make("li", { class: "scale" }, canvas, ...marks));
}

/**
 * Make the plane on a square canvas.
 * @param {HTMLCanvasElement} canvas
 * @returns {{show: (part: object) => void, toPlane: (event: PointerEvent) => number[], draw: () => void}}
 */
export function makePlane(canvas) {
  const shown = {
    boundary: null, unit: null, points: [], tests: [], n_classes: 2, numbers: false, marked: null, sharp: false,
  };
  const small = make("canvas");
  let waiting = false;

  function imageNow(colours) {
    const { boundary, unit } = shown;
    if (!unit && "value" in boundary) {
      return unitImage(fromBase64(boundary.value), boundary.n, colours, shown.sharp);
    }
    if (!unit) {
      return fieldImage(boundary, shown.n_classes, colours, shown.sharp);
    }
    return unit.label === null
      ? unitImage(unit.bytes, boundary.unit_n, colours)
      : shareImage(unit.bytes, boundary.unit_n, colours, unit.label);
  }

  function now() {
    waiting = false;
    if (!isSeen(canvas)) {
      return;
    }
    const side = canvas.clientWidth;
    const edge = side * MARGIN;
    const wide = side - 2 * edge;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const pixels = Math.round(side * scale);
    if (canvas.width !== pixels) {
      canvas.width = pixels;
      canvas.height = pixels;
    }
    const brush = canvas.getContext("2d");
    const colours = classColours();
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    brush.fillStyle = css(colours.paper);
    brush.fillRect(0, 0, side, side);
    if (shown.boundary) {
      const image = imageNow(colours);
      small.width = image.width;
      small.height = image.height;
      small.getContext("2d").putImageData(image, 0, 0);
      brush.imageSmoothingEnabled = true;
      brush.imageSmoothingQuality = "high";
      // The outer values lie on the edge of the square, so the image without half a cell of its rim fills it.
      brush.drawImage(small, 0.5, 0.5, image.width - 1, image.height - 1, edge, edge, wide, wide);
    }
    brush.strokeStyle = colours.isDark ? "rgb(255 255 255 / 25%)" : "rgb(0 0 0 / 20%)";
    brush.lineWidth = 1;
    brush.strokeRect(edge, edge, wide, wide);
    const drawOne = shown.numbers ? drawNumber : drawPoint;
    const groups = [[shown.tests, false], [shown.points, true]];
    for (const [points, filled] of groups) {
      for (const [x, y, target] of points) {
        drawOne(brush, edge + x * wide, edge + (1 - y) * wide, target, colours, filled);
      }
    }
    if (shown.marked) {
      const [x, y, target] = shown.marked;
      brush.beginPath();
      brush.arc(edge + x * wide, edge + (1 - y) * wide, 13, 0, 2 * Math.PI);
      brush.strokeStyle = colours.isDark ? "white" : "black";
      brush.lineWidth = 2.5;
      brush.stroke();
      drawOne(brush, edge + x * wide, edge + (1 - y) * wide, target, colours, true, 6);
    }
  }

  function draw() {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(now);
    }
  }

  whenSized(canvas, draw);
  document.addEventListener("themechange", draw);
  return {
    draw,
    show(part) {
      Object.assign(shown, part);
      draw();
    },
    toPlane(event) {
      const box = canvas.getBoundingClientRect();
      const inside = (share) => (share - MARGIN) / (1 - 2 * MARGIN);
      return [inside((event.clientX - box.left) / box.width), 1 - inside((event.clientY - box.top) / box.height)];
    },
  };
}
