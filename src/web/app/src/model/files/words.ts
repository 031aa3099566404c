/** How sizes, times and counts of files read on screen. */

/** `0 B`, `12 kB`, `3.1 MB`, `2.4 GB`: units of 1000. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = count / 1000;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

/** All digits, grouped: `12,345,678`. */
export function grouped(count: number): string {
  return String(Math.floor(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 file`, `3 files`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `14:03` today, `12 Mar` this year, `12 Mar 2024` before; in local time. */
export function moment(ms: number, now: number): string {
  const at = new Date(ms);
  const today = new Date(now);
  const two = (value: number) => String(value).padStart(2, "0");
  if (at.toDateString() === today.toDateString()) return `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = `${at.getDate()} ${MONTHS[at.getMonth()]}`;
  return at.getFullYear() === today.getFullYear() ? day : `${day} ${at.getFullYear()}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `rwxr-xr-x`. */
export function modeText(mode: number): string {
  return [..."rwxrwxrwx"].map((letter, at) => (mode & (1 << (8 - at)) ? letter : "-")).join("");
}
