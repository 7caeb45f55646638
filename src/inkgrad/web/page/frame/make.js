/** Makes elements in one expression; text goes in as text, never as HTML. */

const RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * Make an element.
 * @param {string} tag
 * @param {object} [settings] attributes; `on...` are listeners, `class` and `text` are what they say
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name === "text") {
      element.textContent = value;
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children);
  return element;
}

/** A label with a "?" that explains it to who points at it, or goes there with the keyboard. */
export function explained(label, text) {
  return make("div", { class: "label-line" }, label,
    make("span", { class: "what", tabindex: "0", role: "note", "aria-label": text, text: "?" }),
    make("span", { class: "tip", "aria-hidden": "true", text }));
}

/** Set the text of an element where it differs, so that a quiet page stays quiet. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** A number for reading: three digits that count, no needless zeros. */
export function shown(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100000)) {
    const [digits, power] = value.toExponential(1).split("e");
    const raised = [...power.replace("+", "")].map((sign) => RAISED["-0123456789".indexOf(sign)]).join("");
    return `${digits}·10${raised}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** A share of one in percent: 0.9731 is "97.3 %", and 0.9999 "100 %". */
export function percent(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const of100 = 100 * value;
  return `${of100 >= 99.95 || of100 < 0.05 ? Math.round(of100) : of100.toFixed(1)} %`;
}

/** Whether an element can be seen now: charts in a hidden tab wait. */
export function isSeen(element) {
  return element.offsetParent !== null;
}

/** Call `work` each time that `element` gets another width, also when its tab is shown again. */
export function whenSized(element, work) {
  let width = 0;
  new ResizeObserver(() => {
    const now = element.clientWidth;
    if (now !== width) {
      width = now;
      if (now > 0) {
        work();
      }
    }
  }).observe(element);
}
