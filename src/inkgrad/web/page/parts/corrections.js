/** Corrections: what the reader misread, kept until they are saved as a file that it can learn from. */
import { postForFile } from "../frame/api.js";
import { saveFile } from "./files.js";
import { attempt } from "../frame/notice.js";
import { fromBase64 } from "./pixels.js";

const KEY = "inkgrad-corrections";
const kept = new Map(stored()); // [what it is, what the network saw as base64], by a key; a reload keeps them
const buttons = []; // that save them

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return []; // storage is switched off
  }
}

function changed() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...kept]));
  } catch {
    // see above, or it is full: they are kept until the page is closed
  }
  show();
}

function show() {
  for (const button of buttons) {
    button.disabled = kept.size === 0;
    button.textContent = kept.size === 0 ? "Save corrections" : `Save corrections (${kept.size})`;
  }
}

/**
 * Keep a correction; a later one with the same key takes its place.
 * @param {string} key
 * @param {string} label a digit
 * @param {string} image what the network saw, 28 × 28 bytes as base64
 */
export function keep(key, label, image) {
  kept.delete(key);
  kept.set(key, [label, image]);
  changed();
}

/** Forget a correction. */
export function forget(key) {
  kept.delete(key);
  changed();
}

async function save() {
  await attempt(async () => {
    const parts = [...kept.values()].flatMap(([label, image]) => [Uint8Array.of(Number(label)), fromBase64(image)]);
    const { blob, name } = await postForFile("/api/corrections", new Blob(parts));
    saveFile(blob, name);
  });
}

/** Let a button save them. */
export function setUpSaving(button) {
  buttons.push(button);
  button.addEventListener("click", save);
  show();
}
