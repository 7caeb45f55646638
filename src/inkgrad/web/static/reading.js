/** What was read in a picture, with the digits that a person has set right: its lines, text and CSV. */

/** The name of a digit of a picture, the same when the picture is read again. */
export const keyOf = (digit) => digit.box.join();

/**
 * The lines and the table of a reading, corrected.
 * @param {object} reading as the server gives it
 * @param {Map<string, string>} right labels by keyOf
 * @returns {{lines: string[], table: string[][]|null}}
 */
export function amended(reading, right) {
  const before = [];
  const lines = [];
  for (const digit of reading.digits) {
    before[digit.line] = (before[digit.line] ?? "") + digit.label;
    lines[digit.line] = (lines[digit.line] ?? "") + (right.get(keyOf(digit)) ?? digit.label);
  }
  const left = before.map((text, line) => ({ text, line })); // lines that no row of the table has taken yet
  const table = reading.table?.map((cells) => {
    const row = cells.join("");
    const at = left.findIndex(({ text }) => row && text?.includes(row));
    if (at < 0) {
      return cells;
    }
    const [{ text, line }] = left.splice(at, 1);
    let place = text.indexOf(row); // a line may have more than its row of the table
    return cells.map((cell) => {
      place += cell.length;
      return lines[line].slice(place - cell.length, place);
    });
  });
  return { lines: lines.filter((line) => line !== undefined), table: table ?? null };
}

/** As CSV: the rows of the table, else one line of digits a row. */
export function csvOf({ lines, table }) {
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return (table ?? lines.map((line) => [line])).map((row) => row.map(quoted).join(",")).join("\r\n");
}
