/**
 * Keyboard shortcuts in layers. The topmost layer that knows a key takes it; a modal layer lets nothing through.
 * Names: 'F2', 'Escape', 'Ctrl+Z' (Cmd counts as Ctrl), 'Shift+F4'. No single letters: those are search (WCAG 2.1.4).
 */
export type KeyAction = (event: KeyboardEvent) => boolean | void;
export type KeyMap = Record<string, KeyAction>;

interface Layer {
  keys: KeyMap;
  modal: boolean;
}

const layers: Layer[] = [];

export function keyName(event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const modified = event.ctrlKey || event.metaKey;
  // With Ctrl the place of the key counts, so that Ctrl+Z works on an Arabic or Hindi layout too.
  let name = event.key;
  if (modified) {
    if (/^Key[A-Z]$/.test(event.code)) name = event.code.slice(3);
    else if (/^(Digit|Numpad)\d$/.test(event.code)) name = event.code.slice(-1);
  }
  if (name.length === 1) name = name.toUpperCase();
  return `${modified ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${event.shiftKey && (name.length > 1 || modified) ? 'Shift+' : ''}${name}`;
}

function dispatch(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented) return;
  const name = keyName(event);
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]!;
    const action = layer.keys[name];
    if (action && action(event) !== false) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (layer.modal) return;
  }
}

/** Adds a layer; call what it returns to take it away. Use it in an `$effect`. */
export function pushKeys(keys: KeyMap, modal = false): () => void {
  if (layers.length === 0) addEventListener('keydown', dispatch);
  const layer: Layer = { keys, modal };
  layers.push(layer);
  return () => {
    const at = layers.indexOf(layer);
    if (at >= 0) layers.splice(at, 1);
    if (layers.length === 0) removeEventListener('keydown', dispatch);
  };
}

/** True while a sheet or dialog owns the keyboard. */
export function modalOpen(): boolean {
  return layers.some((layer) => layer.modal);
}

/** Is the person typing into something? */
export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['button', 'checkbox', 'radio', 'range', 'submit', 'color'].includes(target.type);
}
