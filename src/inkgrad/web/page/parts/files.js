/** Files in and out of the page: a place to drop them, a download, the clipboard. */
import { make } from "../frame/make.js";

/**
 * Let files be dropped on an element.
 * @param {HTMLElement} place
 * @param {(file: File) => void} take
 */
export function setUpDrop(place, take) {
  let depth = 0; // the pointer also enters and leaves the elements inside
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    place.classList.toggle("over", depth > 0);
  };
  place.addEventListener("dragenter", (event) => {
    event.preventDefault();
    mark(1);
  });
  place.addEventListener("dragleave", () => mark(-1));
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    take(event.dataTransfer.files[0]);
  });
}

/**
 * Put text on the clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} true
 */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const area = make("textarea", { class: "unseen", text }); // the way of plain http in a local network
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) {
    throw new Error("The browser does not let the page copy: mark the text and copy it yourself.");
  }
  return true;
}

/**
 * Save a blob as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
