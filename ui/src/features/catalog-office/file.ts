/** Hands a file to the person: the page makes the link, follows it, and forgets it. */
export function keepFile(bytes: ArrayBuffer, type: string, name: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
