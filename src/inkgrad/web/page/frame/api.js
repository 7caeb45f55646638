/** Talks to the server: requests as a visitor, and the websocket of a training. */

const KEY = "inkgrad-visitor";
let visitor = null;
let joining = null;

/** The token of this browser tab's visitor from an earlier load, or null. */
export function storedToken() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off: each load is a new visitor
  }
}

// What the server refuses: a line for people, and a code for the page.
function refusal(line, code) {
  return Object.assign(new Error(line), { code });
}

async function failure(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    // not JSON: the status has to do
  }
  return refusal(told.error ?? `The server answered ${response.status}.`, told.code);
}

async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") {
      throw error; // nobody waits for it any more
    }
    throw new Error("The server cannot be reached. Is inkgrad serve still running?");
  }
}

/**
 * Join as a visitor, or come back as one.
 * @param {string|null} token the token of an earlier visit
 * @returns {Promise<{token: string, resumed: boolean, options: object}>}
 */
export async function connect(token) {
  const response = await ask("/api/visitors", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: token ?? null }),
  });
  if (!response.ok) {
    throw await failure(response);
  }
  const answer = await response.json();
  visitor = answer.token;
  try {
    sessionStorage.setItem(KEY, visitor);
  } catch {
    // see storedToken
  }
  return answer;
}

/**
 * Show the server that the visitor is still here.  It forgets who was away for some minutes, and all when it
 * restarts: then this joins anew, and the document gets the event "visitforgotten".
 */
export function stay() {
  joining ??= connect(visitor)
    .then((answer) => {
      if (!answer.resumed) {
        document.dispatchEvent(new Event("visitforgotten"));
      }
    })
    .finally(() => {
      joining = null;
    });
  return joining; // one for all who ask at the same time
}

async function request(path, options, again = true) {
  const headers = { ...options.headers, "X-Visitor": visitor ?? "" };
  const response = await ask(path, { ...options, headers });
  if (response.ok) {
    return response;
  }
  const error = await failure(response);
  if (again && error.code === "stranger") {
    await stay();
    return request(path, options, false);
  }
  throw error;
}

/** GET a path, and give the JSON of the answer. */
export async function get(path) {
  return (await request(path, { method: "GET" })).json();
}

/** POST a JSON body, and give the JSON of the answer; a signal may abort it. */
export async function post(path, body = {}, signal = null) {
  const headers = { "Content-Type": "application/json" };
  return (await request(path, { method: "POST", headers, body: JSON.stringify(body), signal })).json();
}

/** POST raw bytes (an array of bytes, a blob or a file), and give the JSON of the answer; a signal may abort it. */
export async function postBytes(path, bytes, signal = null) {
  const headers = { "Content-Type": "application/octet-stream" };
  return (await request(path, { method: "POST", headers, body: bytes, signal })).json();
}

/** GET a file as the visitor: its blob and the name that the server gives it. */
export async function getFile(path) {
  return fileOf(await request(path, { method: "GET" }));
}

/** POST raw bytes, and give the file of the answer: its blob and the name that the server gives it. */
export async function postForFile(path, bytes) {
  const headers = { "Content-Type": "application/octet-stream" };
  return fileOf(await request(path, { method: "POST", headers, body: bytes }));
}

async function fileOf(response) {
  const header = response.headers.get("Content-Disposition") ?? "";
  const name = /filename="?([^";]+)"?/.exec(header)?.[1] ?? "download";
  return { blob: await response.blob(), name };
}

/** The websocket of one training; it connects again by itself when the line is lost. */
export class Training {
  /**
   * @param {"digits"|"points"} which
   * @param {(state: object) => void} onState called with each state
   * @param {(error: Error) => void} onError called with what the server refuses, and when the line is lost
   */
  constructor(which, onState, onError) {
    this.which = which;
    this.onState = onState;
    this.onError = onError;
    this.waiting = []; // messages given before the line is open
    this.failures = 0;
    this.closed = false;
    this.timer = null;
    this.#open();
  }

  /** Send a message; it waits when the line is not open. */
  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(message));
    } else {
      this.waiting.push(message);
    }
  }

  /** Close the line for good. */
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/training/${this.which}`);
    this.socket = socket;
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ token: visitor }));
      for (const message of this.waiting.splice(0)) {
        socket.send(JSON.stringify(message));
      }
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.kind === "error") {
        this.onError(refusal(message.error, message.code));
        return;
      }
      this.failures = 0;
      this.onState(message);
    });
    socket.addEventListener("close", () => this.#lost());
  }

  #lost() {
    if (this.closed) {
      return;
    }
    const seconds = Math.min(0.5 * 2 ** this.failures, 10);
    this.failures += 1;
    if (this.failures === 2) {
      this.onError(new Error("The line to the server is lost. Trying again ..."));
    }
    this.timer = setTimeout(async () => {
      try {
        await stay(); // a restarted server does not know the visitor
      } catch {
        this.#lost();
        return;
      }
      if (!this.closed) {
        this.#open();
      }
    }, seconds * 1000);
  }
}
