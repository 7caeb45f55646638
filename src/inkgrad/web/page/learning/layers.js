/** The hidden layers of a network as a list to edit: kind, size and activation of each, add and remove. */
import { make } from "../frame/make.js";

function optionsOf(words, chosen) {
  return words.map((word) => make("option", { value: word, text: word, selected: word === chosen }));
}

/**
 * Make the list.
 * @param {object} about id, activations, `convolutions` (whether there may be any), most (layers)
 * @param {(layers: object[]) => void} onLayers called with the new list
 * @returns {{element: HTMLElement, show: (layers: object[], inputs: string, outputs: string) => void}}
 */
export function makeLayers({ id, activations, convolutions, most }, onLayers) {
  const list = make("ol", { class: "stack" });
  const buttons = make("div", { class: "row" });
  const element = make("fieldset", {}, make("legend", { text: "Hidden layers" }), list, buttons);
  let layers = [];
  let shownAs = "";

  function change(next, focus) {
    layers = next;
    onLayers(layers);
    redraw();
    element.querySelector(focus)?.focus();
  }

  function edit(index, name, value) {
    change(layers.map((layer, i) => (i === index ? { ...layer, [name]: value } : layer)),
      `#${id}-${name}-${index}`);
  }

  function row(layer, index) {
    const where = `hidden layer ${index + 1}`;
    const kind = layer.kind === "conv" ? "Conv" : "Dense";
    const size = make("input", {
      type: "number", id: `${id}-size-${index}`, min: 1, step: 1, value: layer.size, inputmode: "numeric",
      "aria-label": `${layer.kind === "conv" ? "Channels" : "Units"} of ${where}`,
    });
    size.addEventListener("change", () => {
      if (Number(size.value) >= 1) {
        edit(index, "size", Number(size.value));
      }
    });
    const activation = make("select", { id: `${id}-activation-${index}`, "aria-label": `Activation of ${where}` },
      ...optionsOf(activations, layer.activation));
    activation.addEventListener("change", () => edit(index, "activation", activation.value));
    const remove = make("button", {
      type: "button", class: "quiet small", "aria-label": `Remove ${where}`, text: "×",
      onclick: () => change(layers.filter((_, i) => i !== index), `#${id}-add-dense`),
    });
    return make("li", {}, make("span", { class: "kind", text: kind }), size, activation, remove);
  }

  function add(kind) {
    const alike = layers.filter((layer) => layer.kind === kind).at(-1);
    const fresh = alike ?? { kind, size: kind === "conv" ? 16 : 8, activation: layers.at(-1)?.activation ?? "ReLU" };
    const at = kind === "conv" ? layers.filter((layer) => layer.kind === "conv").length : layers.length;
    change([...layers.slice(0, at), { ...fresh }, ...layers.slice(at)], `#${id}-size-${at}`);
  }

  function redraw() {
    list.replaceChildren(...layers.map(row));
    list.hidden = layers.length === 0;
    for (const button of buttons.children) {
      button.disabled = layers.length >= most;
    }
  }

  const adder = (kind, text) => make("button", {
    type: "button", id: `${id}-add-${kind}`, class: "small", text, onclick: () => add(kind),
  });
  if (convolutions) {
    buttons.append(adder("conv", "+ Convolution"));
  }
  buttons.append(adder("dense", convolutions ? "+ Dense" : "+ Layer"));

  return {
    element,
    show(next) {
      const text = JSON.stringify(next);
      if (text !== shownAs || text !== JSON.stringify(layers)) {
        shownAs = text;
        const focus = element.contains(document.activeElement) ? document.activeElement.id : null;
        layers = next;
        redraw();
        if (focus) {
          document.getElementById(focus)?.focus();
        }
      }
    },
  };
}
