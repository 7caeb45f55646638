/** Names of layers and networks, short enough for the page; the server sends {path, kind, settings}. */

/** The activation that is none: a hidden layer of it gives on its sums as they are. */
export const LINEAR = "Linear";

const SIZES = ["n_in", "n_out", "c_in", "c_out"];
const PARTS = { whole: "the whole network", cost: "the cost" };

/**
 * The kind of a layer and its sizes: "Dense(2, 3)", "ReLU".
 * @param {{kind: string, settings: object}} layer
 * @returns {string}
 */
export function layerName({ kind, settings }) {
  const sizes = SIZES.filter((name) => name in settings).map((name) => settings[name]);
  return sizes.length ? `${kind}(${sizes.join(", ")})` : PARTS[kind] ?? kind;
}

/**
 * A layer with its place in the network: "1 Dense(2, 3)"; the cost and the whole network have none.
 * @param {{path: string, kind: string, settings: object}} layer
 * @returns {string}
 */
export function placeName(layer) {
  return layer.kind in PARTS || layer.path === "" ? layerName(layer) : `${layer.path} ${layerName(layer)}`;
}

/**
 * All that is set in a layer, for who asks: "n_in 784, n_out 100, start he".
 * @param {{settings: object}} layer
 * @returns {string}
 */
export function settingsOf({ settings }) {
  return Object.entries(settings).map(([name, value]) => `${name} ${value}`).join(", ");
}

/**
 * A network as its layers in a row: "Flatten → Dense(784, 100) → ELU".
 * @param {object[]} layers
 * @returns {string}
 */
export function networkName(layers) {
  return layers.map(layerName).join(" → ");
}
