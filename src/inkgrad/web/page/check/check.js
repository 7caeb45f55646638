/** The tab Check: is the gradient of a network right, and what does a mistake in it do? */
import { post } from "../frame/api.js";
import { keeper } from "../learning/address.js";
import { makeControls } from "../learning/controls.js";
import { makeCurves } from "../learning/curves.js";
import { makeExperiment } from "./experiment.js";
import { makeLessons } from "./lessons.js";
import { say } from "../frame/make.js";
import { networkName } from "../frame/names.js";
import { attempt } from "../frame/notice.js";
import { showReport } from "./report.js";
import { training } from "../learning/trainings.js";

let follow = null; // what a new address asks for

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
  const curves = makeCurves(at("check-curves"), { accuracy: false, height: 190 });
  makeExperiment(at("check-experiment"));

  function show(first) {
    const state = latest[which];
    if (!state) {
      return;
    }
    say(at("check-network"), `${networkName(state.network)}, ${state.n_parameters.toLocaleString("en")} parameters`);
    lessons.show(state.settings.broken);
    controls.show(state, first);
    curves.draw(state.rows);
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

  at("check-go").addEventListener("click", async () => {
    const asked = which;
    at("check-go").disabled = true;
    say(at("check-said"), "Checking ...");
    const report = await attempt(() => post("/api/check", { which: asked }));
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
