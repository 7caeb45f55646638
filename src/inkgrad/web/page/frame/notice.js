/** The alert line at the top of the page: one plain sentence when something did not work. */

const box = document.getElementById("notice");
const line = document.getElementById("notice-text");

let until = 0; // when the message may be taken away

/**
 * Show a message; it is read out at once.
 * @param {string} message
 * @param {number} [seconds] that it stays at least, whatever works meanwhile
 */
export function notice(message, seconds = 0) {
  until = performance.now() + 1000 * seconds;
  box.hidden = false;
  line.textContent = ""; // the same message twice is read out twice
  line.textContent = message;
}

/** Take the message away, when it has been there for long enough. */
export function hush() {
  if (performance.now() < until) {
    return;
  }
  box.hidden = true;
  line.textContent = "";
}

/**
 * Run what may fail; show why it failed, unless it was aborted.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T|undefined>} undefined when it failed
 */
export async function attempt(work) {
  try {
    const answer = await work();
    hush();
    return answer;
  } catch (error) {
    if (error.name !== "AbortError") {
      notice(error.message);
    }
    return undefined;
  }
}

document.getElementById("notice-close").addEventListener("click", () => {
  until = 0;
  hush();
});
