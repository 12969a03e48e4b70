// For the doctor's report.
import sharp from 'sharp';

/** Versions of the image library and of libvips beneath it. */
export const imageLibraryVersion = (): string => `${sharp.versions.sharp} (libvips ${sharp.versions.vips})`;
