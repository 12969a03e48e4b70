declare module 'heic-decode' {
  interface HeicImage {
    readonly width: number;
    readonly height: number;
    decode(): Promise<{ readonly width: number; readonly height: number; readonly data: Uint8ClampedArray }>;
  }
  /** Whoever asked for them disposes of them, whether they were decoded or not. */
  type HeicImages = readonly HeicImage[] & { dispose(): void };
  const decode: { all(options: { buffer: Uint8Array }): Promise<HeicImages> };
  export default decode;
}
