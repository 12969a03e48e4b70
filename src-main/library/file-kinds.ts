// Which files are worth decoding, by extension: reading every file's first bytes would cost more than the whole walk.

const readable = new Set(['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'avif', 'gif', 'tif', 'tiff', 'svg', 'heic', 'heif']);

interface UnsupportedFamily {
  readonly name: string;
  readonly extensions: string;
  readonly advice: string;
}

const unsupportedFamilies: readonly UnsupportedFamily[] = [
  { name: 'JPEG XL', extensions: 'jxl', advice: 'Convert it to JPEG or PNG.' },
  { name: 'JPEG 2000', extensions: 'jp2 j2k j2c jpf jpx jpm', advice: 'Convert it to TIFF or PNG.' },
  {
    name: 'Camera RAW',
    extensions: 'raw dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef ptx srw x3f 3fr fff iiq erf kdc dcr mrw rwl mef mos',
    advice: 'Export it from your RAW program as JPEG or TIFF.',
  },
  { name: 'Photoshop', extensions: 'psd psb', advice: 'Export it as PNG or TIFF.' },
  { name: 'GIMP', extensions: 'xcf', advice: 'Export it as PNG or TIFF.' },
  { name: 'Windows bitmap and icon', extensions: 'bmp dib ico cur', advice: 'Convert it to PNG.' },
  { name: 'Netpbm', extensions: 'ppm pgm pbm pnm pam pfm', advice: 'Convert it to PNG.' },
  { name: 'Targa and DirectDraw', extensions: 'tga dds', advice: 'Convert it to PNG.' },
  { name: 'High dynamic range', extensions: 'exr hdr', advice: 'Convert it to 16-bit TIFF.' },
  { name: 'Medical', extensions: 'dcm dicom nii', advice: 'Export it as 16-bit TIFF or PNG.' },
  { name: 'Astronomical', extensions: 'fits fts', advice: 'Export it as 16-bit TIFF.' },
  {
    name: 'Microscope',
    extensions: 'czi lif nd2 oib oif lsm svs ndpi mrxs scn vsi',
    advice: 'Export it as 16-bit TIFF.',
  },
];

const unsupported = new Map(
  unsupportedFamilies.flatMap((family) =>
    family.extensions
      .split(' ')
      .map((extension) => [extension, `${family.name} files (.${extension}) cannot be read. ${family.advice}`] as const),
  ),
);

export type FileKind = { readonly kind: 'image' } | { readonly kind: 'unsupported'; readonly message: string } | { readonly kind: 'other' };

const image: FileKind = { kind: 'image' };
const other: FileKind = { kind: 'other' };

/** What a file name promises, by its extension in any case of letters. */
export function kindOf(name: string): FileKind {
  const dot = name.lastIndexOf('.');
  if (dot < 1) return other;
  const extension = name.slice(dot + 1).toLowerCase();
  if (readable.has(extension)) return image;
  const message = unsupported.get(extension);
  return message === undefined ? other : { kind: 'unsupported', message };
}

const systemNames = new Set([
  '__macosx',
  '@eadir',
  '#recycle',
  '$recycle.bin',
  'system volume information',
  'lost+found',
  'thumbs.db',
  'desktop.ini',
]);

/** True for what operating systems, file servers and version control leave behind: `.git`, `._photo.jpg`, `__MACOSX`, … */
export const isHidden = (name: string): boolean => name.startsWith('.') || systemNames.has(name.toLowerCase());
