/** Bytes of the core as a file of the browser. */
export function saveFile(bytes: ArrayBuffer, type: string, name: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 30_000);
}
