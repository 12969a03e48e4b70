// Where a person clears the decoded images: the page's own labels, which messages of the engine quote.

export const clearingLabels = { view: 'Settings', section: 'Storage', button: 'Clear decoded images' } as const;

const { view, section, button } = clearingLabels;

/** Where that is done, as the beginning of a hint. */
export const clearDecodedImages = `${view}, ${section}: “${button}”`;

/** What to do about decoded images that are damaged or gone. */
export const readAgain = `${clearDecodedImages}. They are read again when they are needed (in a terminal: ijepa-studio scan FOLDER --retry).`;
