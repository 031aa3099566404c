/** Whether the server has a newer page than this one. */

import { recall, remember } from "./storage";

const PLACEHOLDER = /^__.*__$/;

/**
 * Reloads when the server serves another page than this one.
 *
 * At most once for each of the server's pages, so that a cache in between that
 * keeps the old page does not make this loop.
 */
export function reloadIfOutdated(serverHash: string): void {
  const own = document.querySelector<HTMLMetaElement>('meta[name="cocalc-plus-ui"]')?.content ?? "";
  if (own === "" || PLACEHOLDER.test(own) || serverHash === "" || own === serverHash) return;
  if (recall("reloadedFor", "session") === serverHash) return;
  remember("reloadedFor", serverHash, "session");
  location.reload();
}
