/** Points from the lines of a CSV text: x, y, class. */
import { onGrid } from "../learning/address.js";

const MARGIN = 0.05; // of the square, round points that were scaled to fit

/**
 * Read points.
 * @param {string} text lines of x, y, class; a first line of names may be there; a class is any word
 * @param {number} most points
 * @returns {{points: number[][], classes: string[], scaled: boolean}}
 * @throws {Error} with one line for people
 */
export function pointsOf(text, most) {
  const found = [];
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  lines.forEach((line, i) => {
    if (!line || line.startsWith("#")) {
      return;
    }
    const [x, y, label] = line.split(/[,;\t]/).map((word) => word.trim().replace(/^"(.*)"$/, "$1"));
    const place = [x, y].map((word) => (word ? Number(word) : NaN));
    if (!place.every(Number.isFinite) || !label) {
      if (found.length === 0 && i < 3) {
        return; // the names of the columns
      }
      throw new Error(`Line ${i + 1} is not x, y, class: ${line.slice(0, 40)}`);
    }
    found.push([...place, label]);
  });
  if (found.length === 0) {
    throw new Error("There is no line of x, y, class in this.");
  }
  if (found.length > most) {
    throw new Error(`These are ${found.length} points; at most ${most} fit.`);
  }
  const classes = [...new Set(found.map(([, , label]) => label))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }));
  if (classes.length > 3) {
    throw new Error(`These points have ${classes.length} classes; at most 3 can be told apart here.`);
  }
  return { ...fitted(found, classes), classes };
}

// Points beyond the unit square are scaled into it, each axis by itself.
function fitted(found, classes) {
  const scaled = found.some(([x, y]) => x < 0 || x > 1 || y < 0 || y > 1);
  const scale = (at) => {
    if (!scaled) {
      return (value) => value;
    }
    const values = found.map((point) => point[at]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value) => (high > low ? MARGIN + ((1 - 2 * MARGIN) * (value - low)) / (high - low) : 0.5);
  };
  const [toX, toY] = [scale(0), scale(1)];
  const numbers = classes.every((label) => /^[0-2]$/.test(label)) ? Number : (label) => classes.indexOf(label);
  return { points: found.map(([x, y, label]) => [onGrid(toX(x)), onGrid(toY(y)), numbers(label)]), scaled };
}
