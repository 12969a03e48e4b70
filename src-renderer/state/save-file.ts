// A file that the page itself hands to the person: the browser's download, and the window's.

export function saveFile(name: string, bytes: Uint8Array, type: string): void {
  // A copy of its own: a Blob takes no shared memory.
  const address = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun by the next turn at the latest.
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
