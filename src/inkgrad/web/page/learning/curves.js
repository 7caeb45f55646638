/** The two curves of a training, cost and accuracy, and the same numbers as a CSV file. */
import { inWords, lineChart } from "./charts.js";
import { make, percent } from "../frame/make.js";
import { saveFile } from "../parts/files.js";

const FEW = 40; // rows that are drawn with dots

function column(rows, at) {
  return rows.filter((row) => row[at] !== null && row[at] !== undefined).map((row) => [row[1], row[at]]);
}

/**
 * Make the charts in a place.
 * @param {HTMLElement} host
 * @param {{accuracy?: boolean, height?: number}} [about] accuracy: false for the cost alone
 * @returns {{draw: (rows: number[][]) => void}}
 */
export function makeCurves(host, { accuracy = true, height = 230 } = {}) {
  const figures = accuracy ? [make("figure"), make("figure")] : [make("figure")];
  host.replaceChildren(...figures);
  const cost = lineChart(figures[0], { title: "Cost", x: "epoch", log: true, height });
  const right = accuracy ? lineChart(figures[1], { title: "Accuracy", x: "epoch", share: true, height }) : null;
  return {
    draw(rows) {
      const costs = column(rows, 2);
      cost.draw([{ name: "cost", points: costs, colour: 0, dots: costs.length < FEW }],
        costs.length ? `${inWords("Cost", costs)}.` : "Nothing yet: press Start.");
      if (right) {
        const both = [["training", column(rows, 3), 0], ["test", column(rows, 4), 1]];
        const lines = both.filter(([, points]) => points.length);
        right.draw(lines.map(([name, points, colour]) => ({ name, points, colour, dots: points.length < FEW })),
          lines.length ? `${lines.map(([name, points]) => inWords(`On ${name} data`, points, percent)).join(". ")}.`
            : "Nothing yet: press Start.");
      }
    },
  };
}

/** Offer the rows of a training as a CSV file. */
export function downloadRows(rows, name) {
  const lines = rows.map((row) => row.map((value) => value ?? "").join(","));
  const text = ["step,epoch,cost,training_accuracy,test_accuracy", ...lines, ""].join("\n");
  saveFile(new Blob([text], { type: "text/csv" }), name);
}
