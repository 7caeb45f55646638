/** Bars of probabilities, one a label, each with its number. */
import { make, percent } from "../frame/make.js";

/**
 * Fill a list with bars.
 * @param {HTMLElement} list
 * @param {string[]} labels
 * @returns {{set: (probabilities: number[], labels: string[]) => void}}
 */
export function bars(list, labels) {
  let rows = [];
  const build = (names) => {
    rows = names.map((name) => {
      const label = make("b", { text: name });
      const bar = make("i");
      const number = make("span", { class: "number" });
      const row = make("li", {}, label, make("span", { class: "track" }, bar), number);
      return { row, label, bar, number };
    });
    list.replaceChildren(...rows.map(({ row }) => row));
  };
  build(labels);
  return {
    set(probabilities, names) {
      if (names.length !== rows.length || names.some((name, i) => name !== rows[i].label.textContent)) {
        build(names);
      }
      const best = Math.max(...probabilities);
      probabilities.forEach((p, i) => {
        rows[i].bar.style.transform = `scaleX(${p})`;
        rows[i].number.textContent = percent(p);
        rows[i].row.classList.toggle("best", p > 0 && p === best);
      });
    },
  };
}
