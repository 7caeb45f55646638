/** Settings of a training as words of the address, and back: a link shows the same. */

const NUMBERS = ["classes", "lr", "momentum", "batch_size", "noise", "dropout", "weight_decay", "l1", "data_noise", "seed"];
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const STEPS = 1000; // a painted point lies on a grid of so many steps a side, so that a link holds it exactly

/** The place on the grid that is nearest to a number in [0, 1]. */
export function onGrid(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * STEPS) / STEPS;
}

// Five letters a point: two for x, two for y, one for the class.
function packed(points) {
  const pair = (value) => {
    const n = Math.round(value * STEPS);
    return DIGITS[n >> 6] + DIGITS[n & 63];
  };
  return points.map(([x, y, label]) => pair(x) + pair(y) + DIGITS[label]).join("");
}

function unpacked(text) {
  const number = (at) => (DIGITS.indexOf(text[at]) * 64 + DIGITS.indexOf(text[at + 1])) / STEPS;
  const points = [];
  for (let at = 0; at + 5 <= text.length; at += 5) {
    points.push([number(at), number(at + 2), DIGITS.indexOf(text[at + 4])]);
  }
  return points;
}

function layersOf(text) {
  return text.split("_").filter(Boolean).map((word) => {
    const [size, activation] = word.replace(/^c/, "").split("-");
    return { kind: word.startsWith("c") ? "conv" : "dense", size: Number(size), activation };
  });
}

/**
 * Settings as the words of an address.
 * @param {object} settings
 * @returns {URLSearchParams}
 */
export function toAddress(settings) {
  const params = new URLSearchParams();
  params.set("data", settings.data);
  params.set("layers", settings.layers.map(({ kind, size, activation }) =>
    `${kind === "conv" ? "c" : ""}${size}-${activation}`).join("_") || "_");
  params.set("cost", settings.cost);
  params.set("optimizer", settings.optimizer);
  for (const name of NUMBERS) {
    params.set(name, String(settings[name]));
  }
  if (settings.data !== "mnist") {
    params.set("features", settings.features.join("_"));
    if (settings.data === "curve") {
      params.set("curve", settings.curve);
    }
    if (settings.share !== null) {
      params.set("share", String(settings.share));
    }
  }
  if (settings.augmentation) {
    params.set("augmentation", "1");
  }
  if (settings.broken) {
    params.set("broken", settings.broken);
  }
  if (settings.points) {
    params.set("points", packed(settings.points));
  }
  return params;
}

/**
 * The settings of an address; what it does not say is the default.
 * @param {URLSearchParams} params
 * @param {object} defaults
 * @returns {object|null} null when the address has no settings
 */
export function fromAddress(params, defaults) {
  if (!params.has("data") && !params.has("layers")) {
    return null;
  }
  const settings = { ...defaults };
  for (const name of ["data", "cost", "optimizer"]) {
    settings[name] = params.get(name) ?? defaults[name];
  }
  for (const name of NUMBERS) {
    const value = Number(params.get(name) ?? defaults[name]);
    settings[name] = Number.isFinite(value) ? value : defaults[name];
  }
  settings.layers = params.has("layers") ? layersOf(params.get("layers")) : defaults.layers;
  settings.features = params.has("features") ? params.get("features").split("_") : defaults.features;
  settings.curve = params.get("curve") ?? defaults.curve;
  settings.share = Number(params.get("share")) || null;
  settings.augmentation = params.get("augmentation") === "1";
  settings.broken = params.get("broken") || null;
  settings.points = settings.data === "own" ? unpacked(params.get("points") ?? "") : null;
  return settings;
}

/** Whether two settings mean the same. */
export function same(one, other) {
  const text = (settings) => JSON.stringify([
    toAddress({ ...settings, points: null }).toString(), settings.points ?? null]);
  return text(one) === text(other);
}

/**
 * What keeps the state of a tab in its address, and leaves the address alone while nothing changes.
 * @param {{setState: Function}} context of the tab
 * @returns {(params: URLSearchParams) => boolean} whether it changed
 */
export function keeper(context) {
  let last = null;
  return (params) => {
    const changed = params.toString() !== last;
    if (changed) {
      last = params.toString();
      context.setState(params);
    }
    return changed;
  };
}
