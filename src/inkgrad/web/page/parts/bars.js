/** Bars of probabilities, one a label, each with its number. */
import { make, percent } from "../frame/make.js";

const LEAST = 0.005; // a share that is marked

/**
 * Fill a list with bars.
 * @param {HTMLElement} list
 * @param {string[]} labels
 * @returns {{set: (probabilities: number[], labels: string[], before?: number[]) => void}} `before` marks where each
 *   bar was
 */
export function bars(list, labels) {
  let rows = [];
  const build = (names) => {
    list.style.setProperty("--label", names.some((name) => name.length > 1) ? "2.75rem" : "1.25rem");
    rows = names.map((name) => {
      const label = make("b", { text: name });
      const bar = make("i");
      const mark = make("u", { hidden: true });
      const number = make("span", { class: "number" });
      const row = make("li", {}, label, make("span", { class: "track" }, bar, mark), number);
      return { row, label, bar, mark, number };
    });
    list.replaceChildren(...rows.map(({ row }) => row));
  };
  build(labels);
  return {
    set(probabilities, names, before = null) {
      if (names.length !== rows.length || names.some((name, i) => name !== rows[i].label.textContent)) {
        build(names);
      }
      const best = Math.max(...probabilities);
      probabilities.forEach((p, i) => {
        rows[i].bar.style.transform = `scaleX(${p})`;
        rows[i].mark.hidden = !(before?.[i] >= LEAST);
        rows[i].mark.style.width = `${100 * (before?.[i] ?? 0)}%`;
        rows[i].number.textContent = percent(p);
        rows[i].row.classList.toggle("best", p > 0 && p === best);
      });
    },
  };
}
