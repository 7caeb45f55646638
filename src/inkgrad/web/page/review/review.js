// The page on which forms are checked: one question after the other, by keyboard alone.

const found = (id) => document.getElementById(id);
const form = found("question");
const input = found("text");
const given = []; // numbers of the questions that were answered here, the last one last
let questions = [];
let at = -1;
let is_sending = false;
let refused = null; // the text that broke the pattern; once more, and it is taken as it is

async function ask(path, message) {
  const how = message === undefined ? {} : { method: "POST", body: JSON.stringify(message) };
  let answer;
  try {
    answer = await fetch(path, how);
  } catch {
    throw new Error("inkgrad does not answer: start inkgrad review again, your answers so far are kept");
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function show(number) {
  at = number;
  refused = null;
  const n_done = questions.filter((each) => each.answer !== null).length;
  found("progress").max = Math.max(questions.length, 1);
  found("progress").value = n_done;
  found("count").textContent = `${n_done} of ${questions.length} checked`;
  found("problem").textContent = "";
  form.hidden = at < 0;
  found("done").hidden = at >= 0;
  if (at < 0) return;
  const question = questions[at];
  found("field").textContent = question.field ?? "A page that was not read";
  found("page").textContent = question.page;
  found("doubt").textContent = question.doubt === "unsure" ? "The reader is not sure." : `${question.doubt}.`;
  const picture = found("picture");
  picture.toggleAttribute("data-missing", !question.has_picture);
  if (question.has_picture) picture.src = `api/questions/${at}/picture`;
  else picture.removeAttribute("src");
  input.disabled = false;
  input.readOnly = question.field === null;
  input.value = question.field === null ? "" : question.answer ?? question.read;
  found("ask").textContent = question.field === null ? "Enter notes it" : "It says";
  input.focus();
  input.select();
}

const next_open = () => questions.findIndex((each) => each.answer === null);

async function accept(text) {
  if (is_sending || at < 0) return;
  is_sending = true;
  try {
    await ask(`api/questions/${at}/answer`, { text, as_it_is: refused === text });
    questions[at].answer = text;
    given.push(at);
    show(next_open());
  } catch (error) {
    refused = text;
    found("problem").textContent = `${error.message}. Enter once more keeps it as it is.`;
  } finally {
    is_sending = false;
  }
}

async function undo() {
  if (is_sending || given.length === 0) return;
  is_sending = true;
  try {
    const last = given[given.length - 1];
    await ask(`api/questions/${last}/undo`, {});
    given.pop();
    questions[last].read = questions[last].answer || questions[last].read;
    questions[last].answer = null;
    show(last);
  } catch (error) {
    found("problem").textContent = error.message;
  } finally {
    is_sending = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  accept(input.value.trim());
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.preventDefault();
    undo();
  } else if (at >= 0 && questions[at].kind === "tick" && "yn".includes(event.key.toLowerCase())) {
    event.preventDefault();
    accept(event.key.toLowerCase() === "y" ? "yes" : "no");
  }
});

try {
  const told = await ask("api/questions");
  questions = told.questions;
  found("corrected").textContent = told.corrected;
  show(next_open());
} catch (error) {
  found("count").textContent = error.message;
}
found("main").removeAttribute("aria-busy");
