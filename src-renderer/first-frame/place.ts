// Stands in the page itself, behind its first frame: marks the view that the address names, as a page that is loaded again has one.
const [address] = location.hash.split('?');
const entries = [...document.querySelectorAll('nav a')];
const entry = entries.find((link) => link.getAttribute('href') === address);
if (entry) {
  for (const link of entries) link.removeAttribute('aria-current');
  entry.setAttribute('aria-current', 'page');
}

export {};
