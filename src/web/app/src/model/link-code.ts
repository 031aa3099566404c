/** The one-time code in a printed URL, and how it gets out of sight. */

/** The query or fragment parameter that carries the code. */
export const CODE_PARAMETER = "auth_token";

/**
 * Splits an address into the code in it and the address without the code.
 *
 * `http://localhost:6060/?a=1&auth_token=Zk3` → `Zk3` and `/?a=1`. The code
 * may stand in the query or in the fragment; the clean address is a path, for
 * `history.replaceState`.
 */
export function takeCode(href: string): { code: string | null; clean: string } {
  const url = new URL(href);
  let code: string | null = null;
  if (url.searchParams.has(CODE_PARAMETER)) {
    code = url.searchParams.get(CODE_PARAMETER);
    url.searchParams.delete(CODE_PARAMETER);
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  if (fragment.has(CODE_PARAMETER)) {
    code = fragment.get(CODE_PARAMETER) || code;
    fragment.delete(CODE_PARAMETER);
    url.hash = fragment.toString();
  }
  return { code: code || null, clean: url.pathname + url.search + url.hash };
}

/** Finds the code in what a person pasted: a whole URL, a part of one, or the code. */
export function codeInText(text: string): string | null {
  const pasted = text.trim();
  const parameter = /(?:^|[?&#])auth_token=([^&#\s]+)/.exec(pasted);
  if (parameter?.[1]) return decodeURIComponent(parameter[1]);
  return /^[\w~.+/=-]{6,}$/.test(pasted) && !pasted.includes("://") ? pasted : null;
}

/** The command that connects to a target again, safe to paste into a shell. */
export function connectCommand(target: string): string {
  if (target === "local") return "cocalc-plus serve";
  const plain = /^[\w@.:%+=,/-]+$/.test(target);
  return `cocalc-plus ssh ${plain ? target : `'${target.replaceAll("'", `'\\''`)}'`}`;
}
