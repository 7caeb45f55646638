/** The buttons of a training (start, one step, one epoch, reset) and its numbers. */
import { make, say, shown } from "../frame/make.js";
import { SCORES } from "./scores.js";

const WINDOW = 2; // seconds of training over which the speed is measured
const QUIET = 6000; // milliseconds between two sentences for screen readers while it runs

const NUMBERS = [
  ["epoch", "Epoch", "How often it has been through all the training data"],
  ["step", "Step", "How often the weights were changed, once a batch"],
  ["cost", "Cost", "How far the outputs are from the targets: training makes it small"],
  ["train"], // what they are depends on the targets
  ["test"],
  ["speed", "Examples a second", "How fast it trains here"],
];

/** Examples a second, from the states of a training. */
function speedometer() {
  let marks = [];
  return (all, first) => {
    const done = all.points ? all.epoch * all.points.length : all.step * all.settings.batch_size;
    if (first || done < (marks.at(-1)?.done ?? 0)) {
      marks = [];
    }
    marks.push({ done, seconds: all.seconds });
    while (marks.length > 2 && marks.at(-1).seconds - marks[1].seconds > WINDOW) {
      marks.shift();
    }
    const time = marks.at(-1).seconds - marks[0].seconds;
    return time > 0 ? (done - marks[0].done) / time : null;
  };
}

/** The last value of a column of the rows that is there. */
export function lastOf(rows, at) {
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    if (rows[i][at] !== null && rows[i][at] !== undefined) {
      return rows[i][at];
    }
  }
  return null;
}

/**
 * Make the buttons and numbers in a place.
 * @param {HTMLElement} host
 * @param {(message: object) => void} send
 * @param {{few?: boolean}} [about] few: only start, pause and reset
 * @returns {{show: (all: object, first: boolean) => void}}
 */
export function makeControls(host, send, { few = false } = {}) {
  let running = false;
  const button = (text, message, kind) =>
    make("button", { type: "button", class: kind, text, onclick: () => send(message) });
  const start = make("button", {
    type: "button", class: "main start", text: "Start", onclick: () => send({ do: running ? "pause" : "start" }),
  });
  const others = few ? [] : [button("One step", { do: "step" }), button("One epoch", { do: "epoch" })];
  const reset = button("Reset", { do: "reset" });
  const values = {};
  const names = {};
  const list = make("dl", { class: "numbers" }, ...NUMBERS.map(([name, label, title]) => {
    values[name] = make("dd", { text: "–" });
    names[name] = make("dt", { text: label, title });
    return make("div", {}, names[name], values[name]);
  }));
  const told = make("p", { class: "unseen", role: "status" });
  host.replaceChildren(make("div", { class: "row" }, start, ...others, reset), list, told);
  const speed = speedometer();
  let toldAt = 0;
  let shownSpeed = null;

  function tell(all, now) {
    const score = SCORES[all.targets];
    const test = lastOf(all.rows, 4);
    say(told, `${now ? "Training" : "Paused"} at epoch ${all.epoch.toFixed(1)}, ` +
      `cost ${shown(lastOf(all.rows, 2))}${test === null ? "" : `, ${score.spoken} ${score.text(test)}`}.`);
    toldAt = performance.now();
  }

  return {
    show(all, first) {
      const turned = running !== all.running;
      running = all.running;
      say(start, running ? "Pause" : "Start");
      for (const other of host.querySelectorAll(".row button:not(.start)")) {
        other.disabled = running && other !== reset;
      }
      const fast = speed(all, first);
      shownSpeed = fast ?? (first ? null : shownSpeed);
      say(values.epoch, all.epoch >= 100 ? all.epoch.toFixed(0) : all.epoch.toFixed(2));
      say(values.step, all.step.toLocaleString("en"));
      say(values.cost, shown(lastOf(all.rows, 2)));
      values.train.parentElement.hidden = all.settings.data === "mnist"; // too many to measure on the way
      const score = SCORES[all.targets];
      ["train", "test"].forEach((name, i) => {
        const [label, title] = score[name];
        say(names[name], label);
        names[name].title = title;
        say(values[name], score.text(lastOf(all.rows, 3 + i)));
      });
      say(values.speed, shownSpeed ? Math.round(shownSpeed).toLocaleString("en") : "–");
      if (turned || (running && performance.now() - toldAt > QUIET)) {
        tell(all, running);
      }
    },
  };
}
