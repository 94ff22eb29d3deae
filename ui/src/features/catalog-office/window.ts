/** Which rows of a long list stand in the document. Rows have one height; a few beyond the edge keep scrolling smooth. */
export interface Shown {
  from: number;
  to: number;
}

export function shownRows(count: number, rowHeight: number, scrollTop: number, viewHeight: number, beyond = 8): Shown {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - beyond);
  const to = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + beyond);
  return { from: Math.min(from, Math.max(0, count)), to: Math.max(to, 0) };
}

/** Where to scroll so that a row is in sight; the same place when it is already. */
export function scrollToRow(row: number, rowHeight: number, scrollTop: number, viewHeight: number): number {
  if (row * rowHeight < scrollTop) return row * rowHeight;
  if ((row + 1) * rowHeight > scrollTop + viewHeight) return (row + 1) * rowHeight - viewHeight;
  return scrollTop;
}
