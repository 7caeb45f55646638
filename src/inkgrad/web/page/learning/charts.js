/** Line charts by plotly, which is loaded when the first one is shown; each also says in words what it shows. */
import { isSeen, make, say, shown, whenSized } from "../frame/make.js";

const BETWEEN = 350; // milliseconds between two drawings of a chart
const MOST = 600; // points of a line; more cannot be seen
let loading = null;

/** Load plotly, once. */
export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = make("script", { src: "/plotly.min.js" });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => {
      loading = null; // the next chart tries again
      script.remove();
      reject(new Error("The charts could not be loaded; the words below them still hold."));
    });
    document.head.append(script);
  });
  return loading;
}

/** The colours of the theme that is on. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"), accent: of("--accent"),
    lines: [1, 2, 3].map((n) => of(`--line-${n}`)), font: getComputedStyle(document.body).fontFamily,
  };
}

// Every so-many-th point, and the last one.
function thinned(points) {
  if (points.length <= MOST) {
    return points;
  }
  const stride = Math.ceil(points.length / MOST);
  return points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

function traceOf({ name, points, colour, dash, faint, dots }, palette) {
  const few = thinned(points);
  return {
    name, type: "scatter", mode: dots ? "lines+markers" : "lines", x: few.map(([x]) => x), y: few.map(([, y]) => y),
    line: { color: palette.lines[colour], width: faint ? 1 : 2.25, dash: dash ? "5px,4px" : "solid" },
    marker: { size: 6, color: palette.lines[colour] },
    opacity: faint ? 0.32 : 1, showlegend: !faint, hoverinfo: faint ? "skip" : "all",
    hovertemplate: faint ? undefined : "%{y:.4~g}<extra>%{fullData.name}</extra>",
  };
}

// How far apart the numbers at a logarithmic axis are; none where nothing is above zero.
function ticksOf(lines) {
  const values = lines.flatMap((line) => line.points.map(([, y]) => y)).filter((y) => y > 0);
  if (values.length === 0) {
    return null;
  }
  const extremes = values.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [Infinity, 0]);
  const decades = Math.log10(extremes[1] / extremes[0]);
  return decades > 4 ? 2 : decades > 1.6 ? 1 : "D2";
}

// From a little below the least share to a little above the largest, and never beyond 0 and 100 %.
function rangeOf(lines) {
  const values = lines.flatMap((line) => line.points.map(([, y]) => y));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const edge = Math.max(0.01, (high - low) / 10);
  return [Math.max(0, low - edge), Math.min(1, high) + edge / 2];
}

function layoutOf({ x, log, share, lines }, palette, height) {
  const axis = {
    gridcolor: palette.line, linecolor: palette.line, zeroline: false, automargin: true,
    tickfont: { color: palette.soft, size: 11 },
  };
  return {
    height, margin: { l: 44, r: 10, t: 8, b: 38 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: palette.ink, family: palette.font, size: 12 },
    xaxis: { ...axis, title: { text: x, font: { color: palette.soft, size: 12 }, standoff: 6 }, rangemode: "tozero" },
    yaxis: {
      ...axis, type: log ? "log" : "linear", tickformat: share ? "~%" : "~g",
      dtick: log ? log : undefined, nticks: 6, rangemode: "tozero", range: share ? rangeOf(lines) : undefined,
    },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { color: palette.ink, size: 12 } },
    hovermode: "x unified",
    hoverlabel: { bgcolor: palette.card, bordercolor: palette.line, font: { color: palette.ink, size: 12 } },
  };
}

/**
 * Make a line chart in a <figure>.
 * @param {HTMLElement} figure
 * @param {{title: string, x: string, log?: boolean, share?: boolean, height?: number}} about
 * @returns {{draw: (lines: object[], words: string) => void}} a line has name, points [[x, y]], colour 0..2, and
 *   may have dash, faint, dots
 */
export function lineChart(figure, about) {
  const plot = make("div", { class: "plot", role: "img", "aria-label": `${about.title}: nothing yet` });
  const words = make("p", { class: "hint", text: "Nothing yet: press Start." });
  figure.replaceChildren(make("figcaption", {}, make("h3", { text: about.title }), words), plot);
  plot.style.setProperty("min-height", `${about.height ?? 230}px`);
  let lines = null;
  let last = 0;
  let timer = null;
  let fresh = true;

  async function now() {
    timer = null;
    if (!lines || !isSeen(plot)) {
      return; // drawn when it is shown again
    }
    last = performance.now();
    const isEmpty = lines.every((line) => line.points.length === 0);
    plot.classList.toggle("empty", isEmpty); // axes without a line would say what is not so
    if (isEmpty && fresh) {
      return;
    }
    try {
      const Plotly = await loadPlotly();
      if (isEmpty) {
        Plotly.purge(plot);
        fresh = true;
        return;
      }
      const palette = colours();
      const traces = lines.map((line) => traceOf(line, palette));
      const layout = layoutOf({ ...about, lines, log: about.log && ticksOf(lines) }, palette, about.height ?? 230);
      layout.showlegend = traces.filter((trace) => trace.showlegend).length > 1;
      const settings = { displayModeBar: false, responsive: true };
      await (fresh ? Plotly.newPlot(plot, traces, layout, settings) : Plotly.react(plot, traces, layout, settings));
      fresh = false;
    } catch (error) {
      say(words, error.message);
    }
  }

  function soon() {
    timer ??= setTimeout(now, Math.max(0, last + BETWEEN - performance.now()));
  }

  whenSized(plot, async () => {
    if (!fresh) {
      (await loadPlotly()).Plots.resize(plot);
    }
    soon();
  });
  document.addEventListener("themechange", soon);

  return {
    draw(next, text) {
      lines = next;
      say(words, text);
      plot.setAttribute("aria-label", `${about.title}: ${text}`);
      soon();
    },
  };
}

/** What a falling or rising line does, in words. */
export function inWords(name, points, unit = shown) {
  if (points.length === 0) {
    return `${name}: nothing yet`;
  }
  const [, from] = points[0];
  const [, to] = points.at(-1);
  return points.length === 1 ? `${name} ${unit(to)}` : `${name} from ${unit(from)} to ${unit(to)}`;
}
