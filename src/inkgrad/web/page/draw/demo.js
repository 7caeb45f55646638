/** The demonstration: test digits that are written again, until somebody touches the page. */
import { get } from "../frame/api.js";
import { fromBase64 } from "../parts/pixels.js";

const DIGITS = [35, 15, 30, 21, 27, 17]; // test digits that are easy on the eye: 2, 5, 3, 6, 4, 7
const WRITING = 1400; // milliseconds for a digit
const FRAME = 40; // between two of its pictures
const RESTING = 2600; // until the next digit

const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const after = (milliseconds) => new Promise((done) => {
  setTimeout(done, milliseconds);
});

/**
 * Make the demonstration.
 * @param {(bytes: Uint8Array, digit: {index: number, label: string}) => void} show called with what is written so far
 * @returns {{play: () => Promise<void>, finish: () => void, stop: () => void, isOn: () => boolean}} finish writes the
 *   digit to its end at once, stop leaves it
 */
export function makeDemo(show) {
  let isOn = false;
  let isFinishing = false;

  async function write(index) {
    const digit = await get(`/api/digits/${index}`);
    const [ink, order] = [fromBase64(digit.image), fromBase64(digit.order)];
    const start = performance.now();
    while (isOn) {
      const part = isFinishing || still() ? 1 : Math.min(1, (performance.now() - start) / WRITING);
      show(ink.map((value, i) => (order[i] <= 255 * part ? value : 0)), { index, label: digit.label });
      if (part === 1) {
        return;
      }
      await after(FRAME);
    }
  }

  return {
    async play() {
      isOn = true;
      for (const index of DIGITS) {
        await write(index);
        if (still()) {
          break; // one digit, which stays
        }
        await after(RESTING);
        if (!isOn || isFinishing) {
          break;
        }
      }
      isOn = false;
    },
    finish() {
      isFinishing = true;
    },
    stop() {
      isOn = false;
    },
    isOn: () => isOn,
  };
}
