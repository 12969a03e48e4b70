// The program's version, written into everything that it makes. A test holds it equal to package.json's.
export const programVersion = '0.1.0';
