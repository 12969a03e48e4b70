export function missingParts(root: string, platform: string, arch: string): string[];
