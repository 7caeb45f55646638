/** Bars of probabilities, one a label, each with its number. */

/** A probability as text: 0.9731 is "97.3 %". */
export function percent(p) {
  const value = 100 * p;
  return `${value >= 99.95 || value < 0.05 ? Math.round(value) : value.toFixed(1)} %`;
}

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
      const row = document.createElement("li");
      const label = document.createElement("b");
      const track = document.createElement("span");
      const bar = document.createElement("i");
      const number = document.createElement("span");
      label.textContent = name;
      track.className = "track";
      number.className = "number";
      track.append(bar);
      row.append(label, track, number);
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
