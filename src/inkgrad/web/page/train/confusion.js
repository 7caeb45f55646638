/** The confusion matrix as a table of buttons, and the misread digits of one of its cells. */
import { post } from "../frame/api.js";
import { make, percent } from "../frame/make.js";
import { attempt } from "../frame/notice.js";
import { drawGrey, fromBase64 } from "../parts/pixels.js";

const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function moveByKeys(event) {
  const move = MOVES[event.key];
  const cell = event.target.closest("td");
  if (!move || !cell) {
    return;
  }
  event.preventDefault();
  const table = cell.closest("table");
  let [row, column] = [cell.parentElement.rowIndex, cell.cellIndex];
  do {
    row += move[0];
    column += move[1];
    const button = table.rows[row]?.cells[column]?.querySelector("button");
    if (button) {
      table.querySelector("button[tabindex='0']")?.setAttribute("tabindex", "-1");
      button.setAttribute("tabindex", "0");
      button.focus();
      return;
    }
  } while (table.rows[row]?.cells[column]);
}

/**
 * Make the panel in a place.
 * @param {HTMLElement} host
 * @param {{drawImage: Function, show: Function}} context of the tab
 */
export function makeConfusion(host, context) {
  const ask = make("button", { type: "button", text: "Test it on 10 000 digits" });
  const said = make("p", { class: "hint", role: "status" });
  const place = make("div", { class: "confusion" });
  const digits = make("div", { class: "misread", "aria-live": "polite" });
  host.append(make("div", { class: "row" }, ask, said), place, digits);

  async function showDigits(truth, predicted, button) {
    for (const each of place.querySelectorAll("[aria-pressed='true']")) {
      each.setAttribute("aria-pressed", "false");
    }
    button.setAttribute("aria-pressed", "true");
    const found = await attempt(() => post("/api/misread", { truth, predicted }));
    if (!found) {
      return;
    }
    const list = make("ul", { class: "strip" }, ...found.digits.map((digit) => {
      const bytes = fromBase64(digit.image);
      const canvas = make("canvas", { width: 28, height: 28, "aria-hidden": "true" });
      drawGrey(canvas, bytes, 28, 28);
      const put = make("button", {
        type: "button", class: "digit",
        "aria-label": `Put onto the canvas of Draw: a ${digit.truth} read as ${digit.predicted}, ` +
          `${percent(digit.probability)} sure, test digit ${digit.index}`,
        onclick: () => {
          context.drawImage(bytes);
          context.show("draw");
        },
      }, canvas, make("span", { text: percent(digit.probability) }));
      return make("li", {}, put);
    }));
    digits.replaceChildren(make("h4", { text: `${truth} read as ${predicted}: ${found.digits.length}` }),
      make("p", { class: "hint", text: "How sure the network was is below each. Press one to see it in Draw." }), list);
  }

  function cellOf(count, truth, predicted, most, labels) {
    const cell = make("td");
    if (truth === predicted) {
      cell.className = "right";
      cell.textContent = String(count);
    } else if (count === 0) {
      cell.className = "none";
      cell.textContent = "0";
    } else {
      const button = make("button", {
        type: "button", text: String(count), tabindex: "-1", "aria-pressed": "false",
        "aria-label": `${count} times ${labels[truth]} read as ${labels[predicted]}: show them`,
      });
      button.addEventListener("click", () => showDigits(truth, predicted, button));
      button.style.setProperty("--heat", `${Math.round(12 + 58 * Math.sqrt(count / most))}%`);
      cell.append(button);
    }
    return cell;
  }

  function draw({ labels, matrix, n, accuracy }) {
    const wrong = matrix.flatMap((row, i) => row.filter((_, j) => i !== j));
    const most = Math.max(1, ...wrong);
    const head = make("tr", {}, make("th", { scope: "col", class: "corner", text: "is" }),
      ...labels.map((label) => make("th", { scope: "col", text: label })));
    const rows = matrix.map((row, truth) => make("tr", {}, make("th", { scope: "row", text: labels[truth] }),
      ...row.map((count, predicted) => cellOf(count, truth, predicted, most, labels))));
    const table = make("table", { onkeydown: moveByKeys },
      make("caption", { class: "hint", text: "A row for each digit as it is, a column for what was read. " +
        "Press a count to see those digits; arrow keys move." }),
      make("thead", {}, head), make("tbody", {}, ...rows));
    table.querySelector("button")?.setAttribute("tabindex", "0");
    place.replaceChildren(table);
    digits.replaceChildren();
    const misread = wrong.reduce((sum, count) => sum + count, 0);
    said.textContent = `${(n - misread).toLocaleString("en")} of ${n.toLocaleString("en")} right, ` +
      `${percent(accuracy)}; ${misread.toLocaleString("en")} misread.`;
  }

  ask.addEventListener("click", async () => {
    ask.disabled = true;
    said.textContent = "Reading them ...";
    const found = await attempt(() => post("/api/confusion"));
    ask.disabled = false;
    if (found) {
      draw(found);
    } else {
      said.textContent = "";
    }
  });
}
