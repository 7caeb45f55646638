/** The panel of one unit: its weights and its bias as fields to set by hand, and the button that takes it out. */
import { make, say } from "../frame/make.js";

/**
 * Make the panel in a place; it is hidden while no unit is chosen.
 * @param {HTMLElement} host
 * @param {{send: (message: object) => void, onClose: () => void}} told `send` gets the orders for the server
 * @returns {{show: (about: object|null) => void, focus: (row: number|null) => void}} about a unit: `name`, `layer` (the
 *   number of the weights that lead to it), `column` in them, `terms` with `row`, `sign` and `value`, where row null is
 *   the bias, `unit` ({layer, unit} where it can be taken out, else null), and `isOut`
 */
export function makePanel(host, { send, onClose }) {
  let shape = "";
  let fields = new Map();
  let latest = null;
  const title = make("h4");
  const turn = make("button", {
    type: "button", class: "small", onclick: () => send({ do: "turn", ...latest.unit }),
  });
  const close = make("button", { type: "button", class: "small quiet", text: "Close", onclick: onClose });
  const list = make("div", { class: "net-weights" });
  host.hidden = true;
  host.replaceChildren(make("div", { class: "row spread" }, title, make("div", { class: "row" }, turn, close)), list);

  function field({ row, sign }) {
    const input = make("input", {
      type: "number", step: "any", inputmode: "decimal", "aria-label": row === null ? "Bias" : `Weight of ${sign}`,
    });
    input.addEventListener("change", () => {
      const value = Number(input.value);
      if (input.value !== "" && Number.isFinite(value)) {
        send({ do: "set", layer: latest.layer, row, column: latest.column, value });
      }
    });
    fields.set(row, input);
    return make("label", {}, make("span", { text: row === null ? "bias" : sign }), input);
  }

  return {
    show(about) {
      latest = about;
      host.hidden = about === null;
      if (!about) {
        shape = "";
        return;
      }
      const now = JSON.stringify([about.layer, about.column, about.terms.map(({ sign }) => sign)]);
      if (now !== shape) {
        shape = now;
        fields = new Map();
        say(title, about.name);
        list.replaceChildren(...about.terms.map(field));
      }
      for (const { row, value } of about.terms) {
        if (document.activeElement !== fields.get(row)) {
          fields.get(row).value = value;
        }
      }
      turn.hidden = about.unit === null;
      say(turn, about.isOut ? "Bring it back" : "Take it out");
    },
    focus(row) {
      fields.get(row)?.focus();
      fields.get(row)?.select();
    },
  };
}
