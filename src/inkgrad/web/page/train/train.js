/** The tab Train: train a network on the digits of MNIST, turn its knobs, and look at what it gets wrong. */
import { fromAddress, keeper, same, toAddress } from "../learning/address.js";
import { makeConfusion } from "./confusion.js";
import { makeControls } from "../learning/controls.js";
import { downloadRows, makeCurves } from "../learning/curves.js";
import { makeDetails } from "./details.js";
import { say } from "../frame/make.js";
import { networkName } from "../frame/names.js";
import { makeSettings } from "../learning/settings.js";
import { training } from "../learning/trainings.js";

let follow = null; // what a new address asks for

/** Fill the tab. */
export async function mount(section, context) {
  const at = (id) => section.querySelector(`#${id}`);
  const line = training("digits");
  const controls = makeControls(at("train-controls"), (message) => line.send(message));
  const curves = makeCurves(at("train-curves"));
  const keep = keeper(context);
  let all = null;
  let wish = fromAddress(context.state, context.options.defaults.digits);

  const change = (settings) => line.send({ do: "change", settings: { ...settings, data: "mnist", points: null } });
  const form = makeSettings(at("train-settings"), "digits", context.options, change);
  makeDetails(at("train-details"), line);
  makeConfusion(at("train-confusion"), context);
  at("train-csv").addEventListener("click", () => downloadRows(all?.rows ?? [], "inkgrad-digits.csv", "classes"));

  line.listen((state, first) => {
    all = state;
    if (wish) {
      const settings = wish;
      wish = null;
      if (!same(settings, state.settings)) {
        form.show(settings, true);
        change(settings);
        return; // its answer comes as the next state
      }
    }
    controls.show(state, first);
    form.show(state.settings);
    curves.draw(state.rows, state.targets);
    say(at("train-network"), `${networkName(state.network)}, ${state.n_parameters.toLocaleString("en")} parameters`);
    at("train-csv").disabled = state.rows.length === 0;
    keep(toAddress(state.settings));
  }, () => {
    if (all) {
      form.show(all.settings, true); // what was refused is not in force
    }
  });
  follow = (params) => {
    const settings = fromAddress(params, context.options.defaults.digits);
    if (settings && all && !same(settings, all.settings)) {
      change(settings);
    }
  };
}

/** Another address of this tab was opened. */
export function onHash(params) {
  follow?.(params);
}
