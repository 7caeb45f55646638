/** The paper to draw on: pointer and keys, pens of three sizes, undo and clear. */

const PAPER = 280; // pixels of the canvas, ten for each of the network's 28
const KEY_STEP = 7; // pixels that an arrow key moves the pen

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
    this.done = []; // strokes {size, points}, images {bytes} and {clear}, oldest first
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

  /** What the network is to see: {bytes, width, height}, ink 0..255. */
  image() {
    const last = this.done.at(-1);
    if (last && "bytes" in last && !this.stroke) {
      return { bytes: last.bytes, width: 28, height: 28 }; // untouched: as it is, not enlarged and reduced
    }
    const rgba = this.ink.getImageData(0, 0, PAPER, PAPER).data;
    const bytes = new Uint8Array(PAPER * PAPER);
    for (let i = 0; i < bytes.length; i += 1) {
      bytes[i] = rgba[4 * i + 3];
    }
    return { bytes, width: PAPER, height: PAPER };
  }

  /** Put a 28x28 image on the paper in place of what is there. */
  put(bytes) {
    this.#lift();
    this.done.push({ bytes });
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
    this.stroke = { size: this.size, points: [[x, y]] };
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
    const [fromX, fromY] = points[Math.max(index - 1, 0)];
    const [x, y] = points[index];
    this.version += 1;
    this.ink.lineCap = "round";
    this.ink.lineWidth = size;
    this.ink.strokeStyle = "#000";
    this.ink.beginPath();
    this.ink.moveTo(fromX, fromY);
    this.ink.lineTo(x + (index === 0 ? 0.01 : 0), y); // a line of no length is not drawn
    this.ink.stroke();
  }

  #redraw() {
    const start = this.done.findLastIndex((each) => "clear" in each || "bytes" in each);
    this.version += 1;
    this.ink.clearRect(0, 0, PAPER, PAPER);
    for (const each of this.done.slice(Math.max(start, 0))) {
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
