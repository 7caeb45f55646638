/** The paper to draw on: pointer and keys, pens of three sizes, undo and clear. */

const PAPER = 280; // pixels of the canvas, ten for each of the network's 28
const KEY_STEP = 7; // pixels that an arrow key moves the pen
const SIDE = 128; // pixels of a digit that goes to the server
const EDGE = 8; // of them left free around it
const THIN = 0.14; // of a digit's longer side, the widest pen that leaves its holes open; MNIST's is about as wide
const DOT = 2; // pen widths; what is smaller is a dot, and is not thinned
const SHARED = 0.3; // of the narrower one's width: strokes that share more of their columns are one digit's

/** What is drawn is kept as strokes, so that each can be taken back; the ink is the canvas's opacity. */
export class Pad {
  /**
   * @param {{canvas: HTMLCanvasElement, mark: HTMLElement, say: (text: string) => void,
   *   onInk: (done: boolean) => void}} parts onInk is called when the drawing has changed; done: a stroke is finished
   */
  constructor({ canvas, mark, say, onInk }) {
    this.canvas = canvas;
    this.mark = mark;
    this.say = say;
    this.onInk = onInk;
    this.ink = canvas.getContext("2d", { willReadFrequently: true });
    this.size = 20;
    this.version = 0; // counts what changes the drawing
    this.done = []; // strokes {id, size, points}, images {id, bytes} and {clear}, oldest first
    this.ids = 0;
    this.shown = null; // an image that is shown without being drawn
    this.stroke = null;
    this.pointer = null;
    this.pen = { x: PAPER / 2, y: PAPER / 2, down: false }; // of the keyboard
    canvas.classList.add("ink");
    this.#listen();
  }

  /** Whether there is something to take back. */
  get canUndo() {
    return this.done.length > 0;
  }

  /** Whether there is something to clear. */
  get isEmpty() {
    return this.done.length === 0 || "clear" in this.done.at(-1);
  }

  /**
   * The digits on the paper from left to right: strokes that share columns are one digit's.
   * @returns {{key: string, newest: number, image: () => {bytes: Uint8Array, width: number, height: number}}[]} `key`
   *   is another one when the digit is, `newest` grows with its last stroke; ink is 0..255
   */
  digits() {
    if (this.shown) {
      return [{ key: `shown ${this.version}`, newest: 0, image: () => ({ bytes: this.shown, width: 28, height: 28 }) }];
    }
    const strokes = [...this.done.slice(this.#start()), ...(this.stroke ? [this.stroke] : [])]
      .filter((each) => !("clear" in each));
    if (strokes.some((each) => "bytes" in each)) { // an image, which strokes may have been drawn upon
      const [first] = strokes;
      const image = () => (strokes.length === 1 ? { bytes: first.bytes, width: 28, height: 28 } : this.#whole());
      return [{ key: keyOf(strokes), newest: strokes.at(-1).id, image }];
    }
    const groups = [];
    for (const stroke of strokes) {
      const columns = columnsOf([stroke]);
      const near = groups.filter((group) => areOne(columnsOf(group), columns));
      const joined = [...near.flat(), stroke];
      groups.splice(0, groups.length, ...groups.filter((group) => !near.includes(group)), joined);
    }
    return groups.toSorted((one, other) => columnsOf(one)[0] - columnsOf(other)[0]).map((group) => ({
      key: keyOf(group), newest: Math.max(...group.map(({ id }) => id)), image: () => rendered(group),
    }));
  }

  /** Show a 28x28 image that nobody drew; null shows the drawing again. */
  show(bytes) {
    if (bytes || this.shown) {
      this.shown = bytes;
      this.#redraw();
      this.onInk(true);
    }
  }

  /** Put a 28x28 image on the paper in place of what is there. */
  put(bytes) {
    this.#lift();
    this.shown = null;
    this.done.push({ id: this.#next(), bytes });
    this.#redraw();
    this.onInk(true);
  }

  /** Take the last stroke, image or clearing back. */
  undo() {
    this.#lift();
    if (this.done.pop()) {
      this.#redraw();
      this.onInk(true);
    }
  }

  /** Empty the paper; undo brings the drawing back. */
  clear() {
    this.#lift();
    if (!this.isEmpty) {
      this.done.push({ clear: true });
      this.#redraw();
      this.onInk(true);
    }
  }

  #next() {
    this.ids += 1;
    return this.ids;
  }

  // Where the drawing begins among all that was done.
  #start() {
    return Math.max(0, this.done.findLastIndex((each) => "clear" in each || "bytes" in each));
  }

  #whole() {
    return { bytes: opacity(this.ink, PAPER), width: PAPER, height: PAPER };
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.pointer !== null) {
        return; // a second finger draws nothing
      }
      this.#lift();
      this.mark.hidden = true;
      this.pointer = event.pointerId;
      try {
        canvas.setPointerCapture(event.pointerId); // the stroke goes on outside the paper
      } catch {
        // the pointer is gone already
      }
      this.#begin(...this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.pointer) {
        return;
      }
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) {
        this.#draw(...this.#place(each));
      }
      this.onInk(false);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId === this.pointer) {
          this.pointer = null;
          this.#end();
        }
      });
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) {
        this.#showPen();
      }
    });
    canvas.addEventListener("blur", () => {
      this.#lift();
      this.mark.hidden = true;
    });
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * PAPER) / box.width, ((event.clientY - box.top) * PAPER) / box.height];
  }

  #key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && !event.altKey && !event.metaKey && !event.ctrlKey) {
      const step = KEY_STEP * (event.shiftKey ? 4 : 1);
      this.pen.x = Math.min(Math.max(this.pen.x + way[0] * step, 0), PAPER);
      this.pen.y = Math.min(Math.max(this.pen.y + way[1] * step, 0), PAPER);
      if (this.pen.down) {
        this.#draw(this.pen.x, this.pen.y);
        this.onInk(false);
      }
    } else if (event.key === " ") {
      if (this.pen.down) {
        this.#lift();
      } else {
        this.pen.down = true;
        this.#begin(this.pen.x, this.pen.y);
      }
      this.say(this.pen.down ? "Pen down" : "Pen up");
    } else if (event.key === "Escape" && this.pen.down) {
      this.#lift();
    } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.#showPen();
  }

  #showPen() {
    this.mark.hidden = false;
    this.mark.classList.toggle("down", this.pen.down);
    this.mark.style.left = `${(100 * this.pen.x) / PAPER}%`;
    this.mark.style.top = `${(100 * this.pen.y) / PAPER}%`;
  }

  #lift() {
    this.pen.down = false;
    this.#end();
  }

  #begin(x, y) {
    if (this.shown) {
      this.shown = null;
      this.#redraw();
    }
    this.stroke = { id: this.#next(), size: this.size, points: [[x, y]] };
    this.#line(this.stroke, 0);
    this.onInk(false);
  }

  #draw(x, y) {
    this.stroke.points.push([x, y]);
    this.#line(this.stroke, this.stroke.points.length - 1);
  }

  #end() {
    if (this.stroke) {
      this.done.push(this.stroke);
      this.stroke = null;
      this.onInk(true);
    }
  }

  #line({ size, points }, index) {
    this.version += 1;
    drawLine(this.ink, size, points[Math.max(index - 1, 0)], points[index]);
  }

  #redraw() {
    this.version += 1;
    this.ink.clearRect(0, 0, PAPER, PAPER);
    for (const each of this.shown ? [{ bytes: this.shown }] : this.done.slice(this.#start())) {
      if (each.bytes) {
        this.#stamp(each.bytes);
      } else if (each.points) {
        each.points.forEach((_, index) => this.#line(each, index));
      }
    }
  }

  #stamp(bytes) {
    const small = new OffscreenCanvas(28, 28);
    const image = new ImageData(28, 28);
    bytes.forEach((ink, i) => {
      image.data[4 * i + 3] = ink;
    });
    small.getContext("2d").putImageData(image, 0, 0);
    this.ink.imageSmoothingEnabled = true;
    this.ink.drawImage(small, 0, 0, PAPER, PAPER);
  }
}

const keyOf = (strokes) => strokes.map(({ id, points }) => `${id}:${points?.length ?? 0}`).sort().join(" ");

// The columns that strokes cover, with the half of their pens.
function columnsOf(strokes) {
  const lefts = strokes.flatMap(({ size, points }) => points.map(([x]) => x - size / 2));
  const rights = strokes.flatMap(({ size, points }) => points.map(([x]) => x + size / 2));
  return [lefts.reduce((a, b) => Math.min(a, b)), rights.reduce((a, b) => Math.max(a, b))];
}

function areOne([left, right], [otherLeft, otherRight]) {
  const shared = Math.min(right, otherRight) - Math.max(left, otherLeft);
  return shared > SHARED * Math.min(right - left, otherRight - otherLeft);
}

// A digit as large as its image allows, and small ones with a thinner pen, which would be a blob otherwise.
function rendered(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const [xs, ys] = [0, 1].map((at) => points.map((point) => point[at]));
  const ends = [xs, ys].map((all) => [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))]);
  const long = Math.max(...ends.map(([low, high]) => high - low));
  const size = Math.max(...strokes.map((stroke) => stroke.size));
  const pen = long > DOT * size ? Math.min(size, THIN * long) : size;
  const scale = (SIDE - 2 * EDGE) / (long + pen);
  const brush = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
  const toImage = ([x, y]) => [EDGE + (x - ends[0][0] + pen / 2) * scale, EDGE + (y - ends[1][0] + pen / 2) * scale];
  for (const { size: own, points: way } of strokes) {
    way.forEach((point, i) =>
      drawLine(brush, Math.min(own, pen) * scale, toImage(way[Math.max(i - 1, 0)]), toImage(point)));
  }
  return { bytes: opacity(brush, SIDE), width: SIDE, height: SIDE };
}

function drawLine(brush, width, [fromX, fromY], [x, y]) {
  brush.lineCap = "round";
  brush.lineWidth = width;
  brush.strokeStyle = "#000";
  brush.beginPath();
  brush.moveTo(fromX, fromY);
  brush.lineTo(x + (x === fromX && y === fromY ? 0.01 : 0), y); // a line of no length is not drawn
  brush.stroke();
}

function opacity(brush, side) {
  const rgba = brush.getImageData(0, 0, side, side).data;
  return Uint8Array.from({ length: side * side }, (_, i) => rgba[4 * i + 3]);
}
