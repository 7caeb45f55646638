/** What goes on in the network for one drawing: the outputs of each layer, and the weights of the first. */
import { make } from "../frame/make.js";
import { layerName, settingsOf } from "../frame/names.js";
import { drawSheet, fromBase64 } from "../parts/pixels.js";

function newSheet() {
  const name = make("span");
  const shape = make("span", { class: "soft number" });
  const canvas = make("canvas", { class: "sheet", role: "img" });
  return { box: make("figure", {}, make("figcaption", {}, name, shape), canvas), name, shape, canvas };
}

/**
 * Make the pictures in a place.
 * @param {{layers: HTMLElement, first: HTMLElement, title: HTMLElement, weights: HTMLCanvasElement}} places
 * @returns {{draw: (answer: object) => void}} draw shows an answer of /api/think
 */
export function makeActivations({ layers, first, title, weights }) {
  const sheets = []; // used again for each answer

  function drawLayer(layer, index) {
    sheets[index] ??= newSheet();
    const { box, name, shape, canvas } = sheets[index];
    if (!box.isConnected) {
      layers.append(box);
    }
    name.textContent = layerName(layer.layer);
    name.title = settingsOf(layer.layer);
    shape.textContent = layer.shape.join(" × ");
    canvas.setAttribute("aria-label", `Outputs of ${name.textContent}, the largest ${layer.largest.toPrecision(3)}`);
    const maps = layer.maps.map(fromBase64);
    if (layer.height === 1) {
      const cells = Array.from(maps[0], (value) => Uint8Array.of(value)); // each unit is a dot
      drawSheet(canvas, cells, 1, 1, { columns: cells.length <= 16 ? 16 : 32, gap: 0, diverging: layer.signed });
      canvas.style.width = `${canvas.width * (cells.length <= 16 ? 24 : 10)}px`;
    } else {
      drawSheet(canvas, maps, layer.width, layer.height, { columns: 8, diverging: layer.signed });
      canvas.style.width = "100%";
    }
  }

  function drawFirst({ what, layer, maps, width, height }) {
    const small = width < 10;
    title.textContent = `${what === "kernels" ? "Kernels" : "Weights"} of ${layerName(layer)}`;
    drawSheet(weights, maps.map(fromBase64), width, height, { columns: small ? 16 : 8, diverging: true });
    weights.style.width = `${weights.width * (small ? 9 : 2.5)}px`;
  }

  return {
    draw(answer) {
      answer.layers.forEach(drawLayer);
      for (const sheet of sheets.splice(answer.layers.length)) {
        sheet.box.remove();
      }
      first.hidden = !answer.first;
      if (answer.first) {
        drawFirst(answer.first);
      }
    },
  };
}
