/** The menu of lessons: put one mistake into the backward pass of a network, train on, and mend it again. */
import { post } from "../frame/api.js";
import { exhibitOf } from "./experiment.js";
import { make, say } from "../frame/make.js";
import { attempt } from "../frame/notice.js";

/** Return a wrong line of code over the right one. */
export function wrongAndRight(wrong, right) {
  return make("div", { class: "lines" },
    make("div", { class: "line-of wrong" }, make("span", { text: "wrong" }), make("pre", { tabindex: "0" }, wrong)),
    make("div", { class: "line-of right" }, make("span", { text: "right" }), make("pre", { tabindex: "0" }, right)));
}

/**
 * Make the menu.
 * @param {HTMLElement} host
 * @param {object[]} lessons of the server
 * @param {(name: string|null) => void} onBreak called with the lesson to put in, or null to mend
 * @returns {{show: (broken: string|null) => void, choose: (name: string) => void, chosen: () => string}}
 */
export function makeLessons(host, lessons, onBreak) {
  const cards = lessons.map(({ name, wrong_line: line }) => {
    const radio = make("input", { type: "radio", name: "check-lesson", value: name });
    radio.addEventListener("change", () => pick(name));
    return make("label", { class: "mistake" }, radio, make("b", { text: name }), make("code", { text: line }));
  });
  const menu = make("fieldset", { class: "mistakes", id: "check-lesson" },
    make("legend", { class: "unseen", text: "Mistake" }), ...cards);
  let chosen = lessons[0].name;
  const about = make("p");
  const wrong = make("code");
  const right = make("code");
  const moral = make("p", { class: "learned" });
  const needs = make("p", { class: "hint" });
  const state = make("p", { class: "broken-now", role: "status" });
  const put = make("button", { type: "button", class: "main", text: "Break it", onclick: () => onBreak(chosen) });
  const mend = make("button", { type: "button", text: "Mend it", disabled: true, onclick: () => onBreak(null) });

  const numbers = make("div", { class: "exhibits", hidden: true });
  const see = make("button", { type: "button", class: "main", text: "Check it", onclick: async () => {
    const asked = chosen;
    see.disabled = true;
    const found = await attempt(() => post("/api/experiment", { lesson: asked }));
    see.disabled = false;
    if (found && asked === chosen) {
      numbers.replaceChildren(...found.exhibits.map(exhibitOf));
      numbers.hidden = false;
    }
  } });

  function describe() {
    const lesson = lessons.find(({ name }) => name === chosen);
    const words = `${lesson.about[0].toUpperCase()}${lesson.about.slice(1)}.`;
    say(about, words);
    say(wrong, lesson.wrong_line);
    say(right, lesson.right_line);
    say(moral, lesson.moral);
    say(needs, lesson.of_a_layer ? `Needs ${lesson.needs}.` :
      "A function of its own, which is checked alone: it is no layer that a network here could have.");
    put.hidden = mend.hidden = !lesson.of_a_layer;
    see.hidden = lesson.of_a_layer;
    numbers.hidden = true;
  }
  function pick(name) {
    chosen = name;
    for (const card of cards) {
      const radio = card.querySelector("input");
      radio.checked = radio.value === name;
      if (radio.checked && menu.scrollHeight > menu.clientHeight) {
        const middle = card.offsetTop - menu.offsetTop - (menu.clientHeight - card.offsetHeight) / 2;
        const isSeen = card.offsetTop >= menu.offsetTop + menu.scrollTop
          && card.offsetTop + card.offsetHeight <= menu.offsetTop + menu.scrollTop + menu.clientHeight;
        menu.scrollTop = isSeen ? menu.scrollTop : middle;
      }
    }
    describe();
  }
  pick(chosen);
  host.append(menu, about, wrongAndRight(wrong, right), moral, needs, make("div", { class: "row" }, put, mend, see), state, numbers);
  return {
    show(broken) {
      say(state, broken ? `In the network now: ${broken}.` : "");
      state.hidden = !broken;
      mend.disabled = !broken;
    },
    choose(name) {
      if (lessons.some((lesson) => lesson.name === name)) {
        pick(name);
      }
    },
    chosen: () => chosen,
  };
}
