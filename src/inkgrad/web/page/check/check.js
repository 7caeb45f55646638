/** The tab Check: is the gradient of a network right, and what does a mistake in it do? */
import { get, post } from "../frame/api.js";
import { keeper } from "../learning/address.js";
import { makeControls } from "../learning/controls.js";
import { makeCurves } from "../learning/curves.js";
import { makeExperiment } from "./experiment.js";
import { makeLessons } from "./lessons.js";
import { make, say } from "../frame/make.js";
import { networkName } from "../frame/names.js";
import { attempt } from "../frame/notice.js";
import { showReport } from "./report.js";
import { training } from "../learning/trainings.js";

let follow = null; // what a new address asks for

// A line that says what is being done, and for how long, or how far it has come, and lets it be stopped.
function workLine(host, howFar, stop) {
  const text = make("span");
  const line = make("div", { class: "row work" }, make("i", { class: "spinner", "aria-hidden": "true" }), text,
    make("button", { type: "button", class: "small", text: "Stop", onclick: stop }));
  let timer = null;
  return {
    begin(words) {
      const start = performance.now();
      let far = "";
      let isAsking = false;
      const tell = () => say(text, far || `${words} ${Math.round((performance.now() - start) / 1000)} s`);
      const ask = async () => {
        isAsking = true;
        far = await howFar().catch(() => ""); // what is wrong, the answer itself will say
        isAsking = false;
        tell();
      };
      tell();
      timer = setInterval(() => {
        tell();
        if (!isAsking) {
          ask();
        }
      }, 1000);
      host.replaceChildren(line);
    },
    end() {
      clearInterval(timer);
      host.replaceChildren();
    },
  };
}

/** Fill the tab. */
export async function mount(section, context) {
  const at = (id) => section.querySelector(`#${id}`);
  const keep = keeper(context);
  const latest = { digits: null, points: null };
  let which = context.state.get("which") === "digits" ? "digits" : "points";
  const line = () => training(which);

  const lessons = makeLessons(at("check-lessons"), context.options.lessons, (broken) => {
    if (latest[which]) {
      line().send({ do: "change", settings: { ...latest[which].settings, broken } });
    }
  });
  lessons.choose(context.state.get("lesson") ?? "");
  const controls = makeControls(at("check-controls"), (message) => line().send(message), { few: true });
  const curves = makeCurves(at("check-curves"), { score: false, height: 190 });
  makeExperiment(at("check-experiment"));

  function show(first) {
    const state = latest[which];
    if (!state) {
      return;
    }
    say(at("check-network"), `${networkName(state.network)}, ${state.n_parameters.toLocaleString("en")} parameters`);
    lessons.show(state.settings.broken);
    controls.show(state, first);
    curves.draw(state.rows, state.targets);
  }

  for (const name of ["points", "digits"]) {
    training(name).listen((state, first) => {
      latest[name] = state;
      if (name === which) {
        show(first);
      }
    });
  }

  function address() {
    keep(new URLSearchParams({ which, lesson: lessons.chosen() }));
  }
  function choose(name) {
    which = name;
    for (const radio of section.querySelectorAll("input[name='check-which']")) {
      radio.checked = radio.value === name;
    }
    at("check-report").replaceChildren();
    show(true);
    address();
  }
  for (const radio of section.querySelectorAll("input[name='check-which']")) {
    radio.addEventListener("change", () => choose(radio.value));
  }
  at("check-lessons").addEventListener("change", address);
  choose(which);

  const work = workLine(at("check-work"), async () => (await get("/api/check")).progress, () => stopping?.abort());
  let stopping = null;
  at("check-go").addEventListener("click", async () => {
    const asked = which;
    stopping = new AbortController();
    at("check-go").disabled = true;
    at("check-report").replaceChildren();
    say(at("check-said"), "Checking ...");
    const n = latest[asked]?.n_parameters.toLocaleString("en");
    work.begin(`Checking ${n ? `${n} derivatives` : "the gradient"} ...`);
    const report = await attempt(() => post("/api/check", { which: asked }, stopping.signal));
    work.end();
    at("check-go").disabled = false;
    say(at("check-said"), report ? report.summary : "");
    if (report && asked === which) {
      showReport(at("check-report"), report);
    }
  });
  follow = (params) => {
    lessons.choose(params.get("lesson") ?? "");
    choose(params.get("which") === "digits" ? "digits" : "points");
  };
}

/** Another address of this tab was opened. */
export function onHash(params) {
  follow?.(params);
}
