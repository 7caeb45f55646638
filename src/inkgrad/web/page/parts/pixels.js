/** Draws small images that come as bytes on canvases, in grey and in two colours. */

/**
 * The bytes in a base64 text.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) {
    bytes[i] = raw.charCodeAt(i);
  }
  return bytes;
}

function tableOf(colour) {
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value += 1) {
    const [red, green, blue] = colour(value);
    table[value] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // RGBA in memory, lowest byte first
  }
  return table;
}

function mix(from, to, share) {
  return from.map((start, i) => Math.round(start + (to[i] - start) * share));
}

const WHITE = [255, 255, 255];
const BELOW = [20, 92, 190]; // blue: less than zero
const ABOVE = [205, 62, 18]; // red: more than zero
const INK = tableOf((value) => [255 - value, 255 - value, 255 - value]);
const LIGHT = tableOf((value) => [value, value, value]);
const DIVERGING = tableOf((value) =>
  value < 128 ? mix(WHITE, BELOW, (128 - value) / 128) : mix(WHITE, ABOVE, (value - 128) / 127));

// All is drawn for white paper; style.css turns canvases of these two classes round in the dark.
function paint(canvas, kind, table, maps, width, height, columns, gap) {
  const across = Math.max(1, Math.min(columns, maps.length));
  const down = Math.ceil(maps.length / across);
  const fullWidth = across * (width + gap) - gap;
  const fullHeight = down * (height + gap) - gap;
  if (canvas.width !== fullWidth || canvas.height !== fullHeight) {
    canvas.width = fullWidth;
    canvas.height = fullHeight;
  }
  canvas.classList.toggle("ink", kind === "ink");
  canvas.classList.toggle("diverging", kind === "diverging");
  const image = new ImageData(fullWidth, fullHeight);
  const pixels = new Uint32Array(image.data.buffer);
  maps.forEach((bytes, index) => {
    const left = (index % across) * (width + gap);
    const top = Math.floor(index / across) * (height + gap);
    for (let y = 0; y < height; y += 1) {
      const row = (top + y) * fullWidth + left;
      for (let x = 0; x < width; x += 1) {
        pixels[row + x] = table[bytes[y * width + x]];
      }
    }
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * Draw bytes as ink on paper: 0 is paper, 255 is ink (in the dark: light ink on dark paper).
 * @param {HTMLCanvasElement} canvas it gets width x height pixels
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @param {{invert?: boolean}} [options] invert: 0 is ink, 255 is paper
 */
export function drawGrey(canvas, bytes, width, height, { invert = false } = {}) {
  paint(canvas, "ink", invert ? LIGHT : INK, [bytes], width, height, 1, 0);
}

/**
 * Draw bytes in two colours: 128 is zero (paper), below is blue, above is red.
 * @param {HTMLCanvasElement} canvas it gets width x height pixels
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 */
export function drawDiverging(canvas, bytes, width, height) {
  paint(canvas, "diverging", DIVERGING, [bytes], width, height, 1, 0);
}

/**
 * Draw many images of one size in rows on one canvas, a pixel apart.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array[]} maps
 * @param {number} width of each
 * @param {number} height of each
 * @param {{columns?: number, diverging?: boolean, gap?: number}} [options]
 */
export function drawSheet(canvas, maps, width, height, { columns = 8, diverging = false, gap = 1 } = {}) {
  const [kind, table] = diverging ? ["diverging", DIVERGING] : ["ink", INK];
  paint(canvas, kind, table, maps, width, height, columns, gap);
}
