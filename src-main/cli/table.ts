/** A column of a table; figures stand to the right. */
export interface Column<Row> {
  readonly head: string
  readonly isFigure?: boolean
  text(row: Row): string
}

/** Rows as aligned text, two spaces between columns, for a terminal of any width. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map((column) => column.text(row).replaceAll(/\s+/g, ' ')))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  return cells.map((line) => line.map((cell, i) => (columns[i]!.isFigure ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ').trimEnd()).join('\n')
}
