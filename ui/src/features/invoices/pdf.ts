/** A PDF for a browser to keep. The app's window keeps no files. */
import { get } from '$shared/api';

export async function keepPdf(path: string, query: Record<string, string | number | undefined>, name: string): Promise<void> {
  const bytes = await get<ArrayBuffer>(path, query, { as: 'bytes' });
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/pdf' }));
  Object.assign(document.createElement('a'), { href: address, download: `${name.replaceAll('/', '-')}.pdf` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 30_000);
}
