/**
 * The first rows of a table in text. Fields may stand in quotes, with commas, line breaks and doubled quotes inside; the separator is
 * whichever of comma, semicolon and tab the first line has most of.
 */
export function tableOf(text: string, mostRows: number): string[][] {
  const separator = separatorOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  const endRow = (): void => {
    row.push(field);
    rows.push(row);
    [row, field] = [[], ""];
  };
  for (let at = 0; at < text.length && rows.length < mostRows; at++) {
    const letter = text[at] as string;
    if (isQuoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') field += text[at++];
      else isQuoted = false;
    } else if (letter === '"' && field === "") isQuoted = true;
    else if (letter === separator) {
      row.push(field);
      field = "";
    } else if (letter === "\n") endRow();
    else if (letter !== "\r") field += letter;
  }
  if (rows.length < mostRows && (field !== "" || row.length > 0)) endRow();
  return rows;
}

function separatorOf(text: string): string {
  const line = text.slice(0, text.indexOf("\n") < 0 ? text.length : text.indexOf("\n"));
  const count = (separator: string): number => line.split(separator).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}
