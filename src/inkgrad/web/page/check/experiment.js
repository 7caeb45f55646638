/** The experiment of the reference issue: the same mistake with two labels and with three, and its gradients. */
import { post } from "../frame/api.js";
import { lineChart } from "../learning/charts.js";
import { make, percent, shown } from "../frame/make.js";
import { attempt } from "../frame/notice.js";

function linesOf(runs, name) {
  return runs.map(({ labels, broken, [name]: values }) => ({
    name: `${labels} labels, ${broken ? "broken" : "right"}`, colour: labels === 2 ? 0 : 1, dash: broken,
    points: values.map((value, i) => [i, value]),
  }));
}

function endsOf(runs) {
  const last = (values) => values.at(-1);
  const rows = runs.map(({ labels, broken, cost, accuracy }) => make("tr", {},
    make("th", { scope: "row", text: `${labels} labels, ${broken ? "broken" : "right"}` }),
    make("td", { text: shown(last(cost)) }), make("td", { text: percent(last(accuracy)) })));
  return make("div", { class: "scroll" }, make("table", { class: "plain" },
    make("caption", { class: "hint", text: "After the last epoch" }),
    make("thead", {}, make("tr", {}, make("td"), make("th", { scope: "col", text: "cost" }),
      make("th", { scope: "col", text: "accuracy" }))), make("tbody", {}, ...rows)));
}

/** Return the gradients of one exhibit, and what the checker says of them. */
export function exhibitOf({ title, rows, finding }) {
  const body = rows.map(({ path, index, differences, backward, ratio }) => {
    const off = ratio === null ? Math.abs(differences) > 1e-7 : Math.abs(ratio - 1) > 0.001;
    return make("tr", { class: off ? "off" : null },
      make("th", { scope: "row" }, make("code", { text: `${path}${index}` })),
      make("td", { text: differences.toFixed(6) }), make("td", { text: backward.toFixed(6) }),
      make("td", { text: ratio === null ? "–" : ratio.toFixed(3) }));
  });
  const heads = ["by differences", "by backward", "ratio"];
  return make("section", { class: "exhibit" }, make("h4", { text: `Gradients with ${title}` }),
    make("div", { class: "scroll" }, make("table", { class: "plain" },
      make("thead", {}, make("tr", {}, make("td"), ...heads.map((text) => make("th", { scope: "col", text })))),
      make("tbody", {}, ...body))),
    make("p", { class: "learned" }, make("b", { text: "The checker: " }), finding));
}

/**
 * Make the experiment.
 * @param {HTMLElement} host
 */
export function makeExperiment(host) {
  const run = make("button", { type: "button", text: "Run the experiment" });
  const said = make("p", { class: "hint", role: "status" });
  const answer = make("div", { class: "experiment", hidden: true });
  const figures = [make("figure"), make("figure")];
  const ends = make("div");
  const gradients = make("div", { class: "exhibits" });
  answer.append(make("div", { class: "charts" }, ...figures), make("p", { id: "experiment-moral" }), ends, gradients);
  host.append(make("div", { class: "row" }, run, said), answer);
  let charts = null;

  run.addEventListener("click", async () => {
    run.disabled = true;
    said.textContent = "Training sixteen small networks ...";
    const found = await attempt(() => post("/api/experiment", { lesson: "softmax-diagonal" }));
    run.disabled = false;
    said.textContent = found ? "Done." : "";
    if (!found) {
      return;
    }
    answer.hidden = false;
    charts ??= [lineChart(figures[0], { title: "Cost on the animals", x: "epoch", height: 300 }),
      lineChart(figures[1], { title: "Accuracy on the animals", x: "epoch", share: true, height: 300 })];
    const wordsOf = (name, unit) => `At the end: ${found.runs.map((each) =>
      `${each.labels} labels ${each.broken ? "broken" : "right"} ${unit(each[name].at(-1))}`).join(", ")}.`;
    charts[0].draw(linesOf(found.runs, "cost"), wordsOf("cost", shown));
    charts[1].draw(linesOf(found.runs, "accuracy"), wordsOf("accuracy", percent));
    answer.querySelector("#experiment-moral").textContent = "With two labels the broken network learns nearly as " +
      "before, only half as fast: each gradient is the right one times ½, and a larger learning rate hides it. With " +
      "three labels the gradient points another way, and the network learns worse. So the mistake can hide until a " +
      "third label comes: here it is that of the animals in the middle. Each curve is the mean of four trainings.";
    ends.replaceChildren(endsOf(found.runs));
    gradients.replaceChildren(...found.exhibits.map(exhibitOf));
  });
}
