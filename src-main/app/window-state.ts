// The window's place and size, from one start to the next.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  /** None: wherever the system puts it. */
  readonly area: Area | undefined;
  readonly maximized: boolean;
}

export const smallest = { width: 600, height: 400 } as const;
export const usual = { width: 1280, height: 840 } as const;
const noState: WindowState = { area: undefined, maximized: false };

function isArea(value: unknown): value is Area {
  if (typeof value !== 'object' || value === null) return false;
  const area = value as Record<string, unknown>;
  return ['x', 'y', 'width', 'height'].every((key) => Number.isInteger(area[key]));
}

/** The state of a file; a file that is not there or is damaged has none. */
export function readWindowState(file: string): WindowState {
  try {
    const { area, maximized } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return { area: isArea(area) ? area : undefined, maximized: maximized === true };
  } catch {
    return noState;
  }
}

/** Replaces the file in one move; a place that cannot be written only loses the state. */
export function writeWindowState(file: string, state: WindowState): void {
  try {
    const aside = `${file}.${process.pid}.part`;
    writeFileSync(aside, JSON.stringify(state));
    renameSync(aside, file);
  } catch {
    // The next window opens in its usual place.
  }
}

/** Where the window fits now: a screen may have been unplugged, or be smaller than it was. Enough of the title must be on a screen to grab it. */
export function fitState(state: WindowState, screens: readonly Area[]): WindowState {
  const { area } = state;
  if (!area) return state;
  const grabbed = (screen: Area): boolean => {
    const across = Math.min(area.x + area.width, screen.x + screen.width) - Math.max(area.x, screen.x);
    return across >= 100 && area.y >= screen.y - 10 && area.y <= screen.y + screen.height - 50;
  };
  const screen = screens.find(grabbed);
  if (!screen) return { ...state, area: undefined };
  const width = Math.min(Math.max(area.width, smallest.width), screen.width);
  const height = Math.min(Math.max(area.height, smallest.height), screen.height);
  return { ...state, area: { ...area, width, height } };
}
