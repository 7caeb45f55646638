/** The tab Read: a picture in, text out, with a box around each that can be looked into and corrected. */
import { post, postBytes, postForFile } from "../frame/api.js";
import { make, percent } from "../frame/make.js";
import { bars } from "../parts/bars.js";
import { copyText, setUpDrop } from "../parts/files.js";
import { forget, keep, setUpSaving } from "../parts/corrections.js";
import { keys } from "../parts/keys.js";
import { attempt, notice } from "../frame/notice.js";
import { drawGrey, fromBase64 } from "../parts/pixels.js";
import { amended, csvOf, keyOf, notesOf } from "./reading.js";

const MARKS = [".", ",", "-", "/", ":"]; // to set right with; rarer ones are seldom misread
const $ = (id) => document.getElementById(id);

let context = null;
let chart = null;
let file = null; // the picture, kept to read it again with other settings
let page = null; // the number of its page that is read
let picture = null; // the address of that for the page
let result = null;
let chosen = -1;
let right = new Map(); // labels that were set right, by character
let taught = []; // the keys of those characters that the network has learned, oldest first
let reads = 0; // the newest reading counts
let reading = null; // what aborts it
let timer = null;

/** Build the tab. */
export async function mount(section, given) {
  context = given;
  chart = bars($("read-bars"), []);
  onHash(context.state);
  $("read-choose").addEventListener("click", () => $("read-file").click());
  $("read-photo").addEventListener("click", () => $("read-camera").click());
  for (const input of [$("read-file"), $("read-camera")]) {
    input.addEventListener("change", () => {
      take(input.files[0]);
      input.value = ""; // the same file can be chosen again
    });
  }
  setUpDrop($("read-drop"), take);
  setUpDrop($("read-result"), take);
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((each) => /^image\/|\/pdf$/.test(each.type));
    if (pasted && !section.hidden) {
      event.preventDefault();
      take(pasted);
    }
  });
  $("read-page").addEventListener("change", (event) => read(file, Number(event.target.value)));
  $("read-threshold").addEventListener("input", settingsChanged);
  $("read-expect").addEventListener("input", settingsChanged);
  $("read-copy").addEventListener("click", () => copy("text", amended(result, right).lines.join("\n")));
  $("read-csv").addEventListener("click", () => copy("CSV", csvOf(amended(result, right))));
  $("read-boxes").addEventListener("keydown", moveByKeys);
  $("read-unlearn").addEventListener("click", unlearn);
  setUpSaving($("read-save"));
  $("read-draw").addEventListener("click", () => context.drawImage(fromBase64(result.characters[chosen].image)));
  $("read-keys").append(...keys([...context.options.labels, ...MARKS], correct));
}

/** Other settings, from the address. */
export function onHash(params) {
  $("read-threshold").value = params.get("threshold") ?? context.options.reader.threshold;
  $("read-expect").value = params.get("expect") ?? "";
  sayThreshold();
  if (file) {
    read();
  }
}

function sayThreshold() {
  $("read-threshold-said").textContent = `${Math.round(100 * $("read-threshold").value)} %`;
}

function settingsChanged() {
  sayThreshold();
  const params = new URLSearchParams();
  if (Number($("read-threshold").value) !== context.options.reader.threshold) {
    params.set("threshold", $("read-threshold").value);
  }
  if ($("read-expect").value) {
    params.set("expect", $("read-expect").value);
  }
  context.setState(params);
  clearTimeout(timer);
  timer = setTimeout(() => file && read(), 300);
}

function take(given) {
  if (!given) {
    return;
  }
  const limit = context.options.limits.picture_bytes;
  if (limit && given.size > limit) {
    const size = (given.size / 1e6).toFixed(1);
    notice(`The picture has ${size} MB; at most ${(limit / 1e6).toFixed(0)} MB can be read.`);
    return;
  }
  read(given);
}

async function read(given = file, number = given === file ? page : null) {
  reads += 1;
  const mine = reads;
  reading?.abort(); // its answer would be dropped, and the newest would wait for it
  reading = new AbortController();
  const query = new URLSearchParams({ threshold: $("read-threshold").value, expect: $("read-expect").value.trim() });
  if (number !== null) {
    query.set("page", number);
  }
  $("read-drop").setAttribute("aria-busy", "true");
  $("read-said").textContent = "Reading ...";
  $("read-busy").hidden = false;
  const answer = await attempt(() => postBytes(`/api/read?${query}`, given, reading.signal));
  const isNew = answer && (given !== file || answer.page !== page);
  const shown = isNew ? await attempt(() => addressOf(given, answer)) : picture;
  if (mine !== reads) {
    if (isNew && shown) {
      URL.revokeObjectURL(shown);
    }
    return;
  }
  $("read-drop").removeAttribute("aria-busy");
  $("read-busy").hidden = true;
  if (!answer || !shown) {
    $("read-said").textContent = "";
    $("read-page").value = page;
    if (given !== file) { // what was read of another picture is not this one's
      file = null;
      $("read-result").hidden = true;
    }
    return;
  }
  if (isNew) {
    file = given;
    page = answer.page;
    right = new Map();
    taught = [];
    $("read-unlearn").disabled = true;
    $("read-learned").textContent = "Press what it was: it is set right here, and if it is a digit, "
      + "the network of Draw learns it.";
    if (picture) {
      URL.revokeObjectURL(picture);
    }
    picture = shown;
    $("read-picture").src = picture;
    $("read-pages").hidden = answer.pages.length === 1;
    $("read-page").replaceChildren(...answer.pages.map((each) => new Option(`${each} of ${answer.pages.at(-1)}`, each)));
    $("read-page").value = page;
  }
  const kept = chosen < 0 ? null : keyOf(result.characters[chosen]);
  result = answer;
  chosen = result.characters.findIndex((character) => keyOf(character) === kept);
  showResult();
  const n = result.characters.length;
  const { lines } = amended(result, right);
  const found = n === 0 ? "No digits found." : `${n === 1 ? "1 character" : `${n} characters`}: ${lines.join(", ")}.`;
  $("read-said").textContent = [found, ...notesOf(result, lines)].join(" ");
}

/** The address of the page that was read: of the file itself, where the browser can show it. */
async function addressOf(given, answer) {
  if (answer.pages.length === 1) {
    const own = URL.createObjectURL(given);
    const image = new Image();
    image.src = own;
    try {
      await image.decode();
      return own;
    } catch {
      URL.revokeObjectURL(own); // a PDF, a photo of a phone
    }
  }
  const { blob } = await postForFile(`/api/picture?page=${answer.page}`, given);
  return URL.createObjectURL(blob);
}

function showResult() {
  const [width, height] = result.size;
  $("read-result").hidden = false;
  $("read-stage").style.aspectRatio = `${width} / ${height}`;
  $("read-stage").style.maxWidth = `calc(75vh * ${width / height})`; // a tall picture stays on the screen
  $("read-boxes").replaceChildren(...result.characters.map((character, i) => boxOf(character, i, width, height)));
  showText();
  choose(chosen);
}

function boxOf(character, index, width, height) {
  const [left, top, end, bottom] = character.box;
  const threshold = Number($("read-threshold").value);
  const given = right.get(keyOf(character));
  const trust = character.probability < threshold ? "doubt" : character.probability < context.options.reader.sure ? "fair" : "sure";
  const how = given ? `set right to ${given}` : `${character.best}, ${percent(character.probability)}`;
  const box = make("button", {
    type: "button", class: given ? "given" : trust, "aria-label": `${how}, line ${character.line + 1}`,
    tabindex: index === 0 ? 0 : -1, // one stop for the Tab key, arrow keys from there
  }, make("b", { text: given ?? character.label }));
  box.style.left = `${(100 * left) / width}%`;
  box.style.top = `${(100 * top) / height}%`;
  box.style.width = `${(100 * (end - left)) / width}%`;
  box.style.height = `${(100 * (bottom - top)) / height}%`;
  box.style.setProperty("--high", `${(100 * (bottom - top)) / width}cqw`);
  box.addEventListener("click", () => {
    choose(index);
    if (window.matchMedia("(max-width: 56rem)").matches) {
      $("read-digit").scrollIntoView({ block: "nearest" }); // it is below the picture there
    }
  });
  return box;
}

function showText() {
  const place = $("read-text");
  const { lines, table: cells } = amended(result, right);
  if (result.characters.length === 0) {
    place.replaceChildren(make("p", { class: "soft", text: "No digits found in this picture." }));
  } else if (cells) {
    place.replaceChildren(make("table", {}, ...cells.map((texts) =>
      make("tr", {}, ...texts.map((text) => make("td", { text }))))));
  } else {
    place.replaceChildren(make("pre", { text: lines.join("\n") }));
  }
  const notes = notesOf(result, lines);
  $("read-notes").hidden = notes.length === 0;
  $("read-notes").textContent = notes.join(" ");
  $("read-copy").disabled = result.characters.length === 0;
  $("read-csv").disabled = result.characters.length === 0;
}

function moveByKeys(event) {
  const boxes = [...$("read-boxes").children];
  const at = boxes.indexOf(event.target);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: boxes.length - 1,
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    if (boxes[to]) {
      choose(to);
      boxes[to].focus();
    }
  }
}

function choose(index) {
  chosen = index;
  $("read-digit").hidden = index < 0;
  [...$("read-boxes").children].forEach((box, i) => {
    box.setAttribute("aria-pressed", String(i === index));
    box.tabIndex = i === Math.max(index, 0) ? 0 : -1;
  });
  if (index < 0) {
    return;
  }
  const { best, probability, others, line, column, image } = result.characters[index];
  const likely = [[best, probability], ...others];
  $("read-digit-title").textContent = `Line ${line + 1}, character ${column + 1}: ${best}`;
  drawGrey($("read-seen"), fromBase64(image), 28, 28);
  chart.set(likely.map(([, p]) => p), likely.map(([label]) => label));
}

async function copy(kind, text) {
  const done = await attempt(() => copyText(text));
  $("read-said").textContent = done ? `Copied as ${kind}.` : "";
  const button = kind === "CSV" ? $("read-csv") : $("read-copy");
  if (done) {
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = `Copy as ${kind}`;
    }, 1500);
  }
}

async function correct(label) {
  const character = result.characters[chosen];
  const path = `/api/correct?network=reader&label=${label}&width=28&height=28`;
  right.set(keyOf(character), label); // the text is right, whatever the network makes of it
  showResult();
  const key = `${picture} ${keyOf(character)}`;
  if (MARKS.includes(label)) {
    forget(key);
    $("read-learned").textContent = "Set right. The network of Draw learns digits alone.";
    return;
  }
  keep(key, label, character.image);
  await attempt(async () => {
    const learned = await postBytes(path, fromBase64(character.image));
    const at = learned.labels.indexOf(label);
    const steps = learned.steps === 1 ? "1 step" : `${learned.steps} steps`;
    taught.push(keyOf(character));
    $("read-unlearn").disabled = false;
    $("read-learned").textContent = `Set right. The network of Draw learned it in ${steps}: `
      + `how sure it is of ${label} went from ${percent(learned.before[at])} to ${percent(learned.after[at])}.`;
  });
}

async function unlearn() {
  await attempt(async () => {
    await post("/api/undo?network=reader");
    const key = taught.pop();
    right.delete(key);
    forget(`${picture} ${key}`);
    $("read-unlearn").disabled = taught.length === 0;
    $("read-learned").textContent = "Forgotten, and as it was read.";
    showResult();
  });
}
