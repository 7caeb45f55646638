/** The row of keys "It was a ...": one for each label. */
import { make } from "../frame/make.js";

/**
 * Make the keys.
 * @param {string[]} labels
 * @param {(label: string) => void} onKey
 * @returns {HTMLElement[]}
 */
export function keys(labels, onKey) {
  return labels.map((label) => {
    const settings = { type: "button", text: label, "aria-label": `It was a ${label}`, onclick: () => onKey(label) };
    return make("button", settings);
  });
}
