/** What was read in a picture, with the characters that a person has set right: its lines, text and CSV. */

/** The name of a character of a picture, the same when the picture is read again. */
export const keyOf = (character) => character.box.join();

/**
 * The lines and the table of a reading, corrected.
 * @param {object} reading as the server gives it
 * @param {Map<string, string>} right labels by keyOf
 * @returns {{lines: string[], table: string[][]|null}}
 */
export function amended(reading, right) {
  const lines = [];
  const table = reading.table?.map((row) => row.map(() => "")) ?? null;
  for (const character of reading.characters) {
    const { line, gap, cell } = character;
    const label = right.get(keyOf(character)) ?? character.label;
    lines[line] = (lines[line] ?? "") + gap + label;
    if (cell) {
      const [row, column] = cell;
      const before = table[row][column];
      table[row][column] = before === "" ? label : before + gap + label;
    }
  }
  return { lines: lines.filter((line) => line !== undefined), table };
}

/**
 * What else there is to say of a reading: a sentence each.
 * @param {object} reading as the server gives it
 * @param {string[]} lines of it, corrected; what was corrected is no longer the number that the server told
 */
export function notesOf({ text, number, skipped, turned }, lines) {
  const counted = [[skipped.words, "word"], [skipped.blots, "blot"]]
    .filter(([n]) => n > 0)
    .map(([n, noun]) => (n === 1 ? `1 ${noun}` : `${n} ${noun}s`));
  const notes = [];
  if (number !== null && number !== text && lines.join("\n") === text) {
    notes.push(`As a number it is ${number}.`);
  }
  if (turned) {
    notes.push(`It was turned by ${turned}° to read it.`);
  }
  if (counted.length > 0) {
    notes.push(`Left out: ${counted.join(" and ")}.`);
  }
  return notes;
}

/** As CSV: the rows of the table, else one line of writing a row, with its cells. */
export function csvOf({ lines, table }) {
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return (table ?? lines.map((line) => line.split("\t"))).map((row) => row.map(quoted).join(",")).join("\r\n");
}
