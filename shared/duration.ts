// How long something takes, as a person says it.

/** "under a second", "42 s", "12 min", "3 h 05 min", "2 d 4 h". */
export function formatDuration(seconds: number): string {
  if (!(seconds >= 1)) return 'under a second';
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Of an estimate, which no more than its first digits are true of: "about 20 s", "about 4 min", "about 25 min", "about 3 h", "about 2 days". */
export function formatRoughly(seconds: number): string {
  if (seconds < 55) return `about ${Math.max(5, 5 * Math.round(seconds / 5))} s`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 55) return `about ${minutes < 10 ? minutes : 5 * Math.round(minutes / 5)} min`;
  const hours = Math.max(1, Math.round(seconds / 3600));
  if (hours < 36) return `about ${hours} h`;
  return `about ${Math.max(2, Math.round(hours / 24))} days`;
}
