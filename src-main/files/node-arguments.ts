// What Node is told before the file of a process or a thread of this program.

/** Flags of a child (`execArgv`): no warnings that parts of Node are new, and sources whose types were taken out once (`plain-sources.js`). */
export const nodeArguments: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  new URL('./plain-sources.js', import.meta.url).href,
];
