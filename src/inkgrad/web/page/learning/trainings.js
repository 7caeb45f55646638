/** The two trainings of a visitor: one line each, shared by the tabs, with all that came so far. */
import { Training } from "../frame/api.js";
import { notice } from "../frame/notice.js";

const STAYS = 5; // seconds of a refusal, as other requests that work meanwhile take a notice away
const open = {}; // "digits" or "points" -> its one SharedTraining

class SharedTraining {
  constructor(which) {
    this.listeners = new Set();
    this.refused = new Set();
    this.all = null; // the last state, with all rows and the last of what is not sent each time
    this.wanted = 0; // how many panels want histograms
    this.line = new Training(which, (state) => this.#take(state), (error) => this.#refuse(error));
  }

  /** Send a message to the server. */
  send(message) {
    this.line.send(message);
  }

  /**
   * Hear each state.
   * @param {(all: object, first: boolean) => void} onState `first` when curves and points begin anew
   * @param {(error: Error) => void} [onRefused] when the server refused something; a notice is shown already
   */
  listen(onState, onRefused = null) {
    this.listeners.add(onState);
    if (onRefused) {
      this.refused.add(onRefused);
    }
    if (this.all) {
      onState(this.all, true);
    }
  }

  /** Ask for histograms, or no more. */
  details(wanted) {
    const before = this.wanted;
    this.wanted += wanted ? 1 : -1;
    if (!before !== !this.wanted) {
      this.send({ do: "details", wanted: this.wanted > 0 });
    }
  }

  #take(state) {
    const before = this.all;
    const first = Boolean(state.first) || before === null;
    if (first && before && this.wanted) {
      this.send({ do: "details", wanted: true }); // a new line has forgotten that they are wanted
    }
    const rows = first ? [] : before.rows;
    for (const row of state.rows ?? []) {
      rows.push(row);
    }
    const kept = {};
    for (const name of ["points", "test_points", "boundary", "layers"]) {
      kept[name] = state[name] ?? (before ? before[name] : null);
    }
    if (first && !state.layers) {
      kept.layers = null;
    }
    this.all = { ...state, ...kept, rows };
    for (const listener of this.listeners) {
      listener(this.all, first);
    }
  }

  #refuse(error) {
    notice(error.message, STAYS);
    for (const listener of this.refused) {
      listener(error);
    }
  }
}

/**
 * The training of a name; opened when first asked for.
 * @param {"digits"|"points"} which
 * @returns {SharedTraining}
 */
export function training(which) {
  open[which] ??= new SharedTraining(which);
  return open[which];
}
