/** The two curves of a training, cost and accuracy or error, and the same numbers as a CSV file. */
import { inWords, lineChart } from "./charts.js";
import { make } from "../frame/make.js";
import { saveFile } from "../parts/files.js";
import { SCORES } from "./scores.js";

const FEW = 40; // rows that are drawn with dots

function column(rows, at) {
  return rows.filter((row) => row[at] !== null && row[at] !== undefined).map((row) => [row[1], row[at]]);
}

/**
 * Make the charts in a place.
 * @param {HTMLElement} host
 * @param {{score?: boolean, height?: number}} [about] score: false for the cost alone
 * @returns {{draw: (rows: number[][], targets: "classes"|"numbers") => void}}
 */
export function makeCurves(host, { score = true, height = 230 } = {}) {
  const first = make("figure");
  const figures = score ? { classes: make("figure"), numbers: make("figure", { hidden: true }) } : {};
  host.replaceChildren(first, ...Object.values(figures));
  const cost = lineChart(first, { title: "Cost", x: "epoch", log: true, height });
  const scores = {};
  for (const [targets, figure] of Object.entries(figures)) {
    const { title, log, share } = SCORES[targets];
    scores[targets] = lineChart(figure, { title, x: "epoch", log, share, height });
  }
  return {
    draw(rows, targets) {
      const costs = column(rows, 2);
      cost.draw([{ name: "cost", points: costs, colour: 0, dots: costs.length < FEW }],
        costs.length ? `${inWords("Cost", costs)}.` : "Nothing yet: press Start.");
      if (score) {
        for (const [name, figure] of Object.entries(figures)) {
          figure.hidden = name !== targets;
        }
        const { text } = SCORES[targets];
        const both = [["training", column(rows, 3), 0], ["test", column(rows, 4), 1]];
        const lines = both.filter(([, points]) => points.length);
        scores[targets].draw(lines.map(([name, points, colour]) => ({ name, points, colour, dots: points.length < FEW })),
          lines.length ? `${lines.map(([name, points]) => inWords(`On ${name} data`, points, text)).join(". ")}.`
            : "Nothing yet: press Start.");
      }
    },
  };
}

/** Offer the rows of a training as a CSV file, whose columns depend on its targets. */
export function downloadRows(rows, name, targets) {
  const score = SCORES[targets].column;
  const lines = rows.map((row) => row.map((value) => value ?? "").join(","));
  const text = [`step,epoch,cost,training_${score},test_${score}`, ...lines, ""].join("\n");
  saveFile(new Blob([text], { type: "text/csv" }), name);
}
