/** Starts the page: joins as a visitor, shows the tab of the address and mounts each tab when it is first shown. */
import { connect, stay, storedToken } from "./api.js";
import { hush, notice } from "./notice.js";

const MODULES = {
  draw: () => import("../draw/draw.js"),
  train: () => import("../train/train.js"),
  two: () => import("../two/two.js"),
  check: () => import("../check/check.js"),
  read: () => import("../read/read.js"),
  inside: () => import("../inside/inside.js"),
  models: () => import("../models/models.js"),
};
const STAY = 40000; // milliseconds; who is silent for two minutes is forgotten
const FULL = 5000; // milliseconds between knocks at the door of a server that is full
const NAMES = Object.keys(MODULES);
const mounted = {}; // name -> a promise of its module
const states = {}; // name -> the state of the tab when it was last shown
let options = null;
let current = null;

const tabOf = (name) => document.getElementById(`to-${name}`);
const sectionOf = (name) => document.getElementById(`tab-${name}`);

// "#two?seed=3" -> ["two", URLSearchParams]
function fromHash() {
  const [name, query = ""] = location.hash.slice(1).split("?", 2);
  return [NAMES.includes(name) ? name : "draw", new URLSearchParams(query)];
}

function hashOf(name, params) {
  const query = new URLSearchParams(params ?? "").toString();
  return query ? `#${name}?${query}` : `#${name}`;
}

function contextOf(name, state) {
  return {
    options,
    state,
    setState(params) {
      states[name] = hashOf(name, params);
      tabOf(name).href = states[name]; // coming back to the tab keeps what was set
      if (name === current) {
        history.replaceState(null, "", states[name]);
      }
    },
    show(tab, params) {
      location.hash = hashOf(tab, params);
    },
    async drawImage(bytes) {
      location.hash = hashOf("draw");
      const module = await mount("draw", new URLSearchParams());
      module.putImage(bytes);
    },
  };
}

function mount(name, state) {
  mounted[name] ??= (async () => {
    try {
      const module = await MODULES[name]();
      await module.mount(sectionOf(name), contextOf(name, state));
      return module;
    } catch (error) {
      delete mounted[name]; // going there once more tries again
      throw error;
    }
  })();
  return mounted[name];
}

function select(name) {
  for (const each of NAMES) {
    const tab = tabOf(each);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    sectionOf(each).hidden = each !== name;
  }
  const list = tabOf(name).parentElement;
  const middle = tabOf(name).offsetLeft - (list.clientWidth - tabOf(name).offsetWidth) / 2;
  list.scrollLeft = middle; // on a phone the row of tabs is wider than the screen
  document.title = `${tabOf(name).textContent} · inkgrad, a neural network from scratch`;
}

async function showHash() {
  const [name, state] = fromHash();
  const before = name in mounted;
  if (name !== current) {
    hush();
    const top = document.querySelector(".top").offsetHeight;
    window.scrollTo(0, Math.min(window.scrollY, top)); // the new tab from its start
  }
  current = name;
  select(name);
  const section = sectionOf(name);
  section.setAttribute("aria-busy", "true");
  if (!options) {
    return; // it is shown again when they are there
  }
  try {
    const module = await mount(name, state);
    if (before && location.hash !== states[name]) {
      module.onHash?.(state);
    }
    states[name] ??= location.hash;
  } catch (error) {
    notice(error.message);
  } finally {
    section.removeAttribute("aria-busy");
  }
}

function moveByKeys(event) {
  const at = NAMES.indexOf(event.target.id.replace("to-", ""));
  const last = NAMES.length - 1;
  const to = {
    ArrowRight: at === last ? 0 : at + 1,
    ArrowLeft: at === 0 ? last : at - 1,
    Home: 0,
    End: last,
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    tabOf(NAMES[to]).focus();
    tabOf(NAMES[to]).click();
  } else if (event.key === " ") {
    event.preventDefault();
    event.target.click();
  }
}

function setUpTheme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const say = () => {
    const other = root.dataset.theme === "dark" ? "Light" : "Dark";
    button.querySelector("span").textContent = other; // what it does, not what is
    button.setAttribute("aria-label", `${other} colours`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("inkgrad-theme", root.dataset.theme);
    } catch {
      // storage is switched off: the choice holds until the page is left
    }
    document.dispatchEvent(new Event("themechange"));
  });
  document.addEventListener("themechange", say);
  say();
}

function setUpSkip() {
  // The address after # names a tab, so the skip link must not change it.
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
}

async function entered() {
  for (;;) {
    try {
      const answer = await connect(storedToken());
      hush();
      return answer;
    } catch (error) {
      if (error.code !== "full") {
        throw error;
      }
      notice(`${error.message}. This page opens by itself when there is room.`);
      await new Promise((done) => setTimeout(done, FULL));
    }
  }
}

setUpTheme();
setUpSkip();
document.querySelector("[role=tablist]").addEventListener("keydown", moveByKeys);
window.addEventListener("hashchange", showHash);
showHash();
try {
  ({ options } = await entered());
  await showHash();
} catch (error) {
  notice(error.message);
}
document.addEventListener("visitforgotten", () => {
  notice("The server has forgotten this visit: what was trained or learned starts anew.", 10);
});
setInterval(() => options && stay().catch(() => {}), STAY); // what is asked next says what is wrong
