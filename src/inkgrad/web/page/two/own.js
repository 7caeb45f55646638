/** Points of one's own: painted on the plane, typed into a form, pasted, or out of a CSV file. */
import { onGrid } from "../learning/address.js";
import { pointsOf } from "./csv.js";
import { make, say } from "../frame/make.js";
import { notice } from "../frame/notice.js";

const APART = 0.03; // between two points of a stroke
const REACH = 0.035; // of the eraser

/**
 * Make the tools.
 * @param {object} places `host` for the tools, `canvas` to paint on
 * @param {{toPlane: Function}} plane
 * @param {{limits: object, point_classes: string[]}} options of the server
 * @param {(points: number[][], classes: number) => void} onPoints called with all points
 * @returns {{open: (on: boolean) => void, take: (points: number[][]) => void, points: () => number[][]}}
 */
export function makeOwn({ host, canvas }, plane, options, onPoints) {
  const most = options.limits.points;
  const names = options.point_classes;
  const eraser = names.length; // comes after the classes
  let points = [];
  let strokes = []; // points before each stroke, to undo
  let label = 0;
  let isOpen = false;
  let last = null;

  function put(next) {
    points = next;
    say(count, `${points.length} of at most ${most} points`);
    undo.disabled = strokes.length === 0;
    clear.disabled = points.length === 0;
    onPoints(points, Math.max(2, ...points.map((point) => point[2] + 1)));
  }

  function remember() {
    strokes = [...strokes.slice(-49), points];
  }

  function add(x, y, to) {
    if (points.length >= most) {
      notice(`At most ${most} points fit.`);
      return;
    }
    put([...points, [onGrid(x), onGrid(y), to]]);
  }

  function paint(event) {
    const [x, y] = plane.toPlane(event);
    if (label === eraser) {
      const kept = points.filter((point) => Math.hypot(point[0] - x, point[1] - y) > REACH);
      if (kept.length < points.length) {
        put(kept);
      }
    } else if (x >= 0 && x <= 1 && y >= 0 && y <= 1 && (!last || Math.hypot(last[0] - x, last[1] - y) > APART)) {
      last = [x, y];
      add(x, y, label);
    }
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!isOpen || event.button !== 0) {
      return;
    }
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    remember();
    last = null;
    paint(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (isOpen && canvas.hasPointerCapture(event.pointerId)) {
      paint(event);
    }
  });

  const chooser = make("fieldset", { class: "switch" }, make("legend", { class: "unseen", text: "Paint with" }),
    ...[...names, "eraser"].map((name, i) => {
      const input = make("input", { type: "radio", name: "own-class", value: String(i), checked: i === 0 });
      input.addEventListener("change", () => {
        label = i;
      });
      return make("label", { class: `class-${i}` }, input, name);
    }));
  const undo = make("button", {
    type: "button", class: "small", text: "Undo", disabled: true, onclick: () => put(strokes.pop() ?? points),
  });
  const clear = make("button", {
    type: "button", class: "small", text: "Clear", disabled: true,
    onclick: () => {
      remember();
      put([]);
    },
  });
  const count = make("p", { class: "hint", role: "status", text: "Paint points of two classes or more on the plane." });

  const number = (id, name) => make("div", { class: "field" }, make("label", { for: id, text: name }),
    make("input", { id, type: "number", min: 0, max: 1, step: "any", required: true, inputmode: "decimal" }));
  const chosen = make("select", { id: "own-to" }, ...names.map((name, i) => make("option", { value: i, text: name })));
  const typed = make("form", { class: "typed" }, number("own-x", "x"), number("own-y", "y"),
    make("div", { class: "field" }, make("label", { for: "own-to", text: "class" }), chosen),
    make("button", { text: "Add" }));
  typed.addEventListener("submit", (event) => {
    event.preventDefault();
    remember();
    add(Number(typed.querySelector("#own-x").value), Number(typed.querySelector("#own-y").value), Number(chosen.value));
    typed.querySelector("#own-x").focus();
  });

  function use(text) {
    try {
      const found = pointsOf(text, most);
      remember();
      put(found.points);
      say(count, `${found.points.length} points, classes ${found.classes.join(", ")}` +
        `${found.scaled ? ", scaled into the square" : ""}.`);
    } catch (error) {
      notice(error.message);
    }
  }
  const file = make("input", { type: "file", id: "own-file", accept: ".csv,.txt,text/csv,text/plain" });
  file.addEventListener("change", async () => {
    if (file.files.length) {
      use(await file.files[0].text());
      file.value = "";
    }
  });
  const pasted = make("textarea", { id: "own-text", rows: 4, placeholder: "x,y,class\n0.2,0.8,0\n0.7,0.3,1" });
  host.append(make("div", { class: "row" }, chooser, undo, clear), count,
    make("details", {}, make("summary", { text: "Without a mouse, or from a file" }),
      typed,
      make("div", { class: "field" }, make("label", { for: "own-file", text: "CSV file of x, y, class" }), file),
      make("div", { class: "field" }, make("label", { for: "own-text", text: "Or paste its lines" }), pasted),
      make("div", { class: "row" },
        make("button", { type: "button", text: "Take these points", onclick: () => use(pasted.value) }))));

  return {
    open(on) {
      isOpen = on;
      host.hidden = !on;
      canvas.classList.toggle("paintable", on);
    },
    /** Points that came from the server, or from a link. */
    take(next) {
      if (JSON.stringify(next) === JSON.stringify(points)) {
        return; // what was said about them still holds
      }
      points = next;
      clear.disabled = points.length === 0;
      say(count, `${points.length} of at most ${most} points`);
    },
    points: () => points,
  };
}
