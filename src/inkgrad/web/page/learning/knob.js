/** A knob: a slider and a field for one number, which say the same. */
import { explained, make } from "../frame/make.js";

const STEPS = 200; // of the slider of a logarithmic knob

/**
 * Make a knob.
 * @param {object} about id, label, low, high; step; `log` for a slider of factors; `help`, what it means
 * @param {(value: number) => void} onValue
 * @returns {{element: HTMLElement, show: (value: number, force: boolean) => void, enable: (on: boolean) => void}}
 */
export function makeKnob({ id, label, low, high, step = "any", log = false, help }, onValue) {
  const toPlace = (value) => (log ? (STEPS * Math.log(value / low)) / Math.log(high / low) : value);
  const fromPlace = (place) =>
    (log ? Number((low * (high / low) ** (place / STEPS)).toPrecision(2)) : Number(place));
  const slider = make("input", {
    type: "range", id: `${id}-slider`, "aria-label": `${label}, slider`,
    min: log ? 0 : low, max: log ? STEPS : high, step: log ? 1 : step,
  });
  const field = make("input", {
    type: "number", id, min: log ? 0 : low, step: log ? "any" : step, inputmode: "decimal",
  });
  slider.addEventListener("input", () => {
    const value = fromPlace(slider.value);
    field.value = value;
    slider.setAttribute("aria-valuetext", field.value);
    onValue(value);
  });
  field.addEventListener("change", () => {
    const value = Number(field.value);
    if (field.value !== "" && Number.isFinite(value)) {
      slider.value = toPlace(value);
      onValue(value);
    }
  });
  const element = make("div", { class: "field knob" },
    explained(make("label", { for: id, text: label }), help), make("div", { class: "knob-parts" }, slider, field));
  return {
    element,
    show(value, force) {
      const touched = document.activeElement === slider || document.activeElement === field;
      if (force || !touched) {
        field.value = value;
        slider.value = toPlace(value);
        slider.setAttribute("aria-valuetext", field.value);
      }
    },
    enable(on) {
      slider.disabled = !on;
      field.disabled = !on;
    },
  };
}
