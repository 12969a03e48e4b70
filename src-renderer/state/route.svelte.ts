// Which view is shown. It stands in the address, so that a reload and the back button do what people expect.
export const views = ['welcome', 'library', 'masks', 'train', 'explore', 'map', 'export', 'settings'] as const;
export type View = (typeof views)[number];

/** What a view is about: `folder`, `run`, `images` … as text. */
export type About = Readonly<Record<string, string>>;

export interface Route {
  readonly view: View;
  readonly about: About;
}
const nothing: About = {};

function parse(hash: string): Route {
  const [name = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const view = views.find((one) => one === name) ?? 'welcome';
  return { view, about: Object.fromEntries(new URLSearchParams(query)) };
}

export class Router {
  /** As it was read last. */
  #hash = location.hash;
  #route = $state.raw<Route>(parse(location.hash));
  /** Apart from what the view is about: that may change without the view being made anew. */
  readonly #view = $derived(this.#route.view);
  #abouts = $state.raw<Readonly<Partial<Record<View, About>>>>({ [this.#route.view]: this.#route.about });

  constructor() {
    addEventListener('hashchange', () => this.#read());
  }

  get view(): View {
    return this.#view;
  }
  get about(): About {
    return this.#route.about;
  }
  /**
   * What a view was asked for last. One that is being left still follows for a moment, when the address is that of the next one already: a
   * `run` in that is not for it.
   */
  aboutOf(view: View): About {
    return this.#abouts[view] ?? nothing;
  }

  #read(): void {
    if (location.hash === this.#hash) return;
    this.#hash = location.hash;
    this.#route = parse(this.#hash);
    this.#abouts = { ...this.#abouts, [this.#route.view]: this.#route.about };
  }

  /** Address of a view, for links. */
  href(view: View, about: Readonly<Record<string, string | number>> = {}): string {
    const query = new URLSearchParams(Object.entries(about).map(([key, value]) => [key, String(value)])).toString();
    return `#/${view}${query && `?${query}`}`;
  }

  go(view: View, about: Readonly<Record<string, string | number>> = {}): void {
    location.hash = this.href(view, about);
    // The browser tells of it only after what it has to do before: what follows is asked for and drawn a turn earlier.
    this.#read();
  }

  /**
   * Another address for the view that is shown, in place of its last: who goes back does not come to what has been done with that. Where
   * another view is shown by now, nothing.
   */
  replace(view: View, about: Readonly<Record<string, string | number>>): void {
    if (view !== this.#route.view) return;
    // With the state that the browser keeps of this place.
    history.replaceState(history.state, '', this.href(view, about));
    this.#read();
  }
}
