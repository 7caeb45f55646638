/** The tab Models: download the network of the tab Train, load one from a file. */
import { getFile, postBytes } from "../frame/api.js";
import { saveFile, setUpDrop } from "../parts/files.js";
import { make } from "../frame/make.js";
import { networkName } from "../frame/names.js";
import { attempt, notice } from "../frame/notice.js";

const $ = (id) => document.getElementById(id);
let formats = []; // of files that can be taken home and brought

/** Build the tab. */
export async function mount(section, context) {
  formats = context.options.formats;
  const endings = formats.map((format) => `.${format}`);
  $("models-file").accept = endings.join(",");
  $("models-endings").textContent = endings.join(" or ");
  $("models-download").addEventListener("click", () => download("safetensors"));
  $("models-download-onnx").addEventListener("click", () => download("onnx"));
  $("models-download-onnx").hidden = !formats.includes("onnx");
  $("models-choose").addEventListener("click", () => $("models-file").click());
  $("models-file").addEventListener("change", () => {
    load($("models-file").files[0]);
    $("models-file").value = ""; // the same file can be chosen again
  });
  setUpDrop($("models-drop"), load);
}

async function download(format) {
  await attempt(async () => {
    const { blob, name } = await getFile(`/api/model?network=trained&format=${format}`);
    saveFile(blob, name);
    $("models-downloaded").textContent = `${name}, ${(blob.size / 1000).toFixed(0)} kB.`;
  });
}

async function load(file) {
  if (!file) {
    return;
  }
  if (!formats.some((format) => file.name.endsWith(`.${format}`))) {
    notice(`${file.name} is not a ${formats.map((format) => `.${format}`).join(" or ")} file.`);
    return;
  }
  const model = await attempt(() => postBytes("/api/model", file));
  if (!model) {
    return; // what was loaded before stays
  }
  const lines = {
    File: file.name,
    Network: networkName(model.network),
    Numbers: model.n_parameters.toLocaleString("en"),
    Labels: model.labels.join(", "),
  };
  $("models-loaded").replaceChildren(make("dl", {}, ...Object.entries(lines).flatMap(([name, value]) =>
    [make("dt", { text: name }), make("dd", { text: value })])));
  $("models-use").hidden = false;
}
