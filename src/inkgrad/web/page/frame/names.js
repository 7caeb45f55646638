/** Names of layers and networks, short enough for the page. */

/**
 * The kind of a layer and its sizes: "Dense(n_in=2, n_out=3, start='he')" is "Dense(2, 3)", "ReLU()" is "ReLU".
 * @param {string} name
 * @returns {string}
 */
export function shortName(name) {
  return name.replace(/(\w+)\(([^()]*)\)/g, (_, kind, settings) => {
    const sizes = [...settings.matchAll(/\b[nc]_(?:in|out)=(\d+)/g)].map((found) => found[1]);
    return sizes.length ? `${kind}(${sizes.join(", ")})` : kind;
  });
}

/**
 * A network as its layers in a row: "Flatten → Dense(784, 100) → ELU".
 * @param {string} name
 * @returns {string}
 */
export function shortNetwork(name) {
  const inner = /^Chain\(layers=\((.*?),?\)\)$/s.exec(name)?.[1];
  return inner ? shortName(inner).replace(/, (?=[A-Z])/g, " → ") : shortName(name);
}
