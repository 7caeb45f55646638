/** The tab Two inputs: points on a plane, a small network, and what it says of each place as it learns. */
import { fromAddress, keeper, onGrid, same, toAddress } from "../learning/address.js";
import { makeControls } from "../learning/controls.js";
import { makeCurves, downloadRows } from "../learning/curves.js";
import { isSeen, make, say } from "../frame/make.js";
import { makeOwn } from "./own.js";
import { makeNetwork } from "./network.js";
import { makePlane, showKey, showScale } from "./plane.js";
import { makeSlow } from "./slow.js";
import { makeSettings } from "../learning/settings.js";
import { training } from "../learning/trainings.js";

const BETWEEN = 250; // milliseconds between two messages while points are painted
let follow = null; // what a new address asks for

// Where a paused training stands: whole epochs, and steps beyond them.
function placeOf(state) {
  const epoch = Math.floor(state.step / state.steps_in_epoch);
  return { epoch, steps: state.step - epoch * state.steps_in_epoch };
}

/** Fill the tab. */
export async function mount(section, context) {
  const at = (id) => section.querySelector(`#${id}`);
  const line = training("points");
  const plane = makePlane(at("two-plane"));
  const picture = makeNetwork(at("two-net"), context.options.features, {
    onLook(unit) {
      plane.show({ unit });
      say(at("two-shown"), unit ? `${unit.name}, alone` : "What the network says");
    },
    onChange: (part) => form.change(part),
    send: (message) => line.send(message),
  });
  const slow = makeSlow(at("two-slow"), at("two-slowly"), picture, {
    send: (message) => line.send(message), mark: (marked) => plane.show({ marked }),
    costOfNumbers: context.options.cost_of_numbers,
  });
  const curves = makeCurves(at("two-curves"), { height: 190 });
  const defaults = context.options.defaults.points;
  let all = null;
  let wish = readWish(context.state);
  let steps = 0; // still to be taken once the epoch of a link is reached
  let goal = null; // the epoch that a link asks for, while it is on its way
  const keep = keeper(context);
  let sending = null;
  let keyed = null; // targets and labels of the key that is drawn, as JSON
  let empty = false; // own points are chosen, and there are none yet

  function readWish(params) {
    const settings = fromAddress(params, defaults);
    const whole = (name) => Math.max(0, Math.floor(Number(params.get(name)) || 0));
    const { epoch_of_points: epochs, steps_of_link: most } = context.options.limits;
    return settings && { settings, epoch: Math.min(whole("epoch"), epochs), steps: Math.min(whole("steps"), most) };
  }

  const controls = makeControls(at("two-controls"), (message) => {
    if (!empty) {
      goal = null;
      line.send(message);
    }
  });

  function change(settings) {
    const isOwn = settings.data === "own";
    const points = isOwn ? settings.points ?? own.points() : null;
    own.open(isOwn);
    empty = isOwn && points.length === 0;
    if (empty) {
      plane.show({ boundary: null, unit: null, points: [], tests: [], numbers: false }); // the server wants at least one point
      tellWords("classes", context.options.point_classes.slice(0, settings.classes));
      keep(toAddress({ ...settings, points: [] }));
    } else {
      const most = isOwn ? Math.max(...points.map((point) => point[2] + 1)) : 2;
      line.send({ do: "change", settings: { ...settings, points, classes: Math.max(settings.classes, most) } });
    }
  }

  const form = makeSettings(at("two-settings"), "points", context.options, (settings) =>
    change({ ...settings, points: null }));
  const own = makeOwn({ host: at("two-own"), canvas: at("two-plane") }, plane, context.options,
    (points) => {
      plane.show({ points, tests: [], numbers: false }); // at once; the network follows
      sending ??= setTimeout(() => {
        sending = null;
        change({ ...form.current(), data: "own", points: own.points() });
      }, BETWEEN);
    });

  function remember(state) {
    const params = toAddress(state.settings);
    const { epoch, steps: beyond } = placeOf(state);
    if (!state.running && goal === null && state.step > 0) {
      params.set("epoch", String(epoch));
      if (beyond) {
        params.set("steps", String(beyond));
      }
    }
    if (keep(params)) {
      at("two-link-said").textContent = ""; // what was copied is no more what is shown
    }
  }

  function goTo(asked) {
    const there = all && same(asked.settings, all.settings) ? placeOf(all) : null;
    if (there && there.epoch === asked.epoch && there.steps === asked.steps) {
      return false; // it stands there already
    }
    change(asked.settings);
    if (!empty) {
      ({ steps } = asked);
      goal = asked.epoch;
      line.send({ do: "goto", epoch: asked.epoch });
    }
    return true;
  }

  // Whether the training is of regression; where own points are chosen and there are none yet, it still is.
  const areNumbers = () => all?.targets === "numbers";

  // The words around the plane, and its key.
  function tellWords(targets, labels) {
    const isNumber = targets === "numbers";
    say(at("two-sharp-says"), isNumber ? "Show above and below zero alone" : "Show the decision alone");
    at("two-mine").hidden = isNumber || areNumbers(); // own points have classes
    const now = JSON.stringify([targets, labels]);
    if (now !== keyed) {
      keyed = now;
      drawKey();
    }
  }

  function drawKey() {
    const [targets, labels] = JSON.parse(keyed);
    if (targets === "numbers") {
      showScale(at("two-key"));
    } else {
      showKey(at("two-key"), labels);
    }
  }

  function draw(state, first) {
    const isOwn = state.settings.data === "own";
    const painting = sending !== null || empty;
    if (!painting) {
      own.open(isOwn);
      if (first && isOwn) {
        own.take(state.settings.points);
      }
      plane.show({
        boundary: state.boundary, n_classes: state.labels.length, numbers: state.targets === "numbers",
        points: state.points ?? [], tests: state.test_points ?? [],
      });
      tellWords(state.targets, state.labels);
    }
    if (state.boundary && !empty) {
      picture.show(state);
      slow.show(state);
    }
    if (isSeen(section) || first) {
      curves.draw(state.rows, state.targets);
    }
    at("two-rings").hidden = state.test_points?.length === 0;
    at("two-hint").hidden = state.hint === null;
    say(at("two-hint"), state.hint ?? "");
    at("two-undo").classList.toggle("away", state.n_by_hand === 0);
    at("two-csv").disabled = state.rows.length === 0;
  }

  line.listen((state, first) => {
    all = state;
    if (wish) {
      const asked = wish;
      wish = null;
      if (goTo(asked)) {
        form.show(asked.settings, true);
        return; // the answer comes as the next state
      }
    }
    if (goal !== null && !state.running && placeOf(state).epoch === goal) {
      goal = null;
      for (; steps > 0; steps -= 1) {
        line.send({ do: "step" });
      }
    }
    if (!empty) {
      form.show(state.settings, false, { share: state.share });
      remember(state);
    }
    controls.show(state, first);
    draw(state, first);
  }, () => {
    goal = null;
    if (all) {
      empty = false;
      form.show(all.settings, true); // what was refused is not in force
      draw(all, true);
    }
  });

  document.addEventListener("themechange", () => keyed && drawKey());
  at("two-sharp").addEventListener("change", (event) => plane.show({ sharp: event.target.checked }));
  at("two-undo").addEventListener("click", () => line.send({ do: "undo" }));
  at("two-csv").addEventListener("click", () => all && downloadRows(all.rows, "inkgrad-points.csv", all.targets));
  at("two-mine").addEventListener("click", () => {
    if (areNumbers()) {
      return;
    }
    const points = [...all?.points ?? [], ...all?.test_points ?? []].map(([x, y, label]) => [onGrid(x), onGrid(y), label]);
    own.take(points);
    change({ ...form.current(), data: "own", points });
  });
  at("two-link").addEventListener("click", () => copyLink(at("two-link-said"), all?.n_by_hand > 0));
  follow = (params) => {
    const asked = readWish(params);
    if (asked) {
      goTo(asked);
    }
  };
}

async function copyLink(said, isByHand) {
  said.textContent = "";
  try {
    await navigator.clipboard.writeText(location.href);
    said.textContent = "Copied: it shows this network, with these points, at this epoch" +
      `${isByHand ? ", without what was changed by hand." : "."}`;
  } catch {
    const field = make("input", { type: "text", readonly: true, value: location.href, "aria-label": "The link" });
    said.replaceChildren("The browser does not let the page copy. Here it is: ", field);
    field.select();
  }
}

/** Another address of this tab was opened. */
export function onHash(params) {
  follow?.(params);
}
