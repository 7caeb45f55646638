/** The report of a gradient check: its verdict, what was found, a table of the arrays, and where their errors are. */
import { heatKey, heatMap } from "./heat.js";
import { wrongAndRight } from "./lessons.js";
import { make } from "../frame/make.js";
import { placeName } from "../frame/names.js";

const OUTCOMES = {
  right: "The gradient is right",
  approximate: "The gradient is approximate",
  "cannot tell": "It cannot be told whether the gradient is right",
  wrong: "The gradient is wrong",
};
const AS_A_WHOLE = "A network with convolutions, or a large one, is judged as a whole, along random directions through " +
  "all its weights: one by one takes minutes. Where that is wrong, each layer is looked at alone.";
const PARTS = "Errors are parts of the typical gradient of their array. Least seen is the smallest error that would " +
  "have been seen.";

function explainedOf(kind, { meaning, wrong_line, right_line, looks, advice }) {
  return make("details", { class: "explained" }, make("summary", { text: `What ${kind} means` }),
    ...meaning.split("\n\n").map((text) => make("p", { text })),
    wrongAndRight(make("code", { text: wrong_line }), make("code", { text: right_line })),
    make("p", {}, make("b", { text: "How it looks. " }), looks),
    make("p", {}, make("b", { text: "What to do. " }), advice));
}

function findingOf({ layer, array, kind, sentence, also, message, explained }) {
  return make("li", {},
    make("p", { class: "finding-head" }, make("span", { class: "kind", title: sentence, text: kind }),
      make("b", { text: `${array} of ${placeName(layer)}` })),
    make("p", { text: message }),
    ...(also.length ? [make("p", { class: "hint", text: `It could also be: ${also.join(", ")}.` })] : []),
    explainedOf(kind, explained));
}

function rowOf({ layer, array, verdict, row }, head) {
  const cells = row.slice(1).map((text, i) => {
    const title = head[i + 1];
    return make("td", { class: title === "verdict" ? `told ${verdict.replace(" ", "-")}` : null, text });
  });
  return make("tr", {},
    make("th", { scope: "row" }, make("code", { text: array }), ` of ${placeName(layer)}`), ...cells);
}

function tableOf({ head, arrays, below }) {
  const table = make("table", { class: "plain verdicts", "aria-label": "Arrays" },
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col", text })))),
    make("tbody", {}, ...arrays.map((array) => rowOf(array, head))));
  const words = [PARTS, below && `All are ${below}.`].filter(Boolean).join(" ");
  return [make("p", { class: "hint", text: words }), make("div", { class: "scroll", tabindex: "0" }, table)];
}

function meaningOf(meaning) {
  const said = Object.entries(meaning).filter(([word]) => word !== "right");
  return said.map(([word, sentence]) => make("p", { class: "hint" }, make("b", { text: word }), `: ${sentence}.`));
}

function mapsOf(arrays) {
  const seen = arrays.filter(({ map }) => map);
  const isWrong = ({ map }) => map.wrong > 0;
  const heats = (some) =>
    make("div", { class: "heats" }, ...some.map(({ map, ...array }) => heatMap({ ...array, ...map })));
  const others = seen.filter((array) => !isWrong(array));
  return seen.length === 0 ? [] : [
    make("h3", { text: "Error of each derivative, in error bars" }), heatKey(),
    make("p", { class: "hint", text: "Point at a square to see its number, or move with the arrow keys." }),
    ...(others.length < seen.length ? [heats(seen.filter(isWrong))] : []),
    make("details", { class: "explained", open: others.length === seen.length },
      make("summary", { text: others.length === seen.length ? "All arrays" : "Those that are right" }), heats(others))];
}

/**
 * Show a report in the place of what was there.
 * @param {HTMLElement} host
 * @param {object} report the answer of /api/check
 */
export function showReport(host, report) {
  const big = make("p", { class: report.ok ? "verdict-big good" : "verdict-big bad" },
    make("span", { "aria-hidden": "true", text: report.ok ? "✓" : "✗" }), OUTCOMES[report.verdict]);
  const words = [
    report.verdict === "right" ? "" : `${report.summary[0].toUpperCase()}${report.summary.slice(1)}.`,
    report.broken ? `The mistake that was put in: ${report.broken}.` : "",
  ].filter(Boolean).join(" ");
  host.replaceChildren(big, ...(words ? [make("p", { class: "soft", text: words })] : []),
    ...(report.findings.length ? [make("ul", { class: "findings" }, ...report.findings.map(findingOf))] : []),
    ...(report.every_entry ? [] : [make("p", { class: "learned", text: AS_A_WHOLE })]),
    ...(report.arrays.length ? tableOf(report) : []), ...meaningOf(report.meaning), ...mapsOf(report.arrays));
}
