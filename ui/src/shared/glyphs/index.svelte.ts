/** The drawings, loaded once beside the first screen. Each file in `sets/` exports `GLYPHS`; names are unique over all. */
const files = import.meta.glob<{ GLYPHS: Record<string, string> }>('./sets/*.ts');
let current = $state.raw<{ drawings: Record<string, string> }>({ drawings: {} });
let loading: Promise<void> | null = null;

export function loadGlyphs(): Promise<void> {
  loading ??= Promise.all(Object.values(files).map((load) => load())).then((sets) => {
    current = { drawings: Object.assign({}, ...sets.map((set) => set.GLYPHS)) as Record<string, string> };
  });
  return loading;
}

export function glyph(name: string): string | null {
  return Object.hasOwn(current.drawings, name) ? current.drawings[name]! : null;
}

export function glyphNames(): string[] {
  return Object.keys(current.drawings).sort();
}
